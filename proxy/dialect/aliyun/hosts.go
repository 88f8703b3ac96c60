package aliyun

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Bounds of what one label may name. Names and paths have those of the cloud's manual, the number of names that of an instance's routes.
const (
	maxText  = 128
	maxNames = 64
)

// hosts makes rules of the hosts that a label names: [http://]HOST[/PATH], with semicolons or commas between.
func (r *reader) hosts(l label) {
	if why := dialect.Withheld(l.value); why != "" {
		r.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Reason: why, Restricts: true}, r.sources(l)...) // it may have had https://
		return
	}
	n := 0
	for name := range strings.FieldsFuncSeq(l.value, func(c rune) bool { return c == ';' || c == ',' }) {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if n++; n > maxNames {
			r.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Reason: fmt.Sprintf("it names more than %d hosts: the others have no route", maxNames),
				Restricts: strings.Contains(strings.ToLower(l.value), "https://")}, r.sources(l)...)
			return
		}
		r.host(l, name)
	}
	if n == 0 {
		r.refuse("it names no host", "write a host such as shop or shop.example.com", r.sources(l)...)
	}
}

// host makes the rules of one host.
func (r *reader) host(l label, text string) {
	a, err := parseAddress(text)
	if err != nil {
		v := dialect.Verdict{Kind: dialect.VerdictRefused, Rule: shown(text), Reason: shown(text) + ": " + err.Error(), Restricts: a.tls}
		if errors.Is(err, errVariable) {
			v.Advice = setVariable
		}
		r.tell(v, r.sources(l)...)
		return
	}
	for _, host := range a.hosts(r.env.Domain) {
		r.line(l, a, host)
	}
	if strings.HasSuffix(a.host, ".local") && !r.defaults.Restricts() {
		r.tell(dialect.Verdict{Kind: dialect.VerdictPartly, Rule: a.host + a.path,
			Reason: a.host + " was for other containers only; here it is a route for everybody who can reach the proxy, since who is a container can't be told",
			Advice: "pointsman.allow=NETWORKS lets only their networks in"}, r.sources(l)...)
	}
}

// line makes the rule of one host, by way of a line in our own language.
func (r *reader) line(l label, a address, host string) {
	text := host + a.port + a.path
	if r.on {
		text += " sticky"
	}
	if a.tls {
		text += " listener=" + tlsListener
	}
	rule, verdicts := r.defaults.ParseLine(text, dialect.PathSegments, r.env)
	for _, v := range verdicts {
		if a.tls && v.Kind == dialect.VerdictRefused {
			v.Advice = "https:// needs a listener for TLS of that name; where something in front of the proxy does TLS, write http://"
		}
		r.tell(v, r.sources(l)...)
	}
	if rule != nil {
		rule.Language, rule.Sources = Name, r.sources(l)
		r.add(rule)
	}
}

// tlsListener is the name of the listener for TLS, unless another one was given.
const tlsListener = "https"

// address is one host of a label, taken apart.
type address struct {
	host string // in lower case
	port string // with its colon, or ""
	path string // begins with a slash
	tls  bool   // by TLS only
}

// hosts are those that the address means. A name without dots is short, and taken both as it is and below the domain.
func (a address) hosts(domain string) []string {
	if strings.Contains(a.host, ".") || domain == "" {
		return []string{a.host}
	}
	return []string{a.host, a.host + "." + domain}
}

var errVariable = errors.New("it holds a variable that was not replaced by its value")

const setVariable = "set the variable where docker-compose runs, or in its file .env"

func parseAddress(text string) (a address, err error) {
	rest := text
	if scheme, after, ok := strings.Cut(text, "://"); ok {
		rest, a.tls = after, strings.EqualFold(scheme, "https")
		if !a.tls && !strings.EqualFold(scheme, "http") {
			return a, errors.New("a host begins with http://, https:// or its name: this proxy serves HTTP")
		}
	}
	if strings.Contains(text, "$") {
		return a, errVariable
	}
	a.host, a.path = strings.ToLower(rest), "/"
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		a.host, a.path = strings.TrimSuffix(strings.ToLower(rest[:i]), ":"), rest[i:]
	}
	if i := strings.IndexByte(a.host, ':'); i >= 0 {
		a.host, a.port = a.host[:i], a.host[i:]
	}
	a.host = strings.TrimSuffix(a.host, ".")
	switch {
	case a.host == "":
		return a, errors.New("it names no host")
	case len(a.host) > maxText || len(a.path) > maxText:
		return a, fmt.Errorf("a host and a path may have %d bytes each", maxText)
	case a.port != "" && dialect.ParsePort(a.port[1:]) == 0:
		return a, errors.New("a number between 1 and 65535 stands behind a colon; a path begins with a slash")
	}
	return a, a.check()
}

// check sees to it that nothing but a host and a path comes into a line.
func (a address) check() error {
	host, err := dialect.ParseHost(a.host)
	if err != nil {
		return err
	}
	if host.Kind != dialect.HostExact && host.Kind != dialect.HostWildcard || strings.HasPrefix(a.host, "[") {
		return errors.New("the host is neither a name nor *. and a name")
	}
	_, err = dialect.ParsePath(dialect.PathSegments, a.path)
	return err
}
