package routing

import (
	"cmp"
	"slices"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// slot holds the routes of one place in the order in which they are tried: the kind of path that takes less comes first. What it holds is
// never modified. Nearly every slot holds one route, which is therefore at hand, with what decides whether it takes a path. The zero value
// is empty.
type slot struct {
	first *Route
	kind  dialect.PathKind // of first
	more  []*Route
}

// none says whether there is no route.
func (s slot) none() bool { return s.first == nil }

// all yields the routes in their order.
func (s slot) all(yield func(*Route) bool) {
	if s.first == nil || !yield(s.first) {
		return
	}
	for _, r := range s.more {
		if !yield(r) {
			return
		}
	}
}

// with is the slot after the route of a key became r, or went where r is nil.
func (s slot) with(k routeKey, r *Route) slot {
	if s.more == nil && (s.none() || s.kind == k.path.Kind) { // as nearly always
		return slot{first: r, kind: k.path.Kind}
	}
	list := slices.Collect(s.all)
	list = slices.DeleteFunc(list, func(o *Route) bool { return o.key.path.Kind == k.path.Kind })
	if r != nil {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *Route) int { return cmp.Compare(a.key.path.Kind, b.key.path.Kind) })
	next := slot{first: list[0], kind: list[0].key.path.Kind} // there is one of another kind
	if len(list) > 1 {
		next.more = list[1:]
	}
	return next
}

// next is the first route behind the first that takes a request's path, whose first n bytes are those of the place, or nil.
func (s *slot) next(path string, n int) *Route {
	for _, r := range s.more {
		if r.key.path.Kind.Takes(path, n) {
			return r
		}
	}
	return nil
}
