package admin

import (
	"net/http"
	"slices"
	"time"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/history"
	"github.com/pointsman/pointsman/proxy/routing"
)

// explainView is where a request would go, and why no other route takes it. Route is null where nothing claims the request.
type explainView struct {
	Table     uint64          `json:"table"`
	Published time.Time       `json:"published,omitzero"` // when requests began to use the table
	Present   bool            `json:"present"`            // it is the one that they use
	Request   string          `json:"request"`
	Route     *routeView      `json:"route"`
	Closed    bool            `json:"closed,omitempty"`  // it lets nobody in
	Refused   []string        `json:"refused,omitempty"` // why, where a line of the route says
	Policy    *policyView     `json:"policy,omitempty"`
	Reply     *replyView      `json:"reply,omitempty"` // the proxy's own answer, where it asks no instance
	Sent      *sentView       `json:"sent,omitempty"`  // what the instance would get
	Next      *nextView       `json:"next,omitempty"`  // where the next ones would go; of the present table
	Zone      string          `json:"zone,omitempty"`  // the own zone, where one is preferred
	Instances []explainedView `json:"instances"`       // of the services that ask for it, those that get no requests too
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

// explain answers /api/explain?url=...&method=...&header=Name: value&client=...&listener=...&at=..., as text where text=1 asks for it.
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
	var view explainView
	gone := o.documents.turn(r.Context(), func() { // it may walk ten thousand routes, or make a table anew
		if at := in.Get("at"); at != "" {
			if t, err = o.at(at); err != nil {
				return
			}
		}
		view = viewExplanation(t, q, t.Number == o.Table().Number)
	})
	switch {
	case gone != nil:
		return
	case err != nil:
		problemOf(err).answer(w)
		return
	}
	if in.Get("text") != "" {
		plain(w, http.StatusOK, view.text())
		return
	}
	answer(w, r, view)
}

// at is the table of a moment.
func (o *Options) at(text string) (*routing.Table, error) {
	if o.History == nil {
		return nil, problem{Status: http.StatusNotFound, Detail: "no earlier tables are kept"}
	}
	moment, err := history.ParseMoment(text, time.Now())
	if err != nil {
		return nil, problem{Status: http.StatusBadRequest, Detail: "at: " + err.Error()}
	}
	t, err := o.History.At(moment)
	if err != nil {
		return nil, problem{Status: http.StatusNotFound, Detail: err.Error()}
	}
	return t, nil
}

// viewExplanation is where a request goes by a table. One that is not the present one says nothing of how instances do: they may have gone.
func viewExplanation(t *routing.Table, q routing.Query, present bool) explainView {
	e := t.Explain(q)
	scheme := "http://"
	if q.TLS {
		scheme = "https://"
	}
	view := explainView{Table: t.Number, Published: t.Published, Present: present, Request: clip(q.Request.Method + " " + scheme + q.Authority + q.Path + q.Search),
		Zone: clip(t.Zone()), Instances: []explainedView{}, Others: []otherView{}, More: e.More}
	for _, x := range e.Others {
		one := otherView{Service: x.Service, Route: x.Text, Reason: x.Reason}
		if x.Route != nil {
			one.Match = x.Route.Rules[0].MatchWords()
		}
		view.Others = append(view.Others, one)
	}
	view.foresee(t, q, present)
	if e.Route == nil {
		return view
	}
	standing, load := detailStanding, detailLoad
	if !present {
		standing, load = detailState, detailState
	}
	view.Policy = viewPolicy(e.Route)
	route := viewRoute(t.ID(e.Route), e.Route, standing)
	view.Route, view.Closed = &route, e.Route.Closed
	if view.Closed {
		view.Refused = refusals(t, e.Route)
	}
	members := map[string]memberView{}
	for _, m := range route.Instances {
		members[m.Service+" "+m.ID+" "+m.Address] = m
	}
	for _, x := range e.Instances[:min(len(e.Instances), defaultLimit)] {
		one := explainedView{Service: clip(x.Service), instanceView: viewInstance(x, load)}
		if x.Upstream != nil {
			m, in := members[one.Service+" "+one.ID+" "+x.Upstream.Address()]
			one.Share, one.Check, one.Backup, one.InRoute = m.Share, m.Check, slices.Contains(m.Options, "backup"), in
		}
		view.Instances = append(view.Instances, one)
	}
	return view
}

// mostRefusals is how many of them a person reads of one route.
const mostRefusals = 5

// refusals are why lines of a route are refused.
func refusals(t *routing.Table, r *routing.Route) (out []string) {
	for _, v := range t.Verdicts() {
		ours := slices.ContainsFunc(r.Rules, func(rule *dialect.Rule) bool { return rule.Name == v.Rule })
		if text := clip(v.Text()); v.Kind == dialect.VerdictRefused && ours && len(out) < mostRefusals && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}
