package admin

import (
	"math"
	"net/http"
	"time"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/routing"
)

// routesView is what the table makes of the catalogue, and what it refused.
type routesView struct {
	Table         uint64         `json:"table"`
	Count         int            `json:"count"`
	Routes        []routeView    `json:"routes"`
	UsedCount     int            `json:"used_count"` // rules in effect as they were written, for each instance that asks by them
	RejectCount   int            `json:"reject_count"`
	Rejects       []rejectView   `json:"rejects"`
	ConflictCount int            `json:"conflict_count"`
	SharedCount   int            `json:"shared_count"` // conflicts of routes that are served as they were written
	Conflicts     []conflictView `json:"conflicts"`
	Pinned        []PinView      `json:"pinned"` // all services that are
}

// routeView is a route. ID is the same as long as the process runs. Host is "" for any host; Default marks the default service's route.
type routeView struct {
	ID        string       `json:"id"`
	Service   string       `json:"service"`
	Host      string       `json:"host"`
	Path      string       `json:"path"`
	Match     []string     `json:"match,omitempty"` // what else has to hold, and the priority
	Dialect   string       `json:"dialect"`
	Default   bool         `json:"default,omitempty"`
	Instances []memberView `json:"instances"`
	Pinned    []PinView    `json:"pinned,omitempty"` // services that ask for it by lines of an earlier table
	Sets      []setView    `json:"sets,omitempty"`
	// HomeShare is the part of the requests, from 0 to 1, that stay in the own zone at present; null where there is no choice between zones.
	HomeShare *float64 `json:"home_share,omitempty"`
}

// setView are the instances of another service that serve a route: with Fallback where those before them can't, else in an error's place.
type setView struct {
	Service   string `json:"service"`
	Fallback  bool   `json:"fallback"`
	Instances int    `json:"instances"`
	Usable    *int   `json:"usable,omitempty"` // as in memberView
}

// memberView is one instance in one route; Service and ID are "" where a line of the routes file names its address. Share is its part of the
// traffic while all are usable, from 0 to 1. Usable, absent from what tells the table's state alone, says that the instance is not ejected.
type memberView struct {
	Service string   `json:"service"`
	ID      string   `json:"id"`
	Address string   `json:"address"`
	Share   float64  `json:"share"`
	Usable  *bool    `json:"usable,omitempty"`
	Options []string `json:"options,omitempty"`
	// Check is what the instance's health-check says, "passing" or "failing"; "" where there is none. CheckOutput is why the last one failed.
	Check       string `json:"check,omitempty"`
	CheckOutput string `json:"check_output,omitempty"`
}

// rejectView is what was refused, or is not in effect. Tag is "" when the instance itself was refused.
type rejectView struct {
	Service  string `json:"service"`
	Instance string `json:"instance"`
	Tag      string `json:"tag,omitempty"`
	Language string `json:"language,omitempty"`
	Verdict  string `json:"verdict"` // refused, ignored, partly (in effect but for an option)
	Reason   string `json:"reason"`
}

// conflictView is a route on a host that another service, the holder, asked for first.
type conflictView struct {
	Service string `json:"service"`
	Holder  string `json:"holder"`
	Route   string `json:"route"`
	Verdict string `json:"verdict"` // used (it is a route of its own), partly (it is the same route) or refused
	Reason  string `json:"reason"`
}

func (o *Options) routes(w http.ResponseWriter, r *http.Request) {
	o.page(w, r, "", func(t *routing.Table) (any, error) {
		p, err := pageOf(r)
		return viewRoutes(t, p), err
	})
}

// viewRoutes is a page of a table's routes, and the same page of what it refused. t may be nil.
func viewRoutes(t *routing.Table, p page) routesView {
	all, refused, conflicts := t.Routes(), t.Verdicts(), t.Conflicts()
	view := routesView{
		Count: len(all), UsedCount: t.Used(), RejectCount: len(refused), ConflictCount: len(conflicts),
		Routes: []routeView{}, Rejects: []rejectView{}, Conflicts: []conflictView{},
		Pinned: append([]PinView{}, viewPins(t.Pins())...),
	}
	if t != nil {
		view.Table = t.Number
	}
	for _, x := range cut(all, p) {
		view.Routes = append(view.Routes, viewRoute(t.ID(x), x, detailStanding))
	}
	view.Rejects = append(view.Rejects, viewRejects(cut(refused, p))...)
	for i := range conflicts {
		if conflicts[i].Kind == dialect.VerdictUsed {
			view.SharedCount++
		}
	}
	for _, x := range cut(conflicts, p) {
		view.Conflicts = append(view.Conflicts, conflictView{x.Service, x.Holder, x.Rule, x.Kind.String(), x.Text()})
	}
	return view
}

func viewRoute(id string, r *routing.Route, d detail) routeView {
	home, chooses := r.HomeShare(time.Now())
	total := 0
	for i := range r.Members {
		if m := &r.Members[i]; !chooses || !m.Away {
			total += m.Weight
		}
	}
	shown := r.Members[:min(len(r.Members), defaultLimit)]
	v := routeView{
		ID: id, Service: r.Name, Host: clip(r.Host), Path: clip(r.Path), Match: r.Rules[0].MatchWords(), Dialect: r.Language, Default: r.Default,
		Instances: make([]memberView, 0, len(shown)), Pinned: viewPins(r.Pins()),
	}
	if chooses && d >= detailStanding {
		home = math.Round(100*home) / 100 // a change for each percent is enough
		v.HomeShare = &home
	}
	for i := range shown {
		v.Instances = append(v.Instances, viewMember(&shown[i], total, chooses, d))
	}
	for i := range r.Sets {
		v.Sets = append(v.Sets, viewSet(&r.Sets[i], i < r.Fallbacks, d))
	}
	return v
}

// viewMember is a member of a route whose weights are total: of those at home, where it chooses between zones.
func viewMember(m *routing.Member, total int, chooses bool, d detail) memberView {
	v := memberView{Address: m.Upstream.Address(), Options: m.Rule.Shown()[len(m.Rule.MatchWords()):]}
	if !chooses || !m.Away {
		v.Share = float64(m.Weight) / float64(max(1, total))
	}
	if m.Instance != nil {
		v.Service, v.ID = clip(m.Instance.Service), clip(m.Instance.ID)
	}
	if d < detailStanding {
		return v
	}
	usable := m.Way.Usable()
	v.Usable = &usable
	if is, failing, why := m.Way.Checked(); is {
		if v.Check = "passing"; failing {
			v.Check = "failing"
		}
		v.CheckOutput = clip(why)
	}
	return v
}

func viewSet(s *routing.Set, fallback bool, d detail) setView {
	v := setView{Service: clip(s.Service), Fallback: fallback, Instances: len(s.Members)}
	if d < detailStanding {
		return v
	}
	usable := 0
	for j := range s.Members {
		if s.Members[j].Way.Usable() {
			usable++
		}
	}
	v.Usable = &usable
	return v
}

func viewRejects(list []routing.Verdict) []rejectView {
	out := make([]rejectView, 0, len(list))
	for _, x := range list {
		out = append(out, rejectView{Service: clip(x.Service), Instance: x.Instance, Tag: x.Tags(), Language: x.Language, Verdict: x.Kind.String(), Reason: x.Text()})
	}
	return out
}
