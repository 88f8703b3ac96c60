package routing

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// Services of other datacenters ask for no routes here: their tags are for the proxies there. They serve where a line names them, or a route
// names their datacenter, and what their instances restrict holds as for any service that a route names.

// text is what people call the service, and by which its upstreams know it.
func (c *claimant) text() string {
	if c.datacenter == "" {
		return c.name
	}
	return dialect.ServiceName{Name: c.name, Datacenter: c.datacenter}.String()
}

// label is the service that an instance's upstream belongs to.
func (c *claimant) label(in *discovery.Instance) string {
	if c.datacenter == "" {
		return in.Service
	}
	return c.text()
}

// before is the order in which a table has services.
func (c *claimant) before(o *claimant) bool {
	return cmp.Or(strings.Compare(c.datacenter, o.datacenter), strings.Compare(c.name, o.name)) < 0
}

// find finds a service of whatever datacenter; nil where there is none. The datacenter that is watched may be named, too.
func (t *Table) find(s dialect.ServiceName) *claimant {
	if s.Datacenter == "" || s.Datacenter == t.env.Datacenter {
		if c := t.claimant(s.Name); c != nil || s.Datacenter == "" {
			return c
		}
	}
	at, ok := slices.BinarySearchFunc(t.remote, s, func(c *claimant, s dialect.ServiceName) int {
		return cmp.Or(strings.Compare(c.datacenter, s.Datacenter), strings.Compare(c.name, s.Name))
	})
	if !ok {
		return nil
	}
	return t.remote[at]
}

// inUse is how long ago an answer may have come for a service to be in use.
const inUse = 3 * time.Second

// InUse says whether requests go to a service of another datacenter, or did within the last seconds.
func (s *Switch) InUse(service, datacenter string) bool {
	t := s.Load()
	if t == nil {
		return false
	}
	c, since := t.find(dialect.ServiceName{Name: service, Datacenter: datacenter}), time.Now().Add(-inUse)
	return c != nil && slices.ContainsFunc(c.standing, func(s standing) bool {
		return s.upstream != nil && (s.upstream.InFlight() > 0 || s.upstream.AnsweredSince(since))
	})
}

// refer adds what a rule names; own is the service whose tag it is, "" where it is a line.
func refer(to *discovery.References, r *dialect.Rule, own string) {
	services, hosts := r.References()
	to.Hosts = append(to.Hosts, hosts...)
	for _, s := range services {
		if s.Datacenter == "" {
			to.Services = append(to.Services, s.Name)
		} else {
			to.Remote = append(to.Remote, discovery.Remote{Service: s.Name, Datacenter: s.Datacenter})
		}
	}
	for _, s := range failingOver(r, own) {
		to.Remote = append(to.Remote, discovery.Remote{Service: s.Name, Datacenter: s.Datacenter, Standby: true})
	}
}

// failingOver are the services in another datacenter that stand by for a rule's own.
func failingOver(r *dialect.Rule, own string) (out []dialect.ServiceName) {
	dc := r.Policy.Tries.Failover
	switch {
	case dc == "":
		return nil
	case own != "":
		return []dialect.ServiceName{{Name: own, Datacenter: dc}}
	}
	for _, s := range r.Options.Upstream.Services {
		if s.Datacenter == "" {
			out = append(out, dialect.ServiceName{Name: s.Name, Datacenter: dc})
		}
	}
	return out
}

// mergeRemote brings the services of other datacenters up to date.
func (d *derivation) mergeRemote(blocks []*discovery.Service) {
	before := make(map[dialect.ServiceName]*claimant, len(d.prev.remote))
	for _, c := range d.prev.remote {
		before[dialect.ServiceName{Name: c.name, Datacenter: c.datacenter}] = c
	}
	for _, b := range blocks {
		name := dialect.ServiceName{Name: b.Name, Datacenter: b.Datacenter}
		old := before[name]
		delete(before, name)
		if old != nil && old.block == b && d.same {
			d.next.remote = append(d.next.remote, old)
			continue
		}
		d.explain(old, b)
		c := d.compileRemote(old, b)
		d.next.remote = append(d.next.remote, c)
		d.depart(old, c)
	}
	for _, gone := range before {
		d.explain(gone, nil)
		d.depart(gone, nil)
	}
}

