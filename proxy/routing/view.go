package routing

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// Service is what a table holds of a service of the catalogue, for people.
type Service struct {
	Name string
	// Routes is how many routes the service asks for.
	Routes int
	// Gone says that its last instance has left the catalogue; its routes stay for a while.
	Gone bool
	// Pin holds its routes at an earlier table; nil where nothing does.
	Pin *Pin
	// Instances are all of them, usable or not, in the catalogue's order.
	Instances []Standing
	// Verdicts are those of its tags, but for what is in effect as written.
	Verdicts []Verdict
}

// Standing is an instance and its live side.
type Standing struct {
	*discovery.Instance
	Upstream *balancer.Upstream // nil where the instance takes no requests, whatever its health
	// Foreign says that it is no HTTP instance.
	Foreign bool
}

// Routes are all routes, sorted by host, then path; the default comes last.
func (t *Table) Routes() []*Route {
	if t == nil {
		return nil
	}
	out := make([]*Route, 0, t.Len()+1)
	for i := range t.index.slots.parts {
		for _, s := range t.index.slots.parts[i] {
			out = slices.AppendSeq(out, s.all)
		}
	}
	slices.SortFunc(out, inOrder)
	if t.fallback != nil {
		out = append(out, t.fallback)
	}
	return out
}

// inOrder sorts routes by host, then path, and those of one place as they are tried.
func inOrder(a, b *Route) int {
	return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Path, b.Path), narrower(a, b))
}

// Services are all services that the table knows, sorted by name; then those of other datacenters, as NAME@DATACENTER.
func (t *Table) Services() []Service {
	if t == nil {
		return nil
	}
	out := make([]Service, 0, len(t.claimants)+len(t.remote))
	for c := range t.known {
		out = append(out, c.view())
	}
	return out
}

// Names yields the names of all services, as Services has them. t may be nil.
func (t *Table) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		if t == nil {
			return
		}
		for c := range t.known {
			if !yield(c.text()) {
				return
			}
		}
	}
}

// known yields all services, as Services does.
func (t *Table) known(yield func(*claimant) bool) {
	for _, list := range [...][]*claimant{t.claimants, t.remote} {
		for _, c := range list {
			if !yield(c) {
				return
			}
		}
	}
}

// called finds a service by the name that people call it; nil where there is none. One here that is called like one of another datacenter
// goes first.
func (t *Table) called(name string) *claimant {
	if c := t.claimant(name); c != nil {
		return c
	}
	s, err := dialect.ParseServiceName(name)
	if err != nil {
		return nil
	}
	return t.find(s)
}

// Service finds a service by its name, as Services has it.
func (t *Table) Service(name string) (s Service, ok bool) {
	if t == nil {
		return Service{}, false
	}
	c := t.called(name)
	if c == nil || c.text() != name { // no other name for it: changes are told by this one
		return Service{}, false
	}
	return c.view(), true
}

// Standings yields the instances of a service, as Service has them, without making a list. ok is false where there is no such service. t may be nil.
func (t *Table) Standings(name string) (list iter.Seq[Standing], ok bool) {
	if t == nil {
		return func(func(Standing) bool) {}, false
	}
	c := t.called(name)
	if c == nil || c.text() != name {
		return func(func(Standing) bool) {}, false
	}
	return c.stand, true
}

// stand yields the instances.
func (c *claimant) stand(yield func(Standing) bool) {
	if c.block == nil {
		return
	}
	for i := range c.block.Instances {
		x := Standing{Instance: &c.block.Instances[i]}
		if i < len(c.standing) { // the proxy itself has none
			x.Upstream, x.Foreign = c.standing[i].upstream, c.standing[i].foreign
		}
		if !yield(x) {
			return
		}
	}
}

func (c *claimant) view() Service {
	s := Service{Name: c.text(), Routes: len(c.claims), Gone: !c.vacant.IsZero(), Pin: c.pin, Verdicts: c.verdicts}
	if c.block == nil {
		return s
	}
	s.Instances = slices.AppendSeq(make([]Standing, 0, len(c.block.Instances)), c.stand)
	return s
}

// Upstreams are the live sides of all instances, by service, each once, and then those that lines name by their addresses, sorted: these
// have no Instance.
func (t *Table) Upstreams() (out []Standing) {
	if t == nil {
		return nil
	}
	seen := map[*balancer.Upstream]bool{}
	for c := range t.known {
		for _, s := range c.view().Instances {
			if s.Upstream != nil && !seen[s.Upstream] {
				seen[s.Upstream] = true
				out = append(out, s)
			}
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(t.fixed), func(a, b fixedKey) int {
		return cmp.Or(cmp.Compare(a.called, b.called), cmp.Compare(a.address, b.address))
	}) {
		out = append(out, Standing{Upstream: t.fixed[key]})
	}
	return out
}

// Ejected is how many instances that the catalogue lets requests to, or that a line names, are ejected, by why
// (balancer.EjectedReasons).
func (t *Table) Ejected() map[string]int {
	out := map[string]int{}
	if t == nil {
		return out
	}
	counted := map[*balancer.Upstream]bool{}
	count := func(u *balancer.Upstream) {
		if why := u.EjectedFor(); why != "" && !counted[u] {
			counted[u] = true
			out[why]++
		}
	}
	for _, c := range slices.Concat(t.claimants, t.remote) {
		for i := range c.standing {
			if u := c.standing[i].upstream; u != nil && c.block.Instances[i].Usable() {
				count(u)
			}
		}
	}
	for _, u := range t.fixed {
		count(u)
	}
	return out
}

// Totals are what gauges show: services, instances that traffic may go to, and routes with the default.
func (t *Table) Totals() (services, usable, routes int) {
	if t == nil {
		return 0, 0, 0
	}
	for _, c := range t.claimants {
		if c.block == nil {
			continue
		}
		services++
		for i := range c.block.Instances {
			if i < len(c.standing) && c.block.Instances[i].Usable() && c.standing[i].upstream != nil {
				usable++
			}
		}
	}
	routes = t.Len()
	if t.fallback != nil {
		routes++
	}
	return services, usable, routes
}
