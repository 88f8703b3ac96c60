package routing

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// slot holds the routes of one place in the order in which they are tried. What it holds is never modified. Nearly every slot holds one
// route without conditions, which is therefore at hand, with what decides whether it takes a path. The zero value is empty.
type slot struct {
	first *Route           // nil where the one to be tried first has conditions
	kind  dialect.PathKind // of first
	more  []*Route         // those to be tried after first
	// ranked have a priority. They are tried with all of their host that do, see ranking, and are found here by their keys.
	ranked []*Route
}

// none says whether there is no route.
func (s *slot) none() bool { return s.first == nil && len(s.more) == 0 && len(s.ranked) == 0 }

// any is one of the routes; there is one.
func (s slot) any() (one *Route) {
	for r := range s.all {
		return r
	}
	return nil
}

// all yields the routes in their order, those with a priority at the end.
func (s slot) all(yield func(*Route) bool) {
	if s.first != nil && !yield(s.first) {
		return
	}
	for _, list := range [...][]*Route{s.more, s.ranked} {
		for _, r := range list {
			if !yield(r) {
				return
			}
		}
	}
}

// with is the slot after the route of a key became r, or went where r is nil.
func (s slot) with(k routeKey, r *Route) slot {
	var next slot
	for o := range s.all {
		if o.key != k {
			next.put(o)
		}
	}
	if r != nil {
		next.put(r)
	}
	slices.SortFunc(next.more, narrower)
	slices.SortFunc(next.ranked, narrower)
	if len(next.more) > 0 && next.more[0].conditions == nil {
		next.first, next.kind = next.more[0], next.more[0].key.path.Kind
		if next.more = next.more[1:]; len(next.more) == 0 {
			next.more = nil
		}
	}
	return next
}

func (s *slot) put(r *Route) {
	if r.Priority != 0 {
		s.ranked = append(s.ranked, r)
	} else {
		s.more = append(s.more, r)
	}
}

// narrower orders the routes of a place: exact paths come first, then those with more conditions, whole segments before letters, and at
// last who asked first.
func narrower(a, b *Route) int {
	exact := func(r *Route) int {
		if r.key.path.Kind == dialect.PathExact {
			return 0
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(exact(a), exact(b)),
		cmp.Compare(b.conditions.Count(), a.conditions.Count()),
		cmp.Compare(a.key.path.Kind.Width(), b.key.path.Kind.Width()),
		older(a.claims[0], b.claims[0]),
		strings.Compare(a.key.conditions, b.key.conditions),
	)
}

// next is the first route behind the first that takes a request, whose path's first n bytes are those of the place, or nil.
func (s *slot) next(q *Query, n int) *Route {
	for _, r := range s.more {
		if r.key.path.Kind.Takes(q.Path, n) {
			if r = r.take(q); r != nil {
				return r
			}
		}
	}
	return nil
}

// ranking holds the routes of a host that have a priority: those above 0 are tried before all others of the host, those below 0 after
// them. What it holds is never modified. Nil is none.
type ranking struct{ above, below []*Route }

// with is the ranking after the route of a key became r, or went where r is nil.
func (k *ranking) with(key routeKey, r *Route) *ranking {
	ranked := r != nil && r.Priority != 0
	if k == nil && !ranked {
		return nil
	}
	var next ranking
	if k != nil {
		other := func(o *Route) bool { return o.key == key }
		next.above = slices.DeleteFunc(slices.Clone(k.above), other)
		next.below = slices.DeleteFunc(slices.Clone(k.below), other)
	}
	switch {
	case ranked && r.Priority > 0:
		next.above = append(next.above, r)
	case ranked:
		next.below = append(next.below, r)
	}
	if len(next.above)+len(next.below) == 0 {
		return nil
	}
	slices.SortFunc(next.above, firstRanked)
	slices.SortFunc(next.below, firstRanked)
	return &next
}

// firstRanked orders routes of a host by priority, then by the length of their paths, then as those of one place.
func firstRanked(a, b *Route) int {
	return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(len(b.key.path.Text), len(a.key.path.Text)),
		strings.Compare(a.key.path.Text, b.key.path.Text), narrower(a, b))
}

// ranked is the first of a list that takes a request, or nil.
func ranked(list []*Route, q *Query) *Route {
	for _, r := range list {
		p := &r.key.path
		if strings.HasPrefix(q.Path, p.Text) && p.Kind.Takes(q.Path, len(p.Text)) {
			if r = r.take(q); r != nil {
				return r
			}
		}
	}
	return nil
}
