package routing

import (
	"slices"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// An instance that restricts who may use its routes gets no route that it did not ask for, and nothing else leads to it, as that would lead
// past the restriction; only the operator does. What one registration of an address restricts holds for all of them that the service has: they
// are one instance.

// guard finds out which instances are restricted.
func (c *compiler) guard() {
	list, by := c.out.standing, map[socket]restrained{}
	for i := range list {
		s := &list[i]
		if i > 0 && sameRules(s, &list[i-1]) { // as nearly always
			s.barred, s.guarded = list[i-1].barred, list[i-1].guarded
		} else if !s.foreign {
			s.barred = s.restricts()
			s.guarded = s.barred || s.defaults.Restricts()
		}
		if s.guarded {
			at := socketOf(&c.out.block.Instances[i])
			by[at] = by[at].with(s)
		}
	}
	if len(by) == 0 {
		return
	}
	for i := range list {
		s := &list[i]
		if at, guarded := by[socketOf(&c.out.block.Instances[i])]; guarded && !s.foreign {
			s.barred, s.guarded = s.barred || !at.heldBy(s.defaults), true
		}
	}
}

// restrained is what the registrations of an address restrict.
type restrained struct {
	barred   bool                // in lines
	defaults []*dialect.Defaults // for all their routes
}

func (r restrained) with(s *standing) restrained {
	r.barred = r.barred || s.barred
	if s.defaults.Restricts() && !slices.Contains(r.defaults, s.defaults) {
		r.defaults = append(r.defaults, s.defaults)
	}
	return r
}

// heldBy says whether a route that no line asks for is restricted likewise by what one of the registrations asks for all its routes.
func (r restrained) heldBy(d *dialect.Defaults) bool {
	if r.barred {
		return false
	}
	for _, other := range r.defaults {
		if other != d && !other.HeldBy(d.Rule("", dialect.Match{})) {
			return false
		}
	}
	return true
}

// sameRules says whether two instances have what the same tags ask for.
func sameRules(a, b *standing) bool {
	return a.foreign == b.foreign && a.lost == b.lost && a.defaults == b.defaults && len(a.rules) == len(b.rules) && (len(a.rules) == 0 || &a.rules[0] == &b.rules[0])
}

// restricts says whether an instance restricts any of its routes in a line of its own.
func (s *standing) restricts() bool {
	return s.lost || slices.ContainsFunc(s.rules, (*dialect.Rule).Restricts)
}

// restricted says whether the instance restricts who may use its routes, in a line or for all of them.
func (s *standing) restricted() bool { return s.guarded }
