package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/pointsman/pointsman/proxy/routing"
)

// The bounds of an answer. What comes from labels may be megabytes; people read the first lines, and programs ask for
// the next page with ?offset=.
const (
	defaultLimit = 1000
	largestLimit = 10000
	maxText      = 256
)

// page is which part of a list is asked for.
type page struct{ offset, limit int }

func pageOf(r *http.Request) (page, error) {
	p := page{limit: defaultLimit}
	for _, x := range []struct {
		name string
		max  int
		into *int
	}{{"offset", 1 << 30, &p.offset}, {"limit", largestLimit, &p.limit}} {
		text := r.URL.Query().Get(x.name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > x.max {
			return p, fmt.Errorf("%s: want a number from 0 to %d", x.name, x.max)
		}
		*x.into = n
	}
	return p, nil
}

// cut gives the bounds of the page in a list of n.
func (p page) cut(n int) (from, to int) {
	from = min(p.offset, n)
	return from, min(from+p.limit, n)
}

// clip bounds a foreign text and makes it valid UTF-8; the JSON encoder escapes the rest.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	end := maxText
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "..."
}

// servicesView is what the catalogue says and how each instance does. Meta is left out: it holds what people put into
// variables.
type servicesView struct {
	Sequence uint64        `json:"sequence"`
	Stale    bool          `json:"stale"`
	Cause    string        `json:"cause,omitempty"`
	Taken    time.Time     `json:"taken,omitzero"`
	Count    int           `json:"count"`
	Services []serviceView `json:"services"`
}

type serviceView struct {
	routing.ServiceView
	AgeSeconds *float64 `json:"age_seconds,omitempty"`
	Count      int      `json:"count"`
}

func (o Options) services(w http.ResponseWriter, r *http.Request) {
	p, err := pageOf(r)
	if err != nil {
		plain(w, http.StatusBadRequest, err.Error())
		return
	}
	view := servicesView{Services: []serviceView{}}
	var ages map[string]time.Duration
	if o.Ages != nil {
		ages = o.Ages()
	}
	if t := o.Table(); t != nil {
		all := t.Services()
		view.Sequence, view.Stale, view.Cause, view.Taken, view.Count = t.Sequence, t.Stale, clip(t.Cause.String()), t.Taken, len(all)
		from, to := p.cut(len(all))
		for _, s := range all[from:to] {
			view.Services = append(view.Services, bound(s, ages))
		}
	}
	answer(w, view)
}

// bound shortens the texts that come from elsewhere, and the list of instances; Count tells how many there are.
func bound(s routing.ServiceView, ages map[string]time.Duration) serviceView {
	v := serviceView{ServiceView: s, Count: len(s.Instances)}
	if age, ok := ages[s.Name]; ok {
		seconds := age.Seconds()
		v.AgeSeconds = &seconds
	}
	v.Name = clip(s.Name)
	v.Instances = s.Instances[:min(len(s.Instances), defaultLimit)]
	for n := range v.Instances {
		i := &v.Instances[n] // the view is ours: it was made for this answer
		i.ID, i.Node, i.Address, i.Kind = clip(i.ID), clip(i.Node), clip(i.Address), clip(i.Kind)
	}
	return v
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // the client may be gone
}
