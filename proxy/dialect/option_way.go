package dialect

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/discovery/outside"
)

// wayOptions say how an instance is spoken to.
var wayOptions = []option{
	{name: "proto", scope: scopeInstance, fabio: true, forwards: true, set: setProto, print: printProto},
	{name: "tlsskipverify", scope: scopeInstance, fabio: true, forwards: true, set: setSkip, print: printSkip, judge: judgeSkip},
	{name: "servername", scope: scopeInstance, forwards: true, set: setServerName, print: printServerName, judge: judgeServerName},
	{name: "ca", scope: scopeInstance, trusts: true, forwards: true, set: setCA, print: printCA, judge: judgeTrust},
	{name: "client-cert", scope: scopeInstance, trusts: true, forwards: true, set: setClientCert, print: printClientCert, judge: judgeTrust},
}

// NoNames is a list of names in Env that has none; it is no name itself.
const NoNames = ","

func setProto(l *line, value string) error {
	value = strings.ToLower(value)
	l.rule.Options.TLS = value == "https"
	if value != "https" && value != "http" && value != "" {
		l.note("proto=%s is not known; http is used", shown(value))
	}
	return nil
}

func printProto(r *Rule) []string { return printIf(r.Options.TLS, "https") }

func setSkip(l *line, value string) error {
	l.rule.Options.TLSSkipVerify = value == "true"
	if value != "true" && value != "false" {
		l.note("tlsskipverify=%s is neither true nor false; certificates are verified", shown(value))
	}
	return nil
}

func printSkip(r *Rule) []string { return printIf(r.Options.TLSSkipVerify, "true") }

func judgeSkip(l *line) {
	if o := &l.rule.Options; o.TLSSkipVerify && !o.TLS {
		l.note("tlsskipverify=true has no effect without proto=https")
		o.TLSSkipVerify = false
	}
}

func setServerName(l *line, value string) error {
	if _, err := netip.ParseAddr(value); err != nil && !outside.IsHostName(value) {
		return fmt.Errorf("servername=%s is neither a host name nor an IP address", shown(value))
	}
	l.rule.Options.ServerName = value
	return nil
}

func printServerName(r *Rule) []string {
	return printIf(r.Options.ServerName != "", r.Options.ServerName)
}

func judgeServerName(l *line) {
	if o := &l.rule.Options; o.ServerName != "" && !o.TLS {
		l.note("servername has no effect without proto=https")
		o.ServerName = ""
	}
}

func setCA(l *line, value string) (err error) {
	l.rule.Options.CA, err = value, known(value, l.env.UpstreamCAs, "ca", "-upstream-ca")
	return err
}

func printCA(r *Rule) []string { return printIf(r.Options.CA != "", r.Options.CA) }

func setClientCert(l *line, value string) (err error) {
	l.rule.Options.ClientCert, err = value, known(value, l.env.UpstreamCerts, "client-cert", "-upstream-cert")
	return err
}

func printClientCert(r *Rule) []string {
	return printIf(r.Options.ClientCert != "", r.Options.ClientCert)
}

// known is nil for a name that the operator has given by a flag.
func known(name, names, option, flag string) error {
	switch {
	case !IsListenerName(name):
		return fmt.Errorf("%s=%s is no name of %s", option, shown(name), flag)
	case names == NoNames:
		return fmt.Errorf("%s=%s: the proxy has no %s: the route is refused", option, name, flag)
	case names != "" && !slices.Contains(strings.Split(names, ","), name):
		return fmt.Errorf("%s=%s: there is no %s of that name (there are %s): the route is refused", option, name, flag, names)
	}
	return nil
}

// distrust says why a line asks for less than it names: over plain HTTP nobody is verified, and nobody is shown a certificate. A line would
// be served all the same, and nobody would notice.
func (l *line) distrust(list []word) error {
	for _, w := range list {
		switch o := &l.rule.Options; {
		case w.known == nil || !w.known.trusts || w.idle || w.byDefault:
		case !o.TLS:
			return fmt.Errorf("%s without proto=https: the route is refused rather than served over plain HTTP", w.key)
		case w.key == "ca" && o.TLSSkipVerify:
			return errors.New("ca beside tlsskipverify=true: who has issued the certificate would not be verified")
		}
	}
	return nil
}

// judgeTrust is about what all routes of the instance have; what a line has itself, distrust judges.
func judgeTrust(l *line) {
	o := &l.rule.Options
	if !o.TLS {
		o.CA, o.ClientCert = "", ""
	}
	if o.CA != "" && o.TLSSkipVerify {
		l.note("tlsskipverify=true has no effect beside ca")
		o.TLSSkipVerify = false
	}
}

// printIf is a value where it is asked for.
func printIf(on bool, value string) []string {
	if !on {
		return nil
	}
	return []string{value}
}
