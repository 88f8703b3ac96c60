package proxy

import "strings"

// Match finds the route for a request. Authority is host or host:port as sent (IPv6 in brackets); path is normalised and
// still encoded. The order is: host with its port, host alone, *. wildcards from the longest to the shortest, other host
// patterns, rules without a host, the default service. Where a host has no matching path, the next in that order is
// asked. Within a host the longest path wins. False means that nothing claims the request: 404. A nil Table has no
// routes, but a request before the first table is to be answered 503. No allocation, unless authority holds upper case.
func (t *Table) Match(authority, path string) (*Route, bool) {
	if t == nil {
		return nil, false
	}
	return t.match(splitHost(lower(authority)), path)
}

// match is Match for an authority that was taken apart.
func (t *Table) match(h hostPort, path string) (*Route, bool) {
	if h.host != "" && h.host[0] != '.' { // a host that begins with a dot is nobody's
		if r := t.spelt(exact, h, path); r != nil {
			return r, true
		}
	}
	if t.index.wild > 0 {
		if r := t.suffix(h, path); r != nil {
			return r, true
		}
	}
	for _, g := range t.index.globs {
		if (g.port == "" || g.port == h.port) && g.pattern.Match(h.host) {
			if r := t.index.longest(place{kind: pattern, host: g.host, port: g.port}, g.spelt, path); r != nil {
				return r, true
			}
		}
	}
	if r := t.index.longest(place{}, "", path); r != nil {
		return r, true
	}
	return t.fallback, t.fallback != nil
}

// spelt asks for a host that is spelt out, or for the suffix of a wildcard: with the port first.
func (t *Table) spelt(k kind, h hostPort, path string) *Route {
	if h.port != "" && t.index.ported > 0 {
		if r := t.index.longest(place{kind: k, host: h.host, port: h.port}, h.both, path); r != nil {
			return r
		}
	}
	return t.index.longest(place{kind: k, host: h.host}, h.host, path)
}

func (t *Table) suffix(h hostPort, path string) *Route {
	for i := 1; i < len(h.host); i++ {
		if h.host[i] != '.' {
			continue
		}
		if r := t.spelt(wildcard, hostPort{host: h.host[i:], port: h.port, both: h.both[i:]}, path); r != nil {
			return r
		}
	}
	return nil
}

// longest is the route with the longest path of one host that takes the request, or nil. p is the place without a path, spelt its
// spelling.
func (x *index) longest(p place, spelt, path string) *Route {
	h := x.host(spelt)
	if h == nil {
		return nil
	}
	if h.sole != "" {
		if !strings.HasPrefix(path, h.sole) {
			return nil
		}
		return h.slot.route(path, len(h.sole))
	}
	for _, n := range h.lengths {
		if n > len(path) {
			continue
		}
		p.path = path[:n]
		if r := x.slot(p).route(path, n); r != nil {
			return r
		}
	}
	return nil
}

// route is the one of two that takes a path whose first n bytes are those of the slot.
func (s slot) route(path string, n int) *Route {
	if s.native != nil && boundary(path, n) {
		return s.native
	}
	return s.fabio
}

// boundary says whether a prefix of n bytes ends where a segment of path ends.
func boundary(path string, n int) bool {
	return n == len(path) || path[n] == '/' || n > 0 && path[n-1] == '/'
}

// hostPort is an authority in lower case, without the dot that may end a full name; both is the two with a colon between, and host
// where there is no port.
type hostPort struct{ host, port, both string }

// splitHost takes an authority in lower case apart.
func splitHost(authority string) (h hostPort) {
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
	return h
}
