package routing

import (
	"net/netip"
	"strings"

	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
)

// Query is what a request is matched by.
type Query struct {
	// TLS says that the client speaks HTTPS: to this proxy, or to a trusted one in front of it.
	TLS bool
	// Authority is host or host:port as sent (IPv6 in brackets); Path is normalised and still encoded.
	Authority, Path string
	// Search is the query, with or without its question mark.
	Search string
	// Listener is the name of the listener that the request came by, Client the address that is believed to be the client's.
	Listener string
	Client   netip.Addr
	// Request has the method and the fields. Conditions on them are not met where it is nil.
	Request *http1.Request

	// guarded is of the route that is looked at, see Route.guards.
	guarded bool

	steps int    // that regular expressions have taken, see maxSteps
	host  string // see hostName
	found found
}

// Match finds the route for a request. The order is: host with its port, host alone, *. wildcards from the longest to the shortest,
// other host patterns, rules without a host, the default service. Where a host has no matching path, the next in that order is
// asked. Within a host routes with a priority above 0 come first and those below 0 last; else the longest path wins, and of the routes of one
// path the one that takes least, see narrower. What a route's conditions do not let through goes on to the next. A request that names no port has that of its scheme: a rule for port 80 takes requests
// in plain text, one for port 443 those over TLS, and neither takes the other's. False means that nothing claims the request: 404. A
// nil Table has no routes, but a request before the first table is to be answered 503. No allocation, unless the authority holds upper
// case.
func (t *Table) Match(q Query) (*Route, bool) {
	if t == nil {
		return nil, false
	}
	return t.match(splitHost(http1.LowerHost(q.Authority), q.TLS), &q)
}

// match is Match for an authority that was taken apart.
func (t *Table) match(h hostPort, q *Query) (*Route, bool) {
	if len(h.host) <= outside.MaxHost { // no longer one is a rule's, and work would grow with it
		if r := t.named(h, q); r != nil {
			return r, true
		}
	}
	if r := t.index.host("").longest(t.index, place{}, q); r != nil {
		return r, true
	}
	if t.fallback == nil {
		return nil, false
	}
	r := t.fallback.take(q)
	return r, r != nil
}

// named is the route of a rule that names the host, or nil.
func (t *Table) named(h hostPort, q *Query) *Route {
	if h.host != "" && h.host[0] != '.' { // a host that begins with a dot is nobody's
		if r := t.onHost(dialect.HostExact, h, q); r != nil {
			return r
		}
	}
	for _, n := range t.index.wild.of { // no more of them than a host has labels end where one does
		at := len(h.host) - n
		if at < 1 || h.host[at] != '.' {
			continue
		}
		end := h
		end.host, end.both = h.host[at:], h.both[at:]
		if r := t.onHost(dialect.HostWildcard, end, q); r != nil {
			return r
		}
	}
	for _, g := range t.index.globs {
		if (g.port == "" || g.port == h.port) && g.pattern.Match(h.host) {
			if r := t.index.host(g.name).longest(t.index, place{kind: dialect.HostPattern, host: g.host, port: g.port}, q); r != nil {
				return r
			}
		}
	}
	return nil
}

// onHost asks for a host, or for the suffix of a wildcard: with the port first.
func (t *Table) onHost(k dialect.HostKind, h hostPort, q *Query) *Route {
	host := t.index.host(h.host)
	p := place{kind: k, host: h.host, port: h.port}
	switch {
	case h.own == someOther:
		if h.port != "" && t.index.ported > 0 {
			if r := t.index.host(h.both).longest(t.index, p, q); r != nil {
				return r
			}
		}
	case host != nil && host.own[h.own] != nil:
		if r := host.own[h.own].longest(t.index, p, q); r != nil {
			return r
		}
	}
	p.port = ""
	return host.longest(t.index, p, q)
}

// longest is the route of one host that takes the request, that with the longest path but for priorities, or nil. p is the place without a
// path.
func (h *hostPaths) longest(x *index, p place, q *Query) *Route {
	if h == nil {
		return nil
	}
	return h.paths.longest(x, p, q)
}

func (h *paths) longest(x *index, p place, q *Query) *Route {
	if h.ranking == nil {
		return h.unranked(x, p, q)
	}
	if r := ranked(h.ranking.above, q); r != nil {
		return r
	}
	if r := h.unranked(x, p, q); r != nil {
		return r
	}
	return ranked(h.ranking.below, q)
}

// unranked is longest for the routes without a priority.
func (h *paths) unranked(x *index, p place, q *Query) *Route {
	path := q.Path
	if h.onlyPath != "" {
		if !strings.HasPrefix(path, h.onlyPath) {
			return nil
		}
		if h.slot.kind.Takes(path, len(h.onlyPath)) && h.slot.first != nil {
			return h.slot.first
		}
		return h.slot.next(q, len(h.onlyPath))
	}
	for _, n := range h.lengths.of {
		if n > len(path) {
			continue
		}
		p.path = path[:n]
		s := x.slot(p)
		if s.first != nil && s.kind.Takes(path, n) {
			return s.first
		}
		if r := s.next(q, n); r != nil {
			return r
		}
	}
	return nil
}

// hostPort is an authority in lower case, without the dot that may end a full name. port is the one that was named, else that of the
// scheme; "" where the port of the other scheme was named. both is host and port as named with a colon between, and host where no port
// was.
type hostPort struct {
	host, port, both string
	own              scheme
}

// scheme says whose standard port a port is.
type scheme uint8

const (
	plain80 scheme = iota
	tls443
	someOther
)

// schemeOf says whose standard port it is (RFC 9110, sections 4.2.1 and 4.2.2).
func schemeOf(port string) scheme {
	switch port {
	case "80":
		return plain80
	case "443":
		return tls443
	}
	return someOther
}

// splitHost takes an authority in lower case apart.
func splitHost(authority string, tls bool) (h hostPort) {
	h.host, h.both = authority, authority
	for i := len(authority) - 1; i >= 0 && authority[i] != ']'; i-- {
		if authority[i] == ':' {
			h.host, h.port = authority[:i], authority[i+1:]
			break
		}
	}
	if n := len(h.host); n > 0 && h.host[n-1] == '.' {
		h.host = h.host[:n-1]
		h.both = h.host
		if h.port != "" {
			h.both += ":" + h.port
		}
	}
	h.own = schemeOf(h.port)
	switch {
	case h.port == "" && tls:
		h.port, h.own = "443", tls443
	case h.port == "":
		h.port, h.own = "80", plain80
	case h.own != someOther && tls != (h.own == tls443):
		h.port, h.own = "", someOther
	}
	return h
}
