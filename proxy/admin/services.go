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

// cut is the part of a list that is on the page.
func cut[T any](list []T, p page) []T {
	list = list[min(p.offset, len(list)):]
	return list[:min(p.limit, len(list))]
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

// servicesView is what the catalogue says and how each instance does. Meta is not shown: it holds what people put into
// variables.
type servicesView struct {
	Sequence uint64        `json:"sequence"`
	Stale    bool          `json:"stale"`
	Cause    string        `json:"cause,omitempty"`
	Taken    time.Time     `json:"taken,omitzero"`
	Count    int           `json:"count"`
	Services []serviceView `json:"services"`
}

// serviceView is a service with all its instances, usable or not. Routes is how many routes it asks for; Count is how many instances
// there are, of which the first thousand are shown.
type serviceView struct {
	Name       string         `json:"name"`
	Routes     int            `json:"routes"`
	Gone       bool           `json:"gone,omitempty"` // its last instance has left the catalogue
	Instances  []instanceView `json:"instances"`
	Rejects    []rejectView   `json:"rejects,omitempty"`
	AgeSeconds *float64       `json:"age_seconds,omitempty"` // since the catalogue last answered for it
	Count      int            `json:"count"`
}

// instanceView is an instance, and how it does where it may take requests. Ejected is the proxy's own judgement, Status the catalogue's.
type instanceView struct {
	ID           string        `json:"id"`
	Node         string        `json:"node"`
	Address      string        `json:"address"`
	Port         int           `json:"port"`
	Kind         string        `json:"kind,omitempty"` // as in discovery.Instance
	Status       string        `json:"status"`
	Weight       int           `json:"weight"`
	Routable     bool          `json:"routable"`
	Answered     bool          `json:"answered"`
	InFlight     int64         `json:"in_flight"`
	Latency      time.Duration `json:"latency_ns"`
	Ejected      bool          `json:"ejected,omitempty"`
	EjectedUntil time.Time     `json:"ejected_until,omitzero"`
	EjectedFor   string        `json:"ejected_for,omitempty"` // the reason; "" where connections are refused
	Failures     int           `json:"failures,omitempty"`    // in a row
}

func (o Options) services(w http.ResponseWriter, r *http.Request) {
	p, err := pageOf(r)
	if err != nil {
		plain(w, http.StatusBadRequest, err.Error())
		return
	}
	var ages map[string]time.Duration
	if o.Ages != nil {
		ages = o.Ages()
	}
	answer(w, viewServices(o.Table(), ages, p))
}

// viewServices is a page of a table's services. t may be nil.
func viewServices(t *routing.Table, ages map[string]time.Duration, p page) servicesView {
	view := servicesView{Services: []serviceView{}}
	if t == nil {
		return view
	}
	all := t.Services()
	view.Sequence, view.Stale, view.Cause, view.Taken, view.Count = t.Sequence, t.Stale, clip(t.Cause.String()), t.Taken, len(all)
	for _, s := range cut(all, p) {
		v := viewService(s)
		if age, ok := ages[s.Name]; ok {
			seconds := age.Seconds()
			v.AgeSeconds = &seconds
		}
		view.Services = append(view.Services, v)
	}
	return view
}

// viewService shortens the texts that come from elsewhere, and the list of instances.
func viewService(s routing.Service) serviceView {
	shown := s.Instances[:min(len(s.Instances), defaultLimit)]
	v := serviceView{Name: clip(s.Name), Routes: s.Routes, Gone: s.Gone, Rejects: viewRejects(s.Verdicts), Count: len(s.Instances),
		Instances: make([]instanceView, 0, len(shown))}
	for _, x := range shown {
		v.Instances = append(v.Instances, viewInstance(x))
	}
	return v
}

func viewInstance(x routing.Standing) instanceView {
	v := instanceView{ID: clip(x.ID), Node: clip(x.Node), Address: clip(x.Address), Port: x.Port, Kind: clip(x.Kind),
		Status: x.Status.String(), Weight: x.Weight}
	if u := x.Upstream; u != nil {
		v.Routable = x.Usable() && u.Usable()
		v.Answered, v.InFlight, v.Latency = u.Answered(), u.InFlight(), u.Latency()
		until, failures, ejected := u.Ejected()
		v.Failures, v.Ejected = failures, ejected
		if ejected {
			v.EjectedUntil = until
		}
		if reason, until, times, out := u.Out(); out {
			v.Ejected, v.EjectedUntil, v.EjectedFor, v.Failures = true, until, reason.String(), times
		}
	}
	return v
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // the client may be gone
}
