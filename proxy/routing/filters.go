package routing

import (
	"cmp"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"strconv"

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
		if err := o.checkAuth(rules[i].ForwardAuth); err != nil {
			r.note("forward-auth: " + err.Error() + ": nobody is let in")
		}
	}
	if !asks {
		return nil
	}
	memory := r.Lane.Remember()
	defer memory.Done()
	return filter.New(o.Filters, memory, rules)
}

// nameAuth notes the services that are asked about the route's requests, and tells where nobody can be.
func (r *Route) nameAuth(o *Options, find func(dialect.ServiceName) *claimant) {
	for _, rule := range r.Rules {
		a := rule.Policy.Filters.ForwardAuth
		if a == nil || a.Service == "" {
			continue
		}
		name := dialect.ServiceName{Name: a.Service}
		of := find(name)
		r.named = append(r.named, named{name, of})
		switch {
		case o.isOwn(a.Service), a.Service == catalogueService && !a.Operator:
			r.note("forward-auth: service:" + escaped(a.Service) + " gets no requests of other routes: nobody is let in")
		case of == nil || of.block == nil:
			r.note("forward-auth: service:" + escaped(a.Service) + " is not in the catalogue: nobody is let in")
		}
	}
}

// checkAuth says why a server can't be asked that tags or KV name by its address, or nil.
func (o *Options) checkAuth(a *dialect.ForwardAuth) error {
	if a == nil || a.URL == "" || a.Operator {
		return nil
	}
	u, err := url.Parse(a.URL)
	if err != nil {
		return err
	}
	addr, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		return err
	}
	port, err := strconv.ParseUint(cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme]), 10, 16)
	if err != nil {
		return err
	}
	return o.Gate.CheckNamed(netip.AddrPortFrom(addr, uint16(port)))
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
		case now.restricted() && !operator, len(now.rules) == 0 && otherProtocol(in) != "":
		default:
			return now.upstream.Address()
		}
	}
	return ""
}
