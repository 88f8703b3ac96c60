// Package dialect understands the routing languages that services speak in their tags: Fabio's `urlprefix-`, and the same
// grammar under our own prefix `pointsman.route=`. Text goes in, Rules and Rejects come out; nothing here does I/O.
//
// A bad tag costs its own route only. What looks like a restriction (allow, deny, auth) and cannot be honoured closes the
// route instead of opening it.
package dialect

import "net/netip"

// Dialect is the language that a Rule was written in; it decides how paths match.
type Dialect uint8

const (
	// Native matches paths on segment boundaries: /foo takes /foo and /foo/bar, not /foobar.
	Native Dialect = iota
	// Fabio matches paths as plain prefixes: /foo takes /foobar too.
	Fabio
)

// String is the dialect's name for people.
func (d Dialect) String() string {
	if d == Fabio {
		return "fabio"
	}
	return "native"
}

// Rule is what one tag asks for. Immutable; it may be shared by many instances.
type Rule struct {
	Dialect Dialect
	// Tag is the tag, shortened and escaped, for people.
	Tag string
	// Source is the part of the tag that names what is matched, as written.
	Source string
	// Host is in lower case, without port; "" is any host. It may be a pattern (*, ?, [a-z], [!a-z], {a,b}; * spans dots). Port is "" where the tag names none.
	Host, Port string
	// Path begins with a slash and is still percent-encoded.
	Path string
	// Inert, when not empty, says why the rule is understood but not in effect (TCP and gRPC routes).
	Inert string
	// Closed says that the tag was refused because of a restriction that cannot be honoured: the route exists and answers
	// that it is unavailable, rather than leaving its path to a wider route that knows no restriction.
	Closed  bool
	Options Options
}

// Options are the settings of a Rule. The zero value forwards unchanged over HTTP.
type Options struct {
	// Weight is a fixed share for each instance that carries it (0.05 is 5 %); 0 means a part of what the fixed ones leave.
	Weight float64
	// Redirect answers instead of forwarding; nil forwards.
	Redirect *Redirect
	// Strip is removed from the front of the path, then Prepend is put there.
	Strip, Prepend string
	// Host replaces the Host field; with HostDst it is the instance's address and port.
	Host    string
	HostDst bool
	// TLS forwards over HTTPS; TLSSkipVerify does not verify the certificate.
	TLS, TLSSkipVerify bool
	// Allow and Deny are source filters; at most one of them is set.
	Allow, Deny []netip.Prefix
	// Notes name options that are understood, or unknown, and not in effect.
	Notes []string
}

// Reject is a tag, or a part of one, that was refused.
type Reject struct {
	Service string
	// Tag is shortened and escaped.
	Tag string
	// Source is the tag's source if that much could be read; "" otherwise.
	Source string
	Reason string
}

// Env is what tags may refer to.
type Env struct {
	// Datacenter replaces $DC and ${DC}.
	Datacenter string
}
