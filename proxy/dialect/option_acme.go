package dialect

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// acmeOptions say where a route's certificate comes from.
var acmeOptions = []option{
	{name: "tls", scope: scopeRoute, set: setTLS, print: printTLS, judge: judgeTLS},
}

func setTLS(l *line, value string) error {
	if value != "acme" {
		return fmt.Errorf("tls=%s is not acme", shown(value))
	}
	l.rule.Policy.ACME = true
	return nil
}

func printTLS(r *Rule) []string { return printIf(r.Policy.ACME, "acme") }

// judgeTLS notes where no certificate can be ordered: only for one name, which clients reach over TLS.
func judgeTLS(l *line) {
	host := l.rule.Match.Host
	_, noAddress := netip.ParseAddr(strings.Trim(host.Text, "[]"))
	switch {
	case host.Kind != HostExact || noAddress == nil:
		l.note("tls=acme has no effect here: a certificate is ordered for a host name in full, such as shop.example.com")
	case l.env.NoACME:
		l.note("tls=acme has no effect: the proxy orders no certificates (it has no -acme-dir, or no -tls-listen)")
	case l.inPlainTextOnly():
		l.note("tls=acme has no effect: the listeners on which the route is served do not speak TLS")
	default:
		return
	}
	l.rule.Policy.ACME = false
}

// inPlainTextOnly says whether none of the listeners on which the route is served speaks TLS.
func (l *line) inPlainTextOnly() bool {
	c := l.rule.Match.Conditions
	if c == nil || l.env.SecureListeners == "" {
		return false
	}
	return !slices.ContainsFunc(strings.Split(l.env.SecureListeners, ","), c.OnListener)
}
