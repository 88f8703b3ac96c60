package routing

import "slices"

// hostPaths are the paths of a host: those of rules that name no port, or one that is no scheme's, and by scheme those of rules that
// name its standard port, so that a request without a port finds them with one look-up.
type hostPaths struct {
	paths
	own [2]*paths
}

// paths say which lengths the paths of a host have. A look-up tries one map access per length, so the number of routes of a host does
// not matter. A host with a single path, as most have, has its routes at hand: onlyPath is that path, and "" where there are more, or where
// there were.
type paths struct {
	lengths  lengths
	onlyPath string
	slot     slot
	ranking  *ranking
}

// lengths are those that some texts have, longest first, and how many texts have each. What it holds is never modified.
type lengths struct{ of, counts []int }

// with is the host after one path came (by +1), went (by -1) or changed its routes to s, in that the route of k became r; nil when none is
// left.
func (h *hostPaths) with(p place, by int, s slot, k routeKey, r *Route) *hostPaths {
	if h == nil {
		if by <= 0 {
			return nil
		}
		h = &hostPaths{}
	}
	next := *h
	if own := p.own(); own != someOther {
		var one paths
		if h.own[own] != nil {
			one = *h.own[own]
		}
		if one = one.with(p.path, by, s, k, r); one.none() {
			next.own[own] = nil
		} else {
			next.own[own] = &one
		}
	} else {
		if by == 0 && !h.single() && h.ranking == nil && (r == nil || r.Priority == 0) {
			return h
		}
		next.paths = h.paths.with(p.path, by, s, k, r)
	}
	if next.paths.none() && next.own == [2]*paths{} {
		return nil
	}
	return &next
}

// with is the paths after one came (by +1), went (by -1) or changed its routes to s, in that the route of k became r.
func (h paths) with(path string, by int, s slot, k routeKey, r *Route) paths {
	ranking := h.ranking.with(k, r)
	switch {
	case h.none() && by <= 0:
		return h
	case h.none():
		return paths{lengths: h.lengths.with(len(path), 1), onlyPath: path, slot: s, ranking: ranking}
	case by == 0 && h.single():
		return paths{lengths: h.lengths, onlyPath: path, slot: s, ranking: ranking}
	}
	return paths{lengths: h.lengths.with(len(path), by), ranking: ranking}
}

// none says whether there is no path, single whether there is one.
func (h *paths) none() bool   { return len(h.lengths.of) == 0 }
func (h *paths) single() bool { return len(h.lengths.counts) == 1 && h.lengths.counts[0] == 1 }

// with is the lengths after a text of n bytes came (by +1) or went (by -1).
func (l lengths) with(n, by int) lengths {
	if by == 0 {
		return l
	}
	at, found := slices.BinarySearchFunc(l.of, n, func(l, want int) int { return want - l })
	next := lengths{of: l.of, counts: slices.Clone(l.counts)}
	switch {
	case found && next.counts[at]+by > 0:
		next.counts[at] += by
	case found:
		next.of = slices.Delete(slices.Clone(l.of), at, at+1)
		next.counts = slices.Delete(next.counts, at, at+1)
	case by > 0:
		next.of = slices.Insert(slices.Clone(l.of), at, n)
		next.counts = slices.Insert(next.counts, at, by)
	}
	return next
}
