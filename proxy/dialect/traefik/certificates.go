package traefik

import (
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

const keyResolver = "tls.certresolver"

// certificates has the certificates of the router's hosts ordered where it names a resolver, whichever that is: the proxy has one account. Names of
// certificates that no host of the rule has are told of.
func (x *router) certificates() {
	var hosts []string
	for _, t := range x.terms {
		if host, err := dialect.ParseHost(t.host); err == nil && host.Kind == dialect.HostExact {
			hosts = append(hosts, host.Text)
		}
	}
	resolver := x.of[keyResolver]
	x.ordered = x.of.value(keyResolver) != "" && !x.env.NoACME && len(hosts) > 0
	switch {
	case resolver == nil || x.ordered:
	case len(hosts) == 0:
		x.apart(resolver, dialect.VerdictPartly, "a certificate is ordered for a host that is named in full: the route is served with those that the operator gave")
	default:
		x.apart(resolver, dialect.VerdictPartly, "the proxy orders no certificates (it has no -acme-dir): the route is served with those that the operator gave")
	}
	for key, l := range x.of {
		if !strings.HasPrefix(key, "tls.domains") {
			continue
		}
		for name := range strings.SplitSeq(strings.ToLower(l.value), ",") {
			if !x.ordered || !slices.Contains(hosts, strings.TrimSpace(name)) {
				x.apart(l, dialect.VerdictIgnored, "certificates are ordered for the hosts of rules, and chosen by the names that they are for")
				break
			}
		}
	}
}

// apart tells of a label of the router by itself.
func (x *router) apart(l *label, kind dialect.VerdictKind, reason string) {
	x.sources = slices.DeleteFunc(x.sources, func(s string) bool { return s == source(l) })
	x.tell(dialect.Verdict{Kind: kind, Quiet: true, Reason: reason}, source(l))
}