// compileRemote makes the claimant of a service of another datacenter, which has no claims. What became of its tags is told there.
func (d *derivation) compileRemote(old *claimant, b *discovery.Service) *claimant {
	c := &compiler{options: d.prev.options, env: d.next.env, same: d.same, prev: old, out: &claimant{name: b.Name, datacenter: b.Datacenter, block: b}}
	n := len(b.Instances)
	c.out.standing = make([]standing, n)
	c.out.known = make(map[discovery.Identity]*standing, n)
	for i := range b.Instances {
		c.out.known[b.Instances[i].Identity] = &c.out.standing[i]
	}
	d.next.arrived = append(d.next.arrived, c.populate()...)
	refused := c.out.verdicts // of instances
	for i := range b.Instances {
		if !c.out.standing[i].foreign {
			c.read(i)
		}
	}
	c.guard()
	c.out.verdicts = refused
	return c.out
}

// addFailover adds the set of the route's own services in another datacenter: those of the claims that ask for the one that is decided on.
func (r *Route) addFailover(o *Options, find func(dialect.ServiceName) *claimant, old *Route) {
	dc := r.Rules[0].Policy.Tries.Failover
	s := Set{name: "\x00" + dc}
	for _, cl := range r.claims {
		own := cl.service
		if cl.name != "" {
			own = ""
		}
		if cl.rule.Policy.Tries.Failover != dc {
			continue
		}
		for _, name := range failingOver(cl.rule, own) {
			if s.Service == "" {
				s.Service = label(name.String())
			}
			s.Members = append(s.Members, r.failoverMembers(o, find, cl, name)...)
		}
	}
	if s.Service == "" {
		return
	}
	r.finish(o, &s, old)
	r.Sets = append(r.Sets, s)
}

// failoverMembers are the instances of one service in another datacenter that may serve in the place of a claim's.
func (r *Route) failoverMembers(o *Options, find func(dialect.ServiceName) *claimant, cl *claim, name dialect.ServiceName) []Member {
	of, here := r.serving(o, find, name), find(dialect.ServiceName{Name: name.Name})
	switch {
	case of == nil:
		return nil
	case of == here:
		r.note("failover=" + name.Datacenter + " is this datacenter")
		return nil
	}
	return r.membersOf(o, of, func(in *discovery.Instance, now *standing) (*dialect.Rule, bool) {
		return r.ownRule(now), r.claims[0].operator || !now.restricted() || cl.name == "" && here.holds(of, socketOf(in))
	})
}

// ownRule is the rule by which an instance itself asks for the route, else its first one; nil where it has none.
func (r *Route) ownRule(now *standing) *dialect.Rule {
	for _, rule := range now.rules {
		if rule.Match.Same(r.Rules[0].Match) {
			return rule
		}
	}
	return firstOf(now.rules)
}

// holds says whether a service restricts its routes here as it does at an address in another datacenter: then nothing leads past what is
// restricted there. c may be nil.
func (c *claimant) holds(of *claimant, at socket) bool {
	for i := range of.standing {
		s := &of.standing[i]
		if socketOf(&of.block.Instances[i]) != at {
			continue
		}
		if s.lost || len(s.rules) == 0 && s.defaults.Restricts() || slices.ContainsFunc(s.rules, func(r *dialect.Rule) bool { return !c.restrictsAs(r) }) {
			return false
		}
	}
	return true
}

// restrictsAs says whether what a rule restricts is restricted by a route of the service, too.
func (c *claimant) restrictsAs(r *dialect.Rule) bool {
	if !r.Restricts() {
		return true
	}
	cl := c.claim(keyOf(&r.Match))
	return cl != nil && slices.ContainsFunc(append([]*dialect.Rule{cl.rule}, cl.restricts...), r.RestrictsAs)
}
