package routing

import (
	"slices"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// Contested is how many services take requests for hosts of others, or for paths of others where they name no host: for each host or path all but
// the first, and but for those of the same containers. It walks the hosts that several ask for.
func (t *Table) Contested() (n int) {
	if t == nil || t.index.shared == 0 {
		return 0
	}
	for _, part := range t.index.grounds.parts {
		for ground, services := range part {
			if len(services) < 2 {
				continue
			}
			holder := t.claimant(t.holder(t.index, ground))
			for _, name := range services {
				if c := t.claimant(name); c != holder && slices.ContainsFunc(c.claims, func(cl *claim) bool { return cl.key.ground() == ground && t.rivals(c, holder, cl) }) {
					n++
				}
			}
		}
	}
	return n
}

// rivals says whether a claim of the service takes requests that another one asked for before. Two services of the same containers are two of their
// ports: what each of them gets is what its owner wrote, unless another one has the very same route.
func (t *Table) rivals(c, holder *claimant, cl *claim) bool {
	return !c.portsOf(holder) || t.sharer(holder, cl) != ""
}

// sharer is the service that asked for the very route of a claim before: the holder of the ground, or else whose claim of it is the oldest; ""
// where there is none.
func (t *Table) sharer(holder *claimant, cl *claim) string {
	if holder.claim(cl.key) != nil {
		return holder.name
	}
	if r := t.index.route(cl.key); r != nil && len(r.claims) > 0 {
		if oldest := r.claims[0].service; oldest != cl.service {
			return oldest
		}
	}
	return ""
}

// portsOf says whether all instances of the service are other ports of containers that the other one has, too. Whoever may write to the catalogue
// may write any container's id: so their addresses have to be the same, too, which leaves it to who is on that address.
func (c *claimant) portsOf(other *claimant) bool {
	if c == nil || other == nil || c.block == nil || other.block == nil || len(c.block.Instances) == 0 {
		return false
	}
	own, its := c.block.Instances, other.block.Instances
	same := func(a, b *discovery.Instance) bool {
		return a.Container != "" && a.Container == b.Container && a.Node == b.Node && a.Address == b.Address
	}
	for i := range own {
		if !slices.ContainsFunc(its, func(in discovery.Instance) bool { return same(&own[i], &in) }) {
			return false // nearly always the first one
		}
	}
	return true
}

// Conflicts are all routes on a host that another service asked for first, or that are the very routes of another service where they name
// no host; by service, of each the first hundred. But for Options.ExclusiveHosts all are served as they ask, which may be what their owners
// mean; that a service gets less of its traffic must not go unsaid. It walks all services, so it is for people.
func (t *Table) Conflicts() (out []Verdict) {
	if t == nil {
		return nil
	}
	out = append(t.excludedLines(), t.unmetByLines()...)
	if t.index.shared == 0 {
		return out
	}
	for _, c := range t.claimants {
		var own []Verdict
		for _, g := range c.grounds {
			own = append(own, t.conflicts(c, g, maxVerdicts-len(own))...)
		}
		out = append(out, own...)
	}
	return out
}

// conflicts are at most n of those that a service has on one ground.
func (t *Table) conflicts(c *claimant, ground string, n int) (out []Verdict) {
	first := t.holder(t.index, ground)
	if first == c.name {
		return nil
	}
	holder := t.claimant(first)
	for _, cl := range c.claims {
		if cl.key.ground() != ground || len(out) >= n || !t.rivals(c, holder, cl) {
			continue
		}
		v := dialect.Verdict{Kind: dialect.VerdictUsed, Rule: escaped(cl.key.String()), Sources: cl.rule.Sources,
			Reason: "a route of its own on that host: it gets the requests for it"}
		by := first
		if same := t.sharer(holder, cl); same != "" {
			by = same
			v.Kind, v.Reason = dialect.VerdictPartly, "the same route: both share its requests by their weights"
			if r := t.index.route(cl.key); r != nil && r.decides().name == "" {
				if unmet, ok := unmetVerdict(cl, r.decides()); ok {
					v.Reason += "; " + unmet.Reason
				}
			}
		}
		if t.options.ExclusiveHosts && cl.key.host != "" && !c.portsOf(holder) {
			v.Kind, v.Reason = dialect.VerdictRefused, notServed
		}
		out = append(out, Verdict{Verdict: v, Service: label(c.name), Holder: label(by)})
	}
	return out
}

// reportContests writes a line for each service that came to the ground of another.
func (t *Table) reportContests() {
	log := &t.options.Log
	for i, s := range t.contests {
		if i == maxLogged {
			log.Warn().Msg("more services ask for hosts of other services; /api/routes lists all")
			return
		}
		for _, c := range t.conflicts(t.claimant(s.service), s.ground, 1) {
			log.Warn().Str("service", c.Service).Str("holder", c.Holder).Str("route", c.Rule).Str("reason", c.Reason).
				Msg("a service asks for a host of another service")
		}
	}
}
