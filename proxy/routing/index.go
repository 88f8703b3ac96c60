package routing

import (
	"hash/maphash"
	"maps"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// routeKey is what makes two rules ask for the same route: a Match in a form that can be compared.
type routeKey struct {
	isDefault  bool
	kind       dialect.HostKind
	host, port string
	path       dialect.Path
	conditions string // see dialect.Conditions.Text
}

func keyOf(m *dialect.Match) routeKey {
	return routeKey{kind: m.Host.Kind, host: m.Host.Text, port: m.Port, path: m.Path, conditions: m.Conditions.Text()}
}

// place is where a request may be going: one host, a port, and the text of a path. The host of a wildcard *.example.com is .example.com
// here, that of any other pattern is as written; kind keeps them apart from hosts that clients send, who may send anything.
type place struct {
	kind             dialect.HostKind
	host, port, path string
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
	overall
	slots   shards[place, slot]
	hosts   shards[string, *hostPaths] // by place.name
	grounds shards[string, []string]   // the services that ask for a host, or for a path without one
	// certified are the routes that ask for client certificates, by the name of their host without a port.
	certified shards[string, []*Route]
}

// overall is what an index holds besides its shards.
type overall struct {
	seed   maphash.Seed
	globs  []*glob // most specific first
	wild   lengths // of the hosts that begin with *., without the star
	shared int     // how many of the services in grounds are not the first
	ported int     // number of places that name a port which is no scheme's
}

// glob is a host pattern that is more than a *. in front.
type glob struct {
	pattern    *dialect.Pattern
	host, port string
	name       string // see place.name
}

func (x *index) shard(p place) uint64 {
	const odd = 0x9e3779b97f4a7c15 // 2^64 / golden ratio, spreads the second hash over all bits
	h := maphash.String(x.seed, p.host)
	if p.path != "" {
		h = h*odd + maphash.String(x.seed, p.path)
	}
	return (h ^ h>>32) % shardCount
}

func (x *index) slot(p place) slot { return x.slots.parts[x.shard(p)][p] }

// host finds the paths of a host by its name, see place.name.
func (x *index) host(name string) *hostPaths { return x.hosts.parts[x.hostShard(name)][name] }

func (x *index) hostShard(name string) uint64 { return maphash.String(x.seed, name) % shardCount }

// name is a place's host and port in one text, as requests write them: look-ups need not build it. That of a wildcard begins with a
// dot, which no host of a request does, and that of a pattern with what no request can hold. A scheme's standard port is not part of it:
// see hostPaths.
func (p place) name() string {
	s := p.host
	if p.kind == dialect.HostPattern {
		s = "\x00" + s
	}
	if p.port != "" && p.own() == someOther {
		s += ":" + p.port
	}
	return s
}

// own is the scheme whose standard port the place names; someOther for patterns, which have a list of their own.
func (p place) own() scheme {
	if p.kind == dialect.HostPattern {
		return someOther
	}
	return schemeOf(p.port)
}

// editor derives an index from another one. It copies a shard when it first touches it.
type editor struct {
	*index
	slotsOwn, hostsOwn, groundsOwn [shardCount]bool
	globsOwn                       bool
	fresh                          map[string]bool // grounds of which the holders are shared with no other table
}

func (x *index) edit() *editor {
	next := *x
	return &editor{index: &next}
}

// place of a key.
func (k routeKey) place() place {
	p := place{kind: k.kind, host: k.host, port: k.port, path: k.path.Text}
	if k.kind == dialect.HostWildcard {
		p.host = k.host[1:]
	}
	return p
}

// route is the present route of a key, or nil.
func (x *index) route(k routeKey) *Route {
	for r := range x.slot(k.place()).all {
		if r.key == k {
			return r
		}
	}
	return nil
}

// set puts a route in its place, or removes it when r is nil.
func (e *editor) set(k routeKey, r *Route) {
	p := k.place()
	n := e.shard(p)
	if r == nil && e.route(k) == nil { // it never was there: its service may not ask for it
		return
	}
	if !e.slotsOwn[n] {
		e.slots.parts[n] = cloned(e.slots.parts[n])
		e.slotsOwn[n] = true
	}
	old := e.slots.parts[n][p]
	next := old.with(k, r)
	by := 0
	switch {
	case !old.none() && next.none():
		by = -1
	case old.none() && !next.none():
		by = +1
	}
	if next.none() {
		delete(e.slots.parts[n], p)
	} else {
		e.slots.parts[n][p] = next
	}
	e.slots.size += by
	e.count(p, by, next, k, r)
	e.certify(k, r)
}

// count notes that a host got a path (by +1), lost one (by -1), or has other routes in one, in that the route of k became r.
func (e *editor) count(p place, by int, s slot, k routeKey, r *Route) {
	if p.port != "" && p.own() == someOther {
		e.ported += by
	}
	name := p.name()
	n := e.hostShard(name)
	old := e.hosts.parts[n][name]
	next := old.with(p, by, s, k, r)
	if next == old {
		return
	}
	if !e.hostsOwn[n] {
		e.hosts.parts[n] = cloned(e.hosts.parts[n])
		e.hostsOwn[n] = true
	}
	if next == nil {
		delete(e.hosts.parts[n], name)
	} else {
		e.hosts.parts[n][name] = next
	}
	if (old == nil) == (next == nil) {
		return
	}
	switch p.kind {
	case dialect.HostWildcard:
		e.wild = e.wild.with(len(p.host), by)
	case dialect.HostPattern:
		e.glob(p, by, s)
	}
}

// glob adds or removes a host pattern. Fabio's order: reversed host strings, descending, so that a longer literal end comes first. The
// pattern is that of a rule in s, which holds one where a place comes.
func (e *editor) glob(p place, by int, s slot) {
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
		e.globs = slices.Insert(e.globs, at, &glob{pattern: s.any().claims[0].rule.Match.Host.Pattern, host: p.host, port: p.port, name: p.name()})
	}
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
