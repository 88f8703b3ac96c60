package admin

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery/outside"
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
			return p, problem{Status: http.StatusBadRequest, Detail: fmt.Sprintf("%s: want a number from 0 to %d", x.name, x.max)}
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

// clip bounds a foreign text; the JSON encoder makes it valid UTF-8 and escapes the rest.
func clip(s string) string { return outside.Clip(s, maxText) }

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
	Gone       bool           `json:"gone,omitempty"`   // its last instance has left the catalogue
	Pinned     *PinView       `json:"pinned,omitempty"` // its routes are held at an earlier table
	Instances  []instanceView `json:"instances"`
	Rejects    []rejectView   `json:"rejects,omitempty"`
	Tags       []tagView      `json:"tags,omitempty"`        // what became of each; where it is asked for
	AgeSeconds *float64       `json:"age_seconds,omitempty"` // since the catalogue last answered for it; where the load is asked for
	Count      int            `json:"count"`
}

// instanceView is an instance of the catalogue. Usable says that it gets requests as far as the catalogue is concerned.
type instanceView struct {
	ID      string `json:"id"`
	Node    string `json:"node"`
	Address string `json:"address"`
	Port    int    `json:"port"`
	Kind    string `json:"kind,omitempty"` // as in discovery.Instance
	Zone    string `json:"zone,omitempty"` // likewise
	Status  string `json:"status"`
	Weight  int    `json:"weight"`
	Usable  bool   `json:"usable"`
	// Draining is until when it gets no new requests, as somebody asked for that.
	Draining time.Time `json:"draining,omitzero"`
	*StandingView
	*LoadView
}

// StandingView is how an instance stands with the proxy. Ejected is the proxy's own judgement.
type StandingView struct {
	Routable     bool      `json:"routable"` // usable, and not ejected
	Answered     bool      `json:"answered"`
	Ejected      bool      `json:"ejected,omitempty"`
	EjectedUntil time.Time `json:"ejected_until,omitzero"`
	EjectedFor   string    `json:"ejected_for,omitempty"` // the reason; "" where connections are refused
	Failures     int       `json:"failures,omitempty"`    // in a row
}

// LoadView is what changes with every request.
type LoadView struct {
	InFlight int64         `json:"in_flight"`
	Latency  time.Duration `json:"latency_ns"`
}

// detail is how much of an instance is shown: each adds to the one before.
type detail int

const (
	detailState    detail = iota // what the table holds, which is frozen
	detailStanding               // what the proxy thinks of it, which changes when something goes wrong
	detailLoad                   // what changes with every request
)

// services answers /api/services; load=1 adds what changes with every request.
func (o *Options) services(w http.ResponseWriter, r *http.Request) {
	o.page(w, r, "", func(t *routing.Table) (any, error) {
		p, err := pageOf(r)
		return viewServices(t, o.ages(r), p, detailOf(r)), err
	})
}

// service answers /api/services/{name}.
func (o *Options) service(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	o.page(w, r, name, func(t *routing.Table) (any, error) {
		s, ok := t.Service(name)
		if !ok {
			return nil, problem{Status: http.StatusNotFound, Detail: "the table has no service of that name"}
		}
		v := viewService(s, detailOf(r))
		v.age(s.Name, o.ages(r))
		if r.URL.Query().Get("tags") != "" {
			v.Tags = viewTags(t.ReadTags(name))
		}
		return v, nil
	})
}

func detailOf(r *http.Request) detail {
	if r.URL.Query().Get("load") != "" {
		return detailLoad
	}
	return detailStanding
}

// ages are those of the last answers, where they are asked for.
func (o *Options) ages(r *http.Request) map[string]time.Duration {
	if o.Ages == nil || detailOf(r) < detailLoad {
		return nil
	}
	return o.Ages()
}

func (v *serviceView) age(name string, ages map[string]time.Duration) {
	if age, ok := ages[name]; ok {
		seconds := age.Seconds()
		v.AgeSeconds = &seconds
	}
}

// viewServices is a page of a table's services. t may be nil.
func viewServices(t *routing.Table, ages map[string]time.Duration, p page, d detail) servicesView {
	view := servicesView{Services: []serviceView{}}
	if t == nil {
		return view
	}
	all := t.Services()
	view.Sequence, view.Stale, view.Cause, view.Taken, view.Count = t.Sequence, t.Stale, clip(t.Cause.String()), t.Taken, len(all)
	for _, s := range cut(all, p) {
		v := viewService(s, d)
		v.age(s.Name, ages)
		view.Services = append(view.Services, v)
	}
	return view
}

// viewService shortens the texts that come from elsewhere, and the list of instances.
func viewService(s routing.Service, d detail) serviceView {
	shown := s.Instances[:min(len(s.Instances), defaultLimit)]
	v := serviceView{Name: clip(s.Name), Routes: s.Routes, Gone: s.Gone, Pinned: viewPin(s.Pin), Rejects: viewRejects(s.Verdicts), Count: len(s.Instances),
		Instances: make([]instanceView, 0, len(shown))}
	for _, x := range shown {
		v.Instances = append(v.Instances, viewInstance(x, d))
	}
	return v
}

func viewInstance(x routing.Standing, d detail) instanceView {
	v := instanceView{ID: clip(x.ID), Node: clip(x.Node), Address: clip(x.Address), Port: x.Port, Kind: clip(x.Kind), Zone: clip(x.Zone),
		Status: x.Status.String(), Weight: x.Weight, Usable: x.Upstream != nil && x.Usable(), Draining: x.Draining}
	if d >= detailStanding {
		v.StandingView = viewStanding(x.Upstream, v.Usable)
	}
	if d >= detailLoad {
		v.LoadView = viewLoad(x.Upstream)
	}
	return v
}

// viewStanding is that of an upstream, nil where the instance takes no requests; usable says whether the catalogue allows it any.
func viewStanding(u *balancer.Upstream, usable bool) *StandingView {
	if u == nil {
		return &StandingView{}
	}
	v := &StandingView{Routable: usable && u.Usable(), Answered: u.Answered()}
	until, failures, ejected := u.Ejected()
	v.Failures, v.Ejected = failures, ejected
	if ejected {
		v.EjectedUntil = until
	}
	if reason, until, times, out := u.Out(); out {
		v.Ejected, v.EjectedUntil, v.EjectedFor, v.Failures = true, until, reason.String(), times
	}
	return v
}

func viewLoad(u *balancer.Upstream) *LoadView {
	if u == nil {
		return &LoadView{}
	}
	return &LoadView{InFlight: u.InFlight(), Latency: u.Latency()}
}
