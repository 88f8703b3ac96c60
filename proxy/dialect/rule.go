package dialect

import (
	"net/netip"
	"slices"
	"strings"
)

// Rule is what one or more tags ask for. Immutable once parsed; it may be shared by many instances.
type Rule struct {
	// Language is the name of the language that it was written in.
	Language string
	// Name is what its language calls it, the same however its other parts change: in a line it is the source as written.
	Name string
	// Sources are the tags that it was made of, shortened and escaped for people.
	Sources []string
	// Lent is the owner (see Definition) whose tags ask for the route where those are not the instance's own; "" where they are.
	Lent string
	// Unasked says that nobody asked for the route: an instance of it may be none of HTTP.
	Unasked bool
	Match   Match
	Options Options
	Policy  Policy

	asks string // see Asks
}

// Options say how one instance is asked, and may differ from instance to instance of a route. The zero value forwards unchanged over
// HTTP.
type Options struct {
	// Share is a fixed share for each instance that carries it (0.05 is 5 %); 0 means a part of what the fixed ones leave.
	Share float64
	// Strip is removed from the front of the path, then Prepend is put there.
	Strip, Prepend string
	// Replace changes the path between the two; nil does not.
	Replace *PathReplacement
	// KeepLocation passes Location fields on as the instance wrote them.
	KeepLocation bool
	// Host replaces the Host field; with HostDst it is the instance's address and port.
	Host    string
	HostDst bool
	// TLS forwards over HTTPS; TLSSkipVerify does not verify the certificate.
	TLS, TLSSkipVerify bool
	// ServerName is sent in the handshake, and what the certificate must be for; "" means Host, and without one that of the address.
	ServerName string
	// CA and ClientCert name the operator's authorities that the instance's certificate must be of, and the certificate shown to it;
	// "" means the system's, and none.
	CA, ClientCert string
	// Balance is how the instance is chosen, besides Share.
	Balance InstanceBalance
	// Health is how the instance is found failing, where that was written.
	Health InstanceHealth
	// Upstream is what the rule leads to where that is no instance of a service.
	Upstream Upstream
}

// Policy is what a rule asks of its route, whichever instance is chosen. The zero value forwards for everybody.
type Policy struct {
	// Redirect answers instead of forwarding; nil forwards.
	Redirect *Redirect
	// Respond answers instead of forwarding, too.
	Respond *Respond
	// Allow and Deny are source filters; at most one of them is set.
	Allow, Deny []netip.Prefix
	// Closed lets nobody in: a restriction was asked for that can't be honoured. The route exists and answers that it is unavailable,
	// rather than leaving its path to a wider route that knows no restriction.
	Closed bool

	TLS      TLS
	Balance  Balance
	Tries    Tries
	Filters  Filters
	Compress Compress
	Files    Files
	Health   Health
	Log      Log
	// ACME asks for a certificate of the route's host.
	ACME bool
}

// Restricts says whether the rule narrows who may use its route.
func (r *Rule) Restricts() bool {
	if r.Policy.Closed {
		return true
	}
	for i := range options {
		if o := &options[i]; o.restricts && len(o.print(r)) > 0 {
			return true
		}
	}
	return false
}

// RestrictsAs says whether both rules restrict the same, in the same words. One that lets nobody in restricts as no other.
func (r *Rule) RestrictsAs(other *Rule) bool {
	if r.Policy.Closed || other.Policy.Closed {
		return false
	}
	return !slices.ContainsFunc(options, func(o option) bool { return o.restricts && !slices.Equal(o.print(r), o.print(other)) })
}

// restrictsAll says whether the rule restricts all that another one does, in the same words, and maybe more. One that lets nobody in does.
func (r *Rule) restrictsAll(other *Rule) bool {
	if r.Policy.Closed || other.Policy.Closed {
		return r.Policy.Closed
	}
	return !slices.ContainsFunc(options, func(o option) bool {
		words := o.print(other)
		return o.restricts && len(words) > 0 && !slices.Equal(o.print(r), words)
	})
}

// closed is the rule that lets nobody in at the same match.
func (r *Rule) closed() *Rule {
	return &Rule{Lent: r.Lent, Language: r.Language, Name: r.Name, Sources: r.Sources, Match: r.Match, Policy: Policy{Closed: true}, asks: "closed"}
}

// Asks is what the rule asks of its route in one text, the same for two rules that ask for the same; "" for nothing. It is no text for
// people.
func (r *Rule) Asks() string { return r.asks }

// seal notes what Asks says, when all options are set.
func (r *Rule) seal() {
	const between = "\x1f" // in no line
	var all []string
	for i := range options {
		if o := &options[i]; o.ofRoute() {
			all = append(all, o.words(r)...)
		}
	}
	if r.Policy.Closed {
		all = append(all, "closed")
	}
	r.asks = strings.Join(all, between)
}

// Unmet are the options of the rule, as Shown has them, that are not in effect where another rule decides how their route treats requests. What restricts is
// in effect whoever asks for it, and so is what answers requests.
func (r *Rule) Unmet(decides *Rule) (out []string) {
	for i := range options {
		o := &options[i]
		if !o.ofRoute() || o.restricts || o.answers {
			continue
		}
		if words := o.words(r); !slices.Equal(words, o.words(decides)) {
			out = append(out, o.shown(r)...)
		}
	}
	return out
}
