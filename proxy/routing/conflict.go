package routing

import (
	"cmp"
	"slices"
	"strings"
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
			d.editor.shared--
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
		d.editor.shared++
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
