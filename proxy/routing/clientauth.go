package routing

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
)

// ClientAuth is what a TLS handshake asks of a client: before it no path is known, so it is what the routes of a host want together. The zero
// value asks for nothing. It can be compared.
type ClientAuth struct {
	// names of sets of authorities, sorted, with commas between them
	names string
	// Required says that nobody without a certificate is served anything.
	Required bool
}

// Names are the sets of authorities that may have issued the certificate.
func (a ClientAuth) Names() []string {
	if a.names == "" {
		return nil
	}
	return strings.Split(a.names, ",")
}

// Asks says whether a certificate of a set is asked for.
func (a ClientAuth) Asks(name string) bool { return slices.Contains(a.Names(), name) }

// And is what is asked where a listener asks, too.
func (a ClientAuth) And(c dialect.ClientCA) ClientAuth {
	if c.Name == "" {
		return a
	}
	a.names = joined(append(a.Names(), c.Name))
	a.Required = a.Required || !c.Optional
	return a
}

func joined(names []string) string {
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ",")
}

// clientCAs are those that a route asks for.
func (r *Route) clientCAs() []dialect.ClientCA {
	if r == nil || r.Policy.Admission == nil {
		return nil
	}
	return r.Policy.Admission.ClientCAs
}

// requires says whether a route serves nobody without a certificate.
func (r *Route) requires() bool {
	return slices.ContainsFunc(r.clientCAs(), func(c dialect.ClientCA) bool { return !c.Optional })
}

// AsksForCertificates says whether any route asks for client certificates.
func (t *Table) AsksForCertificates() bool {
	return t != nil && (t.index.certified.size > 0 || len(t.fallback.clientCAs()) > 0)
}

// ClientAuth is what the handshake of a client asks that wants to reach a host, by a listener of that name: all routes that may take its
// requests are looked at, those of wider hosts as long as nothing narrower takes the rest. Host is without a port, in any case; "" is one that
// the client does not name. A nil Table asks for nothing.
func (t *Table) ClientAuth(host, listener string) ClientAuth {
	if !t.AsksForCertificates() {
		return ClientAuth{}
	}
	w := certifiedWalk{index: t.index, listener: listener, required: t.index.ported == 0}
	if !w.all(HostName(host)) {
		w.visit(t.fallback)
		w.required = w.required && (t.fallback == nil || t.fallback.requires())
	}
	return ClientAuth{names: joined(w.names), Required: w.required && len(w.names) > 0}
}

// AddressClientAuth is what all routes of hosts that are IP addresses want together, by a listener of that name. A client that asks for one
// names nothing in its handshake (RFC 6066 section 3), nor can the address be known behind a port mapping. It never requires a certificate.
func (t *Table) AddressClientAuth(listener string) (a ClientAuth) {
	if !t.AsksForCertificates() {
		return a
	}
	w := certifiedWalk{index: t.index, listener: listener}
	for _, part := range t.index.certified.parts {
		for _, routes := range part {
			if p := routes[0].key.place(); p.kind != dialect.HostExact || !IsAddress(p.host) {
				continue
			}
			for _, r := range routes {
				w.visit(r)
			}
		}
	}
	return ClientAuth{names: joined(w.names)}
}

// Or is what is asked where another request of the connection may want something else: nothing is required then.
func (a ClientAuth) Or(b ClientAuth) ClientAuth {
	if b.names == "" {
		return a
	}
	return ClientAuth{names: joined(append(a.Names(), b.Names()...))}
}

// IsAddress says whether a host is an IP address, with or without brackets.
func IsAddress(host string) bool {
	if n := len(host); n > 1 && host[0] == '[' && host[n-1] == ']' {
		host = host[1 : n-1]
	}
	if host == "" || host[len(host)-1] > '9' && !strings.Contains(host, ":") {
		return false
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}

// HostName is a host in the one form in which names are compared: in lower case, without the dot that may end a full name.
func HostName(host string) string { return strings.TrimSuffix(http1.LowerHost(host), ".") }

// certifiedWalk gathers what the routes of a host ask for, in the order in which they are matched.
type certifiedWalk struct {
	index    *index
	listener string
	names    []string
	required bool
}

// all visits all routes that may take requests for a host, and says whether some take all that those before them leave.
func (w *certifiedWalk) all(host string) bool {
	if len(host) > outside.MaxHost { // no longer one is a rule's
		host = ""
	}
	if host != "" && host[0] != '.' && w.level(place{kind: dialect.HostExact, host: host}) {
		return true
	}
	for _, n := range w.index.wild.of {
		if at := len(host) - n; at >= 1 && host[at] == '.' && w.level(place{kind: dialect.HostWildcard, host: host[at:]}) {
			return true
		}
	}
	for _, g := range w.index.globs {
		if g.pattern.Match(host) && w.level(place{kind: dialect.HostPattern, host: g.host, port: g.port}) {
			return true
		}
	}
	return w.level(place{})
}

// level visits the routes of one host as a rule writes it, whatever their ports, and says whether they take every path.
func (w *certifiedWalk) level(p place) bool {
	asking := w.index.certified.parts[w.index.hostShard(p.bare())][p.bare()]
	places := map[place]bool{}
	for _, r := range asking {
		if w.visit(r) && (r.key.port == p.port || p.kind != dialect.HostPattern && schemeOf(r.key.port) == tls443) {
			places[r.key.place()] = true
		}
	}
	if h := w.index.host(p.name()); h != nil {
		n := h.places()
		if p.kind != dialect.HostPattern && h.own[tls443] != nil {
			n += h.own[tls443].places()
		}
		w.required = w.required && n == len(places)
	}
	for one := range places {
		for r := range w.index.slot(one).all {
			w.required = w.required && r.requires()
		}
	}
	return w.takesAll(p)
}

// visit notes what a route asks for, if it is one of the listener's.
func (w *certifiedWalk) visit(r *Route) bool {
	if r == nil || !r.conditions.OnListener(w.listener) {
		return false
	}
	for _, c := range r.clientCAs() {
		w.names = append(w.names, c.Name)
	}
	return true
}

// takesAll says whether one of the routes of a host takes every path of it on any port, and sets no condition.
func (w *certifiedWalk) takesAll(p place) bool {
	if p.port != "" {
		return false
	}
	p.path = "/"
	for r := range w.index.slot(p).all {
		if r.conditions == nil && r.key.path.Kind != dialect.PathExact {
			return true
		}
	}
	return false
}

// bare is the name of a place without a port.
func (p place) bare() string {
	p.port = ""
	return p.name()
}

// places is how many places the paths are of.
func (h *paths) places() (n int) {
	for _, c := range h.lengths.counts {
		n += c
	}
	return n
}

// certify notes that the route of a key became r, or went where r is nil, among those that ask for client certificates.
func (e *editor) certify(k routeKey, r *Route) {
	name := k.place().bare()
	n := e.hostShard(name)
	old := e.certified.parts[n][name]
	next := slices.DeleteFunc(slices.Clone(old), func(o *Route) bool { return o.key == k })
	if len(r.clientCAs()) > 0 {
		next = append(next, r)
	}
	if len(old) == 0 && len(next) == 0 {
		return
	}
	e.certified.size += len(next) - len(old)
	e.certified.parts[n] = cloned(e.certified.parts[n]) // they are few
	if len(next) == 0 {
		delete(e.certified.parts[n], name)
	} else {
		e.certified.parts[n][name] = next
	}
}
