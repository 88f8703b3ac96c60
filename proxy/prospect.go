package proxy

import (
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/filter"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/routing"
)

// Prospect is what a request would meet at its route if it came now, for people. Nothing is sent, counted or picked for it.
type Prospect struct {
	Route *routing.Route
	// Outcome is OutcomeForwarded where an instance is asked, else the proxy's own answer, and Detail what more there is to say of it.
	Outcome Outcome
	Detail  string
	// Service is whose instances are asked where those of the route can't be; "" for the route's own.
	Service string
	// Members are those among which one is chosen, and the Outlook tells which.
	Members []routing.Member
	balancer.Outlook
	// Unknown says what decides, too, and was not told: "client".
	Unknown string
	query   *routing.Query
}

// Foresee tells what a request would meet by a table, and the next n choices; with n 0 it leaves those out, as by a table that is not the present
// one. Limits, passwords and certificates are not asked.
func Foresee(t *routing.Table, q routing.Query, n int) *Prospect {
	p := &Prospect{query: &q}
	if t == nil {
		p.Outcome = OutcomeNotReady
		return p
	}
	route, ok := t.Match(q)
	if !ok {
		p.Outcome = OutcomeNoRoute
		return p
	}
	p.Route = route
	if p.admission(); p.Outcome != OutcomeForwarded {
		return p
	}
	switch r := route.Policy.Respond; {
	case r != nil:
		p.Outcome, p.Detail = OutcomeResponded, strconv.Itoa(r.Status)
	case route.Policy.Files != nil && route.Closed:
		p.Outcome = OutcomeClosedRoute
	case route.Policy.Files != nil:
		p.Outcome, p.Detail = OutcomeResponded, "a file"
	case n > 0:
		p.choose(n)
	case len(route.Members) > 0:
		p.Members = route.Members
	case route.Closed:
		p.Outcome = OutcomeClosedRoute
	case route.Fallbacks == 0:
		p.Outcome = OutcomeNoInstance
	}
	return p
}

// admission holds the request to the lists, preflights and redirects of its route, in the order in which requests meet them.
func (p *Prospect) admission() {
	q, a, f := p.query, p.Route.Policy.Admission, p.Route.Policy.Filters
	if a != nil && a.HTTPS && !q.TLS {
		p.Outcome, p.Detail = OutcomeRedirected, "to HTTPS"
		return
	}
	if a != nil && len(a.Allow)+len(a.Deny) > 0 {
		switch {
		case !q.Client.IsValid():
			p.Unknown = "client"
		case !passes(a, q.Client, true):
			p.Outcome = OutcomeForbidden
			return
		}
	}
	if f != nil && f.CORS != nil && filter.IsPreflight(q.Request.Method, q.Request.Fields) {
		p.Outcome = OutcomePreflight
		return
	}
	if a == nil {
		return
	}
	if to := a.Redirect; to != nil {
		p.Outcome, p.Detail = OutcomeRedirected, strconv.Itoa(to.Code)+" "+to.Location(http1.HostOnly(q.Authority), q.Path, strings.TrimPrefix(q.Search, "?"), to.Strip)
		return
	}
	p.Outcome, p.Detail = refusesPath(a, q.Path)
}

// choose looks for an instance as pick does.
func (p *Prospect) choose(n int) {
	r, q := p.Route, p.query
	b := &r.Policy.Balance
	w := balancer.Want{Settled: !Idempotent(q.Request.Method)}
	if b.Key != 0 {
		if b.Key == dialect.KeyClientIP && !q.Client.IsValid() {
			p.Unknown = "client"
		}
		w.Key = keyOf(b, q.Request.Fields, q.Client, &RequestTarget{Authority: q.Authority, Path: q.Path, Query: q.Search})
	}
	if b.Cookies != nil {
		w.Sticky = stickyOf(b, q.Request.Fields)
	}
	if p.from(r.Members, r.Look(w, n), "") {
		return
	}
	if r.Closed {
		p.Outcome = OutcomeClosedRoute
		return
	}
	for i := range r.Sets[:r.Fallbacks] {
		if s := &r.Sets[i]; p.from(s.Members, s.Look(w, n), s.Service) {
			return
		}
	}
	if p.from(r.Members, routing.LookAtRest(r.Members), "") {
		p.Detail = "all are ejected: one of them at random"
		return
	}
	for i := range r.Sets[:r.Fallbacks] {
		if s := &r.Sets[i]; p.from(s.Members, routing.LookAtRest(s.Members), s.Service) {
			p.Detail = "all are ejected: one of them at random"
			return
		}
	}
	p.Outcome = OutcomeNoInstance
	if r.On != nil {
		p.instead(w, n)
	}
}

// instead is what takes the place of "no instance", where the route's line says so.
func (p *Prospect) instead(w balancer.Want, n int) {
	r := p.Route
	c := r.On.Case(OutcomeNoInstance.Status(), true)
	switch {
	case c == nil:
	case c.Set > 0:
		s := &r.Sets[c.Set-1]
		p.from(s.Members, s.Look(w, n), s.Service)
	default:
		p.Detail = "on= answers in its place"
	}
}

// from notes whose instances are asked, if there are any.
func (p *Prospect) from(members []routing.Member, o balancer.Outlook, service string) bool {
	if len(o.Next)+len(o.Chances) == 0 {
		return false
	}
	p.Outcome, p.Members, p.Outlook, p.Service = OutcomeForwarded, members, o, service
	return true
}

// Sent is the target and the Host field with which an instance would be asked.
func (p *Prospect) Sent(m *routing.Member) (target, host string) {
	return string(m.Rule.Options.AppendPath(nil, p.query.Path)) + p.query.Search, hostFor(m, p.query.Authority)
}
