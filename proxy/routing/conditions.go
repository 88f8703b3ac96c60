package routing

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
)

// take is the route where the request meets its conditions, nil where it does not, and the closed form of the route where finding out
// would take too long: what can't be told is not let through.
func (r *Route) take(q *Query) *Route {
	c := r.conditions
	if c == nil {
		return r
	}
	switch name := r.unmet(q); {
	case r.closed != nil && q.steps > maxSteps:
		return r.closed
	case name != "":
		return nil
	}
	return r
}

// unmet is that of the route's conditions, which are not nil.
func (r *Route) unmet(q *Query) string {
	q.guarded = r.guards
	return unmet(r.conditions, q)
}

// takesSteps says whether finding out if conditions hold may take too long, see maxSteps.
func takesSteps(c *dialect.Conditions) bool {
	return c != nil && (c.Cost() > 0 || len(c.Headers)+len(c.Queries)+len(c.Cookies) > 0)
}

// guardsBy says whether a policy refuses requests, sends them elsewhere, or lets some in only.
func guardsBy(p *dialect.Policy) bool {
	return p.Closed || p.Redirect != nil || p.Respond != nil && p.Respond.Status >= 400 || p.Allow != nil || p.Deny != nil || p.Filters.Restricts()
}

// unmet names the first condition that a request does not meet, "" where it meets all. Regular expressions come last; where q.steps is above
// maxSteps afterwards, the answer means nothing, but for conditions that take no steps. No allocation.
func unmet(c *dialect.Conditions, q *Query) string {
	switch {
	case c.Listeners != nil && !slices.Contains(c.Listeners, q.Listener):
		return "listener"
	case c.NotListeners != nil && slices.Contains(c.NotListeners, q.Listener):
		return "not-listener"
	case c.Methods != nil && !hasMethod(c.Methods, q.Request):
		return "method"
	case c.NotMethods != nil && !lacksMethod(c.NotMethods, q.Request):
		return "not-method"
	case c.Clients != nil && !within(c.Clients, q.Client):
		return "client"
	case c.NotClients != nil && !inNone(c.NotClients, q.Client):
		return "not-client"
	}
	if name := q.unmetNamed(c, false); name != "" || c.Cost() == 0 {
		return name
	}
	return q.unmetExpression(c)
}

func hasMethod(list []string, r *http1.Request) bool {
	if r != nil {
		for _, m := range list {
			if m == r.Method {
				return true
			}
		}
	}
	return false
}

// lacksMethod says whether a request has none of the methods. Their case does not count here: an instance may not mind it.
func lacksMethod(list []string, r *http1.Request) bool {
	if r == nil {
		return false
	}
	for _, m := range list {
		if strings.EqualFold(m, r.Method) {
			return false
		}
	}
	return true
}

func within(list []netip.Prefix, client netip.Addr) bool {
	for _, p := range list {
		if p.Contains(client) {
			return true
		}
	}
	return false
}

// inNone says whether a client is in none of the networks. One that is not known is not.
func inNone(list []netip.Prefix, client netip.Addr) bool {
	return client.IsValid() && !within(list, client.Unmap().WithZone(""))
}

// closedForm is a route that lets nobody in, in the place of another.
func (r *Route) closedForm(o *Options) *Route {
	c := *r
	c.Members, c.Closed, c.Blocking, c.conditions = nil, true, false, nil
	c.Sets, c.Fallbacks, c.On = nil, 0, nil
	c.Policy = o.Defaults
	c.picker = o.Balance.Build([]balancer.Member{}, r.Lane)
	return &c
}
