package admin

import (
	"net/http"

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
	Conflicts     []conflictView `json:"conflicts"`
}

// routeView is a route. Host is "" for any host; Default marks the default service's route.
type routeView struct {
	Service   string       `json:"service"`
	Host      string       `json:"host"`
	Path      string       `json:"path"`
	Match     []string     `json:"match,omitempty"` // what else has to hold, and the priority
	Dialect   string       `json:"dialect"`
	Default   bool         `json:"default,omitempty"`
	Instances []memberView `json:"instances"`
	Sets      []setView    `json:"sets,omitempty"`
}

// setView are the instances of another service that serve a route: with Fallback where those before them can't, else in an error's place.
type setView struct {
	Service   string `json:"service"`
	Fallback  bool   `json:"fallback"`
	Instances int    `json:"instances"`
	Usable    int    `json:"usable"`
}

// memberView is one instance in one route; Service and ID are "" where a line of the routes file names its address. Share is its part of the traffic while all are usable, from 0 to 1.
type memberView struct {
	Service string   `json:"service"`
	ID      string   `json:"id"`
	Address string   `json:"address"`
	Share   float64  `json:"share"`
	Usable  bool     `json:"usable"`
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
	Verdict  string `json:"verdict"` // refused, ignored, partly (in effect but for an option)
	Reason   string `json:"reason"`
}

// conflictView is a route on a host that another service, the holder, asked for first.
type conflictView struct {
	Service string `json:"service"`
	Holder  string `json:"holder"`
	Route   string `json:"route"`
	Reason  string `json:"reason"`
}

func (o Options) routes(w http.ResponseWriter, r *http.Request) {
	p, err := pageOf(r)
	if err != nil {
		plain(w, http.StatusBadRequest, err.Error())
		return
	}
	answer(w, viewRoutes(o.Table(), p))
}

// viewRoutes is a page of a table's routes, and the same page of what it refused. t may be nil.
func viewRoutes(t *routing.Table, p page) routesView {
	all, refused, conflicts := t.Routes(), t.Verdicts(), t.Conflicts()
	view := routesView{
		Count: len(all), UsedCount: t.Used(), RejectCount: len(refused), ConflictCount: len(conflicts),
		Routes: []routeView{}, Rejects: []rejectView{}, Conflicts: []conflictView{},
	}
	if t != nil {
		view.Table = t.Number
	}
	for _, x := range cut(all, p) {
		view.Routes = append(view.Routes, viewRoute(x))
	}
	view.Rejects = append(view.Rejects, viewRejects(cut(refused, p))...)
	for _, x := range cut(conflicts, p) {
		view.Conflicts = append(view.Conflicts, conflictView{x.Service, x.Holder, x.Rule, x.Text()})
	}
	return view
}

func viewRoute(r *routing.Route) routeView {
	total := 0
	for i := range r.Members {
		total += r.Members[i].Weight
	}
	shown := r.Members[:min(len(r.Members), defaultLimit)]
	v := routeView{
		Service: r.Name, Host: clip(r.Host), Path: clip(r.Path), Match: r.Rules[0].MatchWords(), Dialect: r.Language, Default: r.Default,
		Instances: make([]memberView, 0, len(shown)),
	}
	for i := range shown {
		m := &shown[i]
		one := memberView{
			Address: m.Upstream.Address(), Share: float64(m.Weight) / float64(max(1, total)), Usable: m.Way.Usable(), Options: m.Rule.Shown()[len(m.Rule.MatchWords()):],
		}
		if is, failing, why := m.Way.Checked(); is {
			if one.Check = "passing"; failing {
				one.Check = "failing"
			}
			one.CheckOutput = clip(why)
		}
		if m.Instance != nil {
			one.Service, one.ID = clip(m.Instance.Service), clip(m.Instance.ID)
		}
		v.Instances = append(v.Instances, one)
	}
	for i := range r.Sets {
		s := &r.Sets[i]
		one := setView{Service: clip(s.Service), Fallback: i < r.Fallbacks, Instances: len(s.Members)}
		for j := range s.Members {
			if s.Members[j].Way.Usable() {
				one.Usable++
			}
		}
		v.Sets = append(v.Sets, one)
	}
	return v
}

func viewRejects(list []routing.Verdict) []rejectView {
	out := make([]rejectView, 0, len(list))
	for _, x := range list {
		out = append(out, rejectView{Service: clip(x.Service), Instance: x.Instance, Tag: x.Tags(), Verdict: x.Kind.String(), Reason: x.Text()})
	}
	return out
}
