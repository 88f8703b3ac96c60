package admin

import (
	"net/http"
	"slices"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/routing"
)

// explainView is where a request would go, and why no other route takes it. Route is null where nothing claims the request.
type explainView struct {
	Table     uint64          `json:"table"`
	Request   string          `json:"request"`
	Route     *routeView      `json:"route"`
	Closed    bool            `json:"closed,omitempty"` // it lets nobody in
	Zone      string          `json:"zone,omitempty"`   // the own zone, where one is preferred
	Instances []explainedView `json:"instances"`        // of the services that ask for it, those that get no requests too
	Others    []otherView     `json:"others"`
	More      int             `json:"more,omitempty"` // others that are not listed
}

// explainedView is an instance of a service that asks for the route. InRoute says that it gets requests of the route while it is routable.
type explainedView struct {
	Service string `json:"service"`
	instanceView
	InRoute bool    `json:"in_route"`
	Share   float64 `json:"share,omitempty"`
	Check   string  `json:"check,omitempty"`  // as in memberView
	Backup  bool    `json:"backup,omitempty"` // it serves only where no other can
}

// otherView is a route that does not take the request, and why.
type otherView struct {
	Service string   `json:"service"`
	Route   string   `json:"route"`
	Match   []string `json:"match,omitempty"`
	Reason  string   `json:"reason"`
}

// explain answers /api/explain?url=...&method=...&header=Name: value&client=...&listener=..., as text where text=1 asks for it.
func (o *Options) explain(w http.ResponseWriter, r *http.Request) {
	in := r.URL.Query()
	q, err := proxy.Imagined{URL: in.Get("url"), Method: in.Get("method"), Fields: in["header"], Client: in.Get("client"), Listener: in.Get("listener")}.Query()
	if err != nil {
		problem{Status: http.StatusBadRequest, Detail: err.Error()}.answer(w)
		return
	}
	t := o.Table()
	if t == nil {
		problem{Status: http.StatusServiceUnavailable, Detail: "not ready: no complete view of the catalogue yet"}.answer(w)
		return
	}
	view := viewExplanation(t, q)
	if in.Get("text") != "" {
		plain(w, http.StatusOK, view.text())
		return
	}
	answer(w, r, view)
}

func viewExplanation(t *routing.Table, q routing.Query) explainView {
	e := t.Explain(q)
	scheme := "http://"
	if q.TLS {
		scheme = "https://"
	}
	view := explainView{Table: t.Number, Request: clip(q.Request.Method + " " + scheme + q.Authority + q.Path + q.Search),
		Zone: clip(t.Zone()), Instances: []explainedView{}, Others: []otherView{}, More: e.More}
	for _, x := range e.Others {
		one := otherView{Service: x.Service, Route: x.Text, Reason: x.Reason}
		if x.Route != nil {
			one.Match = x.Route.Rules[0].MatchWords()
		}
		view.Others = append(view.Others, one)
	}
	if e.Route == nil {
		return view
	}
	route := viewRoute(t.ID(e.Route), e.Route, detailStanding)
	view.Route, view.Closed = &route, e.Route.Closed
	members := map[string]memberView{}
	for _, m := range route.Instances {
		members[m.Service+" "+m.ID+" "+m.Address] = m
	}
	for _, x := range e.Instances[:min(len(e.Instances), defaultLimit)] {
		one := explainedView{Service: clip(x.Service), instanceView: viewInstance(x, detailLoad)}
		if x.Upstream != nil {
			m, in := members[one.Service+" "+one.ID+" "+x.Upstream.Address()]
			one.Share, one.Check, one.Backup, one.InRoute = m.Share, m.Check, slices.Contains(m.Options, "backup"), in
		}
		view.Instances = append(view.Instances, one)
	}
	return view
}
