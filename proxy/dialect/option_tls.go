package dialect

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// tlsOptions say what a route asks of the TLS between clients and the proxy.
var tlsOptions = []option{
	{name: "https", scope: scopeRoute, restricts: true, set: setHTTPS, print: printHTTPS},
	{name: "prefer-https", scope: scopeRoute, set: setPreferHTTPS, print: printPreferHTTPS},
	{name: "hsts", scope: scopeRoute, set: setHSTS, print: printHSTS},
	{name: "client-ca", scope: scopeRoute, restricts: true, set: setClientCA, print: printClientCA},
}

func setHTTPS(l *line, value string) error {
	switch {
	case value == "off":
		l.rule.Policy.TLS.Redirect = false
		return nil
	case value != "redirect":
		return fmt.Errorf("https=%s is neither redirect nor off", shown(value))
	case l.env.PlainOnly:
		return errors.New("https=redirect: nothing here serves HTTPS (-tls-listen): the route is refused")
	}
	l.rule.Policy.TLS.Redirect = true
	return nil
}

func printHTTPS(r *Rule) []string { return printIf(r.Policy.TLS.Redirect, "redirect") }

func setPreferHTTPS(l *line, value string) error {
	on, err := parseSwitch("prefer-https", value)
	l.rule.Policy.TLS.Prefer = on
	return err
}

func printPreferHTTPS(r *Rule) []string { return printIf(r.Policy.TLS.Prefer, "") }

// A year is the least for which the lists in browsers take a host, and ten are longer than anybody means.
const (
	year    = 365 * 24 * 60 * 60
	maxHSTS = 10 * year
)

// setHSTS reads SECONDS[,includeSubDomains][,preload], or off.
func setHSTS(l *line, value string) error {
	if value == "off" {
		l.rule.Policy.Filters.HSTS = ""
		return nil
	}
	parts := l.list(value)
	age, err := strconv.ParseUint(parts[0], 10, 32)
	if err != nil || age > maxHSTS {
		return fmt.Errorf("hsts=%s does not begin with a number of seconds, %d at most", shown(value), maxHSTS)
	}
	subdomains, preload := false, false
	for _, part := range parts[1:] {
		switch {
		case strings.EqualFold(part, "includeSubDomains") && !subdomains:
			subdomains = true
		case strings.EqualFold(part, "preload") && !preload:
			preload = true
		default:
			return fmt.Errorf("hsts=%s: behind the seconds stand includeSubDomains and preload, each once", shown(value))
		}
	}
	if preload && (age < year || !subdomains) {
		l.note("hsts: preload has no effect without includeSubDomains and %d seconds: no list takes such a host", year)
		preload = false
	}
	text := "max-age=" + strconv.FormatUint(age, 10)
	if subdomains {
		text += hstsSubDomains
	}
	if preload {
		text += hstsPreload
	}
	l.rule.Policy.Filters.HSTS = text
	return nil
}

const hstsSubDomains, hstsPreload = "; includeSubDomains", "; preload"

func printHSTS(r *Rule) []string {
	age, ok := strings.CutPrefix(r.Policy.Filters.HSTS, "max-age=")
	return printIf(ok, strings.ReplaceAll(age, "; ", "|"))
}

func setClientCA(l *line, value string) error {
	c, ok := ParseClientCA(value)
	if !ok {
		return fmt.Errorf("client-ca=%s is neither NAME nor NAME:optional; the route is refused", shown(value))
	}
	if err := known(c.Name, l.env.ClientCAs, "client-ca", "-client-ca"); err != nil {
		return err
	}
	l.rule.Policy.TLS.Client = c
	return nil
}

func printClientCA(r *Rule) []string {
	c := r.Policy.TLS.Client
	return printIf(c.Name != "", c.String())
}
