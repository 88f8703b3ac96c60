package routing

import (
	"slices"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// Served is a route in effect for which a service asks.
type Served struct {
	Route *Route
	// Instances are those of the service that ask for it, usable or not, in the catalogue's order.
	Instances []*discovery.Instance
	// Sources are the tags in which they do, as dialect.Source has them; nil where no tag asked for the route.
	Sources []string
}

// Served are the routes in effect for which a service asks, sorted by host, then path; the default comes last.
func (t *Table) Served(service string) (out []Served) {
	c := t.claimant(service)
	if c == nil {
		return nil
	}
	at := map[routeKey]int{}
	for _, cl := range c.claims {
		r := t.fallback
		if !cl.key.isDefault {
			r = t.index.route(cl.key)
		}
		if r == nil || r.Closed || !slices.Contains(r.claims, cl) {
			continue
		}
		at[cl.key] = len(out)
		out = append(out, Served{Route: r})
	}
	c.ask(func(in *discovery.Instance, key routeKey, sources []string) {
		if i, ok := at[key]; ok {
			out[i].add(in, sources)
		}
	})
	for _, cl := range c.claims {
		if i, ok := at[cl.key]; ok && len(out[i].Instances) == 0 { // no tag asks for it
			for j := range cl.members {
				out[i].add(cl.members[j].Instance, nil)
			}
		}
	}
	slices.SortFunc(out, func(a, b Served) int {
		switch {
		case a.Route.Default:
			return 1
		case b.Route.Default:
			return -1
		}
		return inOrder(a.Route, b.Route)
	})
	return out
}

func (p *Served) add(in *discovery.Instance, sources []string) {
	p.Instances = append(p.Instances, in)
	for _, s := range sources {
		if !slices.Contains(p.Sources, s) {
			p.Sources = append(p.Sources, s)
		}
	}
}

// ask yields each route for which a tag of an instance asks. Instances with the same tags share their rules, whose keys are made once.
func (c *claimant) ask(yield func(in *discovery.Instance, key routeKey, sources []string)) {
	var last []*dialect.Rule
	var keys []routeKey
	for i := range c.standing {
		rules := c.standing[i].rules
		if len(rules) == 0 {
			continue
		}
		if len(last) != len(rules) || &last[0] != &rules[0] {
			last, keys = rules, keys[:0]
			for _, r := range rules {
				keys = append(keys, keyOf(&r.Match))
			}
		}
		for j, r := range rules {
			yield(&c.block.Instances[i], keys[j], r.Sources)
		}
	}
}
