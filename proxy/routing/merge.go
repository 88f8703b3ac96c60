package routing

import (
	"cmp"
	"strings"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// Several services may ask for one route, and instances of one service may ask for it in different words. The oldest claim decides how
// the route treats requests; what any of them restricts holds too. Rules are handed on in that order: the first one decides.

// since is when a service came to ask for a route, as an index of the catalogue: when its instance was registered, or, where we were there to
// see it come, when the registration was last changed, as an old service may ask for something new. What a service asks for without a break
// stays as old as it was, so that nobody takes its place while it is deployed anew.
func (c *compiler) since(key routeKey, in *discovery.Instance) uint64 {
	if c.claimed == nil {
		c.claimed = map[routeKey]uint64{}
		if c.prev != nil {
			for _, cl := range c.prev.claims {
				c.claimed[cl.key] = cl.since
			}
		}
	}
	since, known := c.claimed[key]
	switch {
	case known:
		return since
	case c.first:
		return in.Created
	}
	return max(in.Created, in.Index)
}

// older orders claims by age, and those of one age by the name of their service.
func older(a, b *claim) int {
	return cmp.Or(cmp.Compare(a.since, b.since), strings.Compare(a.service, b.service))
}

// rulesOf are the rules by which a route is asked for, the oldest claim's first. Those that ask the same of the route stand there once, and one
// that lets nobody in only where there is no other: what could not be read decides nothing.
func rulesOf(claims []*claim) []*dialect.Rule {
	var out []*dialect.Rule
	var known map[string]bool // made where it is needed, which is seldom
	add := func(r *dialect.Rule) {
		asks := r.Asks()
		switch {
		case r.Policy.Closed:
			return
		case len(out) == 0:
		case asks == out[0].Asks() || known[asks]:
			return
		case known == nil:
			known = map[string]bool{asks: true}
		default:
			known[asks] = true
		}
		out = append(out, r)
	}
	for _, c := range claims {
		add(c.rule)
		for i := range c.members {
			add(c.members[i].Rule)
		}
		for _, r := range c.doubles {
			add(r)
		}
	}
	if out == nil && len(claims) > 0 {
		out = append(out, claims[0].rule)
	}
	return out
}

// tellDifferences tells what instances ask of a route that an older one of the same service decides.
func (c *compiler) tellDifferences() {
	for _, cl := range c.out.claims {
		told := cl.rule // those with the same tags share their rule
		for i := range cl.members {
			m := &cl.members[i]
			if m.Rule == told || m.Rule.Asks() == cl.rule.Asks() || cl.rule.Policy.Closed {
				continue
			}
			told = m.Rule
			if lost := m.Rule.Unmet(cl.rule); len(lost) > 0 {
				c.tell(m.Instance, dialect.Verdict{Kind: dialect.VerdictPartly, Rule: m.Rule.Name, Sources: m.Rule.Sources,
					Reason: strings.Join(lost, " ") + ": not in effect while an older instance of the service asks for the same route with other options"})
			}
		}
	}
}
