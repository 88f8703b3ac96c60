package dialect

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/discovery/outside"
)

// upstreamOptions say what a route leads to that no service registers, and how what it leads to is checked.
var upstreamOptions = slices.Concat(leadOptions, checkOptions)

var leadOptions = []option{
	{name: "service", scope: scopeInstance, repeats: true, forwards: true, set: setService, print: printService},
	{name: "to", scope: scopeInstance, repeats: true, forwards: true, set: setTo, print: printTo},
	{name: "respond", scope: scopeRoute, operator: true, answers: true, set: setRespond, print: printRespond},
}

// maxDestinations bounds the services and addresses of one line.
const maxDestinations = 64

func setService(l *line, value string) error {
	if l.env.Writer == WriterTag {
		return errors.New("service is for lines in the routes file and in KV: the route of a tag leads to the instance that carries it")
	}
	u := &l.rule.Options.Upstream
	for _, name := range l.list(value) {
		service, err := ParseServiceName(name)
		if err != nil {
			return errors.New("service needs the name of a service")
		}
		u.Services = append(u.Services, service)
	}
	return tooMany(len(u.Services))
}

func tooMany(n int) error {
	if n > maxDestinations {
		return fmt.Errorf("a line may lead to %d services and addresses", maxDestinations)
	}
	return nil
}

func printService(r *Rule) []string {
	list := r.Options.Upstream.Services
	return printIf(len(list) > 0, serviceTexts(list, ""))
}

func setTo(l *line, value string) error {
	if l.env.Writer == WriterTag {
		return errors.New("only the operator may write to: in the routes file; the route of a tag leads to the instance that carries it")
	}
	u := &l.rule.Options.Upstream
	for _, text := range l.list(value) {
		d, err := ParseDestination(text)
		if err != nil {
			return err
		}
		if l.env.Writer != WriterOperator && !d.Address.IsValid() {
			return fmt.Errorf("only the operator may write to=%s: KV may name IP addresses of -allow-upstreams, and services", shown(text))
		}
		u.To = append(u.To, d)
	}
	return tooMany(len(u.To))
}

func printTo(r *Rule) []string {
	list := r.Options.Upstream.To
	return printIf(len(list) > 0, destinationTexts(list))
}

// ParseDestination reads address:port, name:port or unix:/path.
func ParseDestination(text string) (d Destination, err error) {
	if path, ok := strings.CutPrefix(text, socketPrefix); ok {
		return Destination{Socket: path}, checkSocket(path)
	}
	host, port, err := splitAuthority(strings.ToLower(text))
	if err != nil {
		return d, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return d, fmt.Errorf("to=%s: want address:port, name:port or unix:/path", shown(text))
	}
	d.Port = uint16(n)
	if ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")); err == nil {
		d.Address = ip.Unmap()
		return d, outside.CheckUnicast(ip)
	}
	if err := outside.CheckHost(host); err != nil || strings.HasSuffix(host, ".") {
		return d, fmt.Errorf("to=%s: %w", shown(text), cmp.Or(err, errDots))
	}
	if ip, ok := outside.ParseLiteral(host); ok { // localhost
		d.Address = ip
		return d, nil
	}
	d.Host = host
	return d, nil
}

var errDots = errors.New("the name ends in more than one dot")

// maxSocket is the longest path of a Unix socket in bytes (sun_path, with its end).
const maxSocket = 107

func checkSocket(path string) error {
	switch {
	case !strings.HasPrefix(path, "/"):
		return fmt.Errorf("to=unix:%s: the path of a Unix socket begins with a slash", shown(path))
	case len(path) > maxSocket:
		return fmt.Errorf("the path of a Unix socket has at most %d bytes", maxSocket)
	}
	return nil
}

// maxRespond bounds the text of an answer, so that a listener can send it in one piece.
const maxRespond = 1024

func setRespond(l *line, value string) (err error) {
	l.rule.Policy.Respond, err = parseRespond(value)
	return err
}

// parseRespond reads an answer: a status, and a text behind a comma.
func parseRespond(value string) (*Respond, error) {
	code, text, _ := strings.Cut(value, ",")
	n, err := strconv.Atoi(code)
	switch {
	case err != nil || n < 200 || n > 599 || n >= 300 && n < 400:
		return nil, fmt.Errorf("respond=%s: want a status of 200 to 299 or 400 to 599, and a text behind a comma", shown(value))
	case (n == 204 || n == 205) && text != "":
		return nil, fmt.Errorf("respond=%d has no text (RFC 9110, section 15.3)", n)
	case len(text) > maxRespond:
		return nil, fmt.Errorf("the text of respond has at most %d bytes", maxRespond)
	}
	return &Respond{Status: n, Text: text}, nil
}

func printRespond(r *Rule) []string {
	p := r.Policy.Respond
	if p == nil {
		return nil
	}
	return []string{p.String()}
}
