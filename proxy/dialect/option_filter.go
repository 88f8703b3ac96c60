package dialect

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// filterOptions say who may use a route, and what is changed in requests and responses.
var filterOptions = []option{
	{name: "redirect", scope: scopeRoute, fabio: true, answers: true, set: setRedirect, print: printRedirect},
	{name: "strip", scope: scopeInstance, fabio: true, set: setStrip, print: printStrip, judge: judgeStrip},
	{name: "prepend", scope: scopeInstance, fabio: true, forwards: true, set: setPrepend, print: printPrepend, judge: judgePrepend},
	{name: "replace-path", scope: scopeInstance, forwards: true, set: setReplacePath, print: printReplacePath},
	{name: "host", scope: scopeInstance, fabio: true, forwards: true, set: setHost, print: printHost},
	{name: "proxy-redirect", scope: scopeInstance, forwards: true, set: setProxyRedirect, print: printProxyRedirect},
	{name: "request-header", repeats: true, forwards: true, conceal: concealField, set: setRequestHeader, print: printRequestHeader},
	{name: "response-header", repeats: true, conceal: concealSecretField, set: setResponseHeader, print: printResponseHeader},
	{name: "cors", set: setCORS, print: printCORS, judge: judgeCORS},
	{name: "cors-credentials", set: setCORSCredentials, print: printCORSCredentials, judge: judgeCORS},
	{name: "cors-methods", set: setCORSMethods, print: printCORSMethods, judge: judgeCORS},
	{name: "cors-headers", set: setCORSHeaders, print: printCORSHeaders, judge: judgeCORS},
	{name: "cors-expose", set: setCORSExpose, print: printCORSExpose, judge: judgeCORS},
	{name: "cors-max-age", set: setCORSMaxAge, print: printCORSMaxAge, judge: judgeCORS},
	{name: "max-body", set: setMaxBody, print: printMaxBody},
	{name: "rate-limit", restricts: true, repeats: true, set: setRateLimit, print: printRateLimit},
	{name: "allow", scope: scopeRoute, restricts: true, fabio: true, set: setAllow, print: printAllow},
	{name: "deny", scope: scopeRoute, restricts: true, fabio: true, set: setDeny, print: printDeny},
	{name: "auth", scope: scopeRoute, restricts: true, conceal: concealAll, fabio: true, set: setAuth, print: printAuth, judge: judgeAuth},
	{name: "auth-realm", restricts: true, set: setAuthRealm, print: printAuthRealm, judge: judgeAuth},
	{name: "auth-pass", restricts: true, set: setAuthPass, print: printAuthPass, judge: judgeAuth},
	{name: "forward-auth", restricts: true, set: setForwardAuth, print: printForwardAuth, judge: judgeForwardAuth},
	{name: "forward-auth-headers", restricts: true, set: setForwardAuthHeaders, print: printForwardAuthHeaders, judge: judgeForwardAuth},
	{name: "forward-auth-sends", restricts: true, set: setForwardAuthSends, print: printForwardAuthSends, judge: judgeForwardAuth},
	{name: "forward-auth-timeout", restricts: true, set: setForwardAuthTimeout, print: printForwardAuthTimeout, judge: judgeForwardAuth},
}

func setRedirect(l *line, value string) (err error) {
	if !l.fabio {
		value = strings.Replace(value, "|", ",", 1)
	}
	l.rule.Policy.Redirect, err = parseRedirect(value)
	return err
}

func printRedirect(r *Rule) []string {
	if r.Policy.Redirect == nil {
		return nil
	}
	return []string{strconv.Itoa(r.Policy.Redirect.Code) + "," + r.Policy.Redirect.URL}
}

func setStrip(l *line, value string) error {
	l.rule.Options.Strip = value
	l.keepLocation()
	return checkPath(value)
}

func printStrip(r *Rule) []string { return printIf(r.Options.Strip != "", r.Options.Strip) }

func judgeStrip(l *line) {
	o := &l.rule.Options
	if o.Strip != "" && !l.rule.strips() {
		l.note("strip=%s has no effect: no path of this route begins with it", shown(o.Strip))
		o.Strip = ""
	}
	if p := l.rule.Policy.Redirect; o.Strip != "" && p != nil && !strings.Contains(p.URL, "$path") {
		l.note("strip has no effect beside a redirect without $path")
		o.Strip = ""
	}
}

func setPrepend(l *line, value string) error {
	l.rule.Options.Prepend = strings.TrimSuffix(value, "/")
	l.keepLocation()
	return checkPath(value)
}

func printPrepend(r *Rule) []string {
	value := r.Options.Prepend
	if strings.HasSuffix(value, "/") { // of several at the end, setPrepend took one
		value += "/"
	}
	return printIf(value != "", value)
}

func judgePrepend(l *line) {
	if l.rule.Options.Prepend == "" {
		l.note("prepend=/ has no effect")
	}
}

func setHost(l *line, value string) error {
	o := &l.rule.Options
	l.keepLocation()
	switch {
	case value == "dst", value == "instance" && !l.fabio:
		o.Host, o.HostDst = "", true
		return nil
	case value == "keep" && !l.fabio:
		o.Host, o.HostDst = "", false
		return nil
	}
	text, _, err := splitAuthority(strings.ToLower(value))
	if err != nil {
		return err
	}
	if host, err := ParseHost(text); err != nil || host.Kind != HostExact {
		return fmt.Errorf("host=%s names no host", shown(value))
	}
	o.Host, o.HostDst = value, false
	return nil
}

func printHost(r *Rule) []string {
	if r.Options.HostDst {
		return []string{"dst"}
	}
	return printIf(r.Options.Host != "", r.Options.Host)
}

func setAllow(l *line, value string) (err error) {
	p := &l.rule.Policy
	if p.Deny != nil {
		return errors.New("deny and allow in one tag")
	}
	p.Allow, err = parseNetworks(l.list(value), !l.fabio)
	return err
}

func printAllow(r *Rule) []string {
	return printIf(len(r.Policy.Allow) > 0, networks(r.Policy.Allow))
}

func setDeny(l *line, value string) (err error) {
	p := &l.rule.Policy
	if p.Allow != nil {
		return errors.New("allow and deny in one tag")
	}
	p.Deny, err = parseNetworks(l.list(value), !l.fabio)
	return err
}

func printDeny(r *Rule) []string { return printIf(len(r.Policy.Deny) > 0, networks(r.Policy.Deny)) }

// keepLocation leaves Location alone where a tag of Fabio's changes path or host, as Fabio does.
func (l *line) keepLocation() {
	if l.fabio {
		l.rule.Options.KeepLocation = true
	}
}

func setProxyRedirect(l *line, value string) error {
	switch value {
	case "default", "off":
		l.rule.Options.KeepLocation = value == "off"
		return nil
	}
	return fmt.Errorf("proxy-redirect=%s is neither default nor off", shown(value))
}

func printProxyRedirect(r *Rule) []string { return printIf(r.Options.KeepLocation, "off") }

func setReplacePath(l *line, value string) (err error) {
	l.rule.Options.Replace, err = ParsePathReplacement(value)
	return err
}

func printReplacePath(r *Rule) []string {
	if r.Options.Replace == nil {
		return nil
	}
	return []string{r.Options.Replace.Text}
}
