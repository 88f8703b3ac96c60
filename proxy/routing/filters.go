package routing

import (
	"math/rand/v2"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/filter"
)

// filtersOf compiles what a route's rules ask for besides match and pick; nil where that is nothing.
func (o *Options) filtersOf(r *Route) *filter.Set {
	asks := r.Lane.Remembers()
	rules := make([]*dialect.Filters, len(r.Rules))
	for i, rule := range r.Rules {
		rules[i] = &rule.Policy.Filters
		asks = asks || !rules[i].IsZero()
	}
	if !asks {
		return nil
	}
	memory := r.Lane.Remember()
	defer memory.Done()
	return filter.New(o.Filters, memory, rules)
}

// Instance is the address of an instance of a service that is usable now, another one each time; "" where there is none. It is for what a route
// asks beside its own instances. As in sets of the route, it is none that restricts who may use its own routes, unless the operator
// asks, none of Consul or of this proxy, and none that most likely speaks no HTTP.
func (t *Table) Instance(service string, operator bool) string {
	c := t.claimant(service)
	if c == nil || c.block == nil || t.options.isOwn(service) || service == catalogueService && !operator {
		return ""
	}
	n := len(c.standing)
	for i, first := 0, rand.IntN(max(1, n)); i < n; i++ {
		at := (first + i) % n
		now, in := &c.standing[at], &c.block.Instances[at]
		switch {
		case now.upstream == nil, now.foreign, !in.Usable():
		case restricted(now.rules) && !operator, len(now.rules) == 0 && otherProtocol(in) != "":
		default:
			return now.upstream.Address()
		}
	}
	return ""
}
