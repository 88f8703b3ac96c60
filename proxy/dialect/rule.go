package dialect

import (
	"net/netip"
	"strconv"
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
	Match   Match
	Options Options
	Policy  Policy
}

// Options say how one instance is asked, and may differ from instance to instance of a route. The zero value forwards unchanged over
// HTTP.
type Options struct {
	// Weight is a fixed share for each instance that carries it (0.05 is 5 %); 0 means a part of what the fixed ones leave.
	Weight float64
	// Strip is removed from the front of the path, then Prepend is put there.
	Strip, Prepend string
	// Host replaces the Host field; with HostDst it is the instance's address and port.
	Host    string
	HostDst bool
	// TLS forwards over HTTPS; TLSSkipVerify does not verify the certificate.
	TLS, TLSSkipVerify bool
}

// Policy is what a rule asks of its route, whichever instance is chosen. The zero value forwards for everybody.
type Policy struct {
	// Redirect answers instead of forwarding; nil forwards.
	Redirect *Redirect
	// Allow and Deny are source filters; at most one of them is set.
	Allow, Deny []netip.Prefix
	// Closed lets nobody in: a restriction was asked for that can't be honoured. The route exists and answers that it is unavailable,
	// rather than leaving its path to a wider route that knows no restriction.
	Closed bool
}

// Restricts says whether the rule narrows who may use its route.
func (r *Rule) Restricts() bool {
	return r.Policy.Closed || len(r.Policy.Allow) > 0 || len(r.Policy.Deny) > 0
}

// closed is the rule that lets nobody in at the same match.
func (r *Rule) closed() *Rule {
	return &Rule{Language: r.Language, Name: r.Name, Sources: r.Sources, Match: r.Match, Policy: Policy{Closed: true}}
}

// Words are the options in effect in the language of the tags, for people.
func (r *Rule) Words() []string {
	o, p := &r.Options, &r.Policy
	var out []string
	add := func(on bool, text string) {
		if on {
			out = append(out, text)
		}
	}
	add(o.Weight > 0, "weight="+strconv.FormatFloat(o.Weight, 'g', -1, 64))
	if p.Redirect != nil {
		add(true, "redirect="+strconv.Itoa(p.Redirect.Code)+","+p.Redirect.URL)
	}
	add(o.Strip != "", "strip="+o.Strip)
	add(o.Prepend != "", "prepend="+o.Prepend)
	add(o.Host != "", "host="+o.Host)
	add(o.HostDst, "host=dst")
	add(o.TLS, "proto=https")
	add(o.TLSSkipVerify, "tlsskipverify=true")
	add(len(p.Allow) > 0, "allow="+networks(p.Allow))
	add(len(p.Deny) > 0, "deny="+networks(p.Deny))
	return out
}

func networks(list []netip.Prefix) string {
	texts := make([]string, len(list))
	for i, p := range list {
		texts[i] = "ip:" + p.String()
	}
	return strings.Join(texts, ",")
}
