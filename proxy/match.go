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
	host, port := splitHost(authority)
	if r := t.spelt(exact, host, port, path); r != nil {
		return r, true
	}
	if t.index.wild > 0 {
		if r := t.suffix(host, port, path); r != nil {
			return r, true
		}
	}
	for _, g := range t.index.globs {
		if (g.port == "" || g.port == port) && g.pattern.Match(host) {
			if r := t.index.longest(pattern, g.host, g.port, path); r != nil {
				return r, true
			}
		}
	}
	if r := t.index.longest(exact, "", "", path); r != nil {
		return r, true
	}
	return t.fallback, t.fallback != nil
}

// spelt asks for a host that is spelt out, or for the suffix of a wildcard: with the port first.
func (t *Table) spelt(k kind, host, port, path string) *Route {
	if host == "" {
		return nil
	}
	if port != "" && t.index.ported > 0 {
		if r := t.index.longest(k, host, port, path); r != nil {
			return r
		}
	}
	return t.index.longest(k, host, "", path)
}

func (t *Table) suffix(host, port, path string) *Route {
	for i := 1; i < len(host); i++ {
		if host[i] == '.' {
			if r := t.spelt(wildcard, host[i:], port, path); r != nil {
				return r
			}
		}
	}
	return nil
}

// longest is the route with the longest path of one host that takes the request, or nil.
func (x *index) longest(k kind, host, port, path string) *Route {
	h := x.host(place{kind: k, host: host, port: port})
	if h == nil {
		return nil
	}
	for _, n := range h.lengths {
		if n > len(path) {
			continue
		}
		s := x.slot(place{kind: k, host: host, port: port, path: path[:n]})
		if s.native != nil && boundary(path, n) {
			return s.native
		}
		if s.fabio != nil {
			return s.fabio
		}
	}
	return nil
}

// boundary says whether a prefix of n bytes ends where a segment of path ends.
func boundary(path string, n int) bool {
	return n == len(path) || path[n] == '/' || n > 0 && path[n-1] == '/'
}

// splitHost takes host[:port] apart, in lower case and without the dot that may end a full name.
func splitHost(authority string) (host, port string) {
	host = authority
	for i := len(authority) - 1; i >= 0 && authority[i] != ']'; i-- {
		if authority[i] == ':' {
			host, port = authority[:i], authority[i+1:]
			break
		}
	}
	if n := len(host); n > 0 && host[n-1] == '.' {
		host = host[:n-1]
	}
	return strings.ToLower(host), port // allocates nothing where there is no upper case
}
