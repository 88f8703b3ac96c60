package admin

import (
	"net/http"

	"github.com/pointsman/pointsman/proxy/routing"
)

// routesView is what the table makes of the catalogue, and what it refused.
type routesView struct {
	Table         uint64              `json:"table"`
	Count         int                 `json:"count"`
	Routes        []routing.RouteView `json:"routes"`
	RejectCount   int                 `json:"reject_count"`
	Rejects       []routing.Reject    `json:"rejects"`
	ConflictCount int                 `json:"conflict_count"`
	Conflicts     []routing.Conflict  `json:"conflicts"`
}

func (o Options) routes(w http.ResponseWriter, r *http.Request) {
	p, err := pageOf(r)
	if err != nil {
		plain(w, http.StatusBadRequest, err.Error())
		return
	}
	view := routesView{Routes: []routing.RouteView{}, Rejects: []routing.Reject{}, Conflicts: []routing.Conflict{}}
	if t := o.Table(); t != nil {
		all, refused := t.Routes(), t.Rejects()
		view.Table, view.Count, view.RejectCount = t.Number, len(all), len(refused)
		from, to := p.cut(len(all))
		for _, x := range all[from:to] {
			view.Routes = append(view.Routes, boundRoute(x))
		}
		from, to = p.cut(len(refused))
		for _, x := range refused[from:to] {
			x.Service = clip(x.Service)
			view.Rejects = append(view.Rejects, x)
		}
		conflicts := t.Conflicts()
		view.ConflictCount = len(conflicts)
		from, to = p.cut(len(conflicts))
		view.Conflicts = append(view.Conflicts, conflicts[from:to]...)
	}
	answer(w, view)
}

func boundRoute(v routing.RouteView) routing.RouteView {
	v.Host, v.Path = clip(v.Host), clip(v.Path)
	v.Targets = v.Targets[:min(len(v.Targets), defaultLimit)]
	for n := range v.Targets {
		g := &v.Targets[n] // the view is ours: it was made for this answer
		g.Service, g.ID = clip(g.Service), clip(g.ID)
	}
	return v
}
