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
// asks beside its own instances.
func (t *Table) Instance(service string) string {
	c := t.claimant(service)
	if c == nil || c.block == nil {
		return ""
	}
	n := len(c.standing)
	for i, first := 0, rand.IntN(max(1, n)); i < n; i++ {
		at := (first + i) % n
		if u := c.standing[at].upstream; u != nil && c.block.Instances[at].Usable() {
			return u.Address()
		}
	}
	return ""
}
