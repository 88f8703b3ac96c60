package routing

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// ground is what a key's route takes traffic of: its host, else its path; "" for the default route.
func (k routeKey) ground() string { return cmp.Or(k.host, k.path.Text) }

// groundsOf are those of the claims, sorted.
func groundsOf(claims []*claim) (out []string) {
	for _, cl := range claims {
		if g := cl.key.ground(); g != "" {
			out = append(out, g)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// step is a service that comes to a ground, or leaves it.
type step struct{ ground, service string }

// move notes which grounds a service leaves and which it comes to. Either side may be nil.
func (d *derivation) move(old, c *claimant) {
	var before, after []string
	name := ""
	if old != nil {
		before, name = old.grounds, old.name
	}
	if c != nil {
		after, name = c.grounds, c.name
	}
	for len(before) > 0 || len(after) > 0 {
		switch {
		case len(after) == 0 || len(before) > 0 && before[0] < after[0]:
			d.left = append(d.left, step{before[0], name})
			before = before[1:]
		case len(before) == 0 || after[0] < before[0]:
			d.came = append(d.came, step{after[0], name})
			after = after[1:]
		default:
			before, after = before[1:], after[1:]
		}
	}
}

// contest brings up to date who is on which ground, and notes what is new there. It comes when all services were visited, so that one
// that makes room in the same snapshot is in nobody's way.
func (d *derivation) contest() {
	for _, s := range d.left {
		held := d.editor.holders(s.ground)
		rest := slices.DeleteFunc(slices.Clone(held), func(name string) bool { return name == s.service })
		d.editor.hold(s.ground, rest)
		if len(held) > 1 {
			d.editor.contested--
		}
	}
	for _, s := range d.came {
		held := d.editor.holders(s.ground)
		if !d.editor.fresh[s.ground] { // shared with the table before
			held = slices.Clone(held)
		}
		d.editor.hold(s.ground, append(held, s.service))
		if len(held) == 0 {
			continue
		}
		d.editor.contested++
		if len(d.next.contests) <= maxLogged { // one more than is written tells that there are more
			d.next.contests = append(d.next.contests, step{s.ground, s.service})
		}
	}
}

// holders are the services on a ground; who came first stands first.
func (x *index) holders(ground string) []string {
	return x.grounds.parts[x.hostShard(ground)][ground]
}

// hold replaces the services on a ground.
func (e *editor) hold(ground string, services []string) {
	n := e.hostShard(ground)
	if !e.groundsOwn[n] {
		e.grounds.parts[n] = cloned(e.grounds.parts[n])
		e.groundsOwn[n] = true
	}
	if len(services) == 0 {
		delete(e.grounds.parts[n], ground)
		return
	}
	e.grounds.parts[n][ground] = services
	if e.fresh == nil {
		e.fresh = map[string]bool{}
	}
	e.fresh[ground] = true
}

// Contested is how many services are on the ground of others: for each host, and each path of routes without a host, one less than ask
// for it.
func (t *Table) Contested() int {
	if t == nil {
		return 0
	}
	return t.index.contested
}

// Conflicts are all routes on a host that another service asked for first, or that are the very routes of another service where they name
// no host; by service, of each the first hundred. But for Options.ExclusiveHosts all are served as they ask, which may be what their owners
// mean; that a service gets less of its traffic must not go unsaid. It walks all services, so it is for people.
func (t *Table) Conflicts() (out []Verdict) {
	if t == nil {
		return nil
	}
	out = append(t.excludedLines(), t.unmetByLines()...)
	if t.index.contested == 0 {
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
		if cl.key.ground() != ground || len(out) >= n {
			continue
		}
		v := dialect.Verdict{Kind: dialect.VerdictUsed, Rule: escaped(cl.key.String()), Sources: cl.rule.Sources,
			Reason: "a route of its own on that host: it gets the requests for it"}
		if other := holder.claim(cl.key); other != nil {
			v.Kind, v.Reason = dialect.VerdictPartly, "the same route: both share its requests by their weights"
			if r := t.index.route(cl.key); r != nil && r.decides().name == "" {
				if unmet, ok := unmetVerdict(cl, r.decides()); ok {
					v.Reason += "; " + unmet.Reason
				}
			}
		}
		if t.options.ExclusiveHosts && cl.key.host != "" {
			v.Kind, v.Reason = dialect.VerdictRefused, notServed
		}
		out = append(out, Verdict{Verdict: v, Service: label(c.name), Holder: label(first)})
	}
	return out
}

// claimant finds a service by its name; nil where there is none.
func (t *Table) claimant(name string) *claimant {
	at, ok := slices.BinarySearchFunc(t.claimants, name, func(c *claimant, name string) int { return strings.Compare(c.name, name) })
	if !ok {
		return nil
	}
	return t.claimants[at]
}

// claim is the part of a service in a route, or nil. A nil claimant has none.
func (c *claimant) claim(k routeKey) *claim {
	if c == nil {
		return nil
	}
	if i := slices.IndexFunc(c.claims, func(cl *claim) bool { return cl.key == k }); i >= 0 {
		return c.claims[i]
	}
	return nil
}

// String is host, port and path of a route.
func (k routeKey) String() string {
	if k.port == "" {
		return k.host + k.path.Text
	}
	return k.host + ":" + k.port + k.path.Text
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
