package proxy

import (
	"hash/maphash"
	"maps"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// routeKey is what makes two rules ask for the same route.
type routeKey struct {
	dialect    dialect.Dialect
	isDefault  bool
	host, port string
	path       string
}

// place is where a request may be going: one host in one spelling, and a path prefix.
// The host of a rule *.example.com is stored as .example.com, that of any other pattern as written; kind keeps them apart
// from hosts that clients send, who may send anything.
type place struct {
	kind             kind
	host, port, path string
}

// kind of a host in a place.
type kind uint8

const (
	exact kind = iota
	wildcard
	pattern
)

// slot holds the routes of one place, one per dialect; either may be nil.
type slot struct{ native, fabio *Route }

// hostPaths says which lengths the paths of a host have, longest first, and how many paths have each. A look-up tries
// one map access per length, so the number of routes of a host does not matter.
type hostPaths struct {
	lengths []int
	counts  []int
}

// shardCount makes a shard of 20,000 routes about 20 long: copying one for a change costs a microsecond. The array of shards
// itself, copied for every table, has 8 KiB.
const shardCount = 1024

// shards is a persistent map: a changed one shares all but the touched shards with the one it came from.
type shards[K comparable, V any] struct {
	parts [shardCount]map[K]V
	size  int
}

// index is what Match reads. It is frozen with its table.
type index struct {
	seed   maphash.Seed
	slots  shards[place, slot]
	hosts  shards[place, *hostPaths] // place.path is ""
	globs  []*glob                   // most specific first
	wild   int                       // number of hosts that begin with *.
	ported int                       // number of places that name a port
}

// glob is a host pattern that is more than a *. in front.
type glob struct {
	pattern    *dialect.Pattern
	host, port string
}

func (x *index) shard(p place) uint64 {
	const odd = 0x9e3779b97f4a7c15 // 2^64 / golden ratio, spreads the second hash over all bits
	h := maphash.String(x.seed, p.host)
	if p.path != "" {
		h = h*odd + maphash.String(x.seed, p.path)
	}
	return (h ^ h>>32) % shardCount
}

func (x *index) slot(p place) slot       { return x.slots.parts[x.shard(p)][p] }
func (x *index) host(p place) *hostPaths { return x.hosts.parts[x.shard(p)][p] }

// editor derives an index from another one. It copies a shard when it first touches it.
type editor struct {
	*index
	slotsOwn, hostsOwn [shardCount]bool
	globsOwn           bool
}

func (x *index) edit() *editor {
	next := *x
	return &editor{index: &next}
}

// place of a key.
func (k routeKey) place() place {
	p := place{host: k.host, port: k.port, path: k.path}
	if rest, ok := strings.CutPrefix(k.host, "*."); ok && dialect.ValidHost(rest) {
		p.kind, p.host = wildcard, k.host[1:]
	} else if strings.ContainsAny(k.host, "*?{") || strings.Contains(k.host, "[") && !strings.Contains(k.host, ":") {
		p.kind = pattern
	}
	return p
}

// route is the present route of a key, or nil.
func (x *index) route(k routeKey) *Route {
	s := x.slot(k.place())
	if k.dialect == dialect.Native {
		return s.native
	}
	return s.fabio
}

// set puts a route in its place, or removes it when r is nil.
func (e *editor) set(k routeKey, r *Route) {
	p := k.place()
	n := e.shard(p)
	if !e.slotsOwn[n] {
		e.slots.parts[n] = cloned(e.slots.parts[n])
		e.slotsOwn[n] = true
	}
	old, had := e.slots.parts[n][p]
	s := old
	if k.dialect == dialect.Native {
		s.native = r
	} else {
		s.fabio = r
	}
	if s == (slot{}) {
		delete(e.slots.parts[n], p)
		if had {
			e.slots.size--
			e.count(p, -1)
		}
		return
	}
	e.slots.parts[n][p] = s
	if !had {
		e.slots.size++
		e.count(p, +1)
	}
}

// count notes that a host got a path, or lost one.
func (e *editor) count(p place, by int) {
	if p.port != "" {
		e.ported += by
	}
	length := len(p.path)
	p.path = ""
	n := e.shard(p)
	if !e.hostsOwn[n] {
		e.hosts.parts[n] = cloned(e.hosts.parts[n])
		e.hostsOwn[n] = true
	}
	old := e.hosts.parts[n][p]
	next := old.with(length, by)
	if next == nil {
		delete(e.hosts.parts[n], p)
	} else {
		e.hosts.parts[n][p] = next
	}
	if (old == nil) == (next == nil) {
		return
	}
	switch p.kind {
	case wildcard:
		e.wild += by
	case pattern:
		e.glob(p, by)
	}
}

// glob adds or removes a host pattern. Fabio's order: reversed host strings, descending, so that a longer literal end comes first.
func (e *editor) glob(p place, by int) {
	if !e.globsOwn {
		e.globs = slices.Clone(e.globs)
		e.globsOwn = true
	}
	at, found := slices.BinarySearchFunc(e.globs, p, func(g *glob, p place) int {
		if c := strings.Compare(reversed(p.host), reversed(g.host)); c != 0 {
			return c
		}
		return strings.Compare(p.port, g.port)
	})
	if by < 0 && found {
		e.globs = slices.Delete(e.globs, at, at+1)
	}
	if by > 0 && !found {
		if compiled, err := dialect.ParsePattern(p.host); err == nil {
			e.globs = slices.Insert(e.globs, at, &glob{pattern: compiled, host: p.host, port: p.port})
		}
	}
}

// with is the host after one path of a length came (by +1) or went (by -1); nil when none is left.
func (h *hostPaths) with(length, by int) *hostPaths {
	if h == nil {
		h = &hostPaths{}
	}
	at, found := slices.BinarySearchFunc(h.lengths, length, func(l, want int) int { return want - l })
	next := &hostPaths{lengths: h.lengths, counts: slices.Clone(h.counts)}
	switch {
	case found && next.counts[at]+by > 0:
		next.counts[at] += by
	case found:
		next.lengths = slices.Delete(slices.Clone(h.lengths), at, at+1)
		next.counts = slices.Delete(next.counts, at, at+1)
	default:
		next.lengths = slices.Insert(slices.Clone(h.lengths), at, length)
		next.counts = slices.Insert(next.counts, at, by)
	}
	if len(next.lengths) == 0 {
		return nil
	}
	return next
}

func cloned[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return map[K]V{}
	}
	return maps.Clone(m)
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}
