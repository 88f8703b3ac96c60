package traefik1

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// move is a redirect of a frontend.
type move struct {
	host  string // whose requests are sent elsewhere; "" is all
	plain bool   // only those without TLS are
	value string // of redirect= in a line
}

// redirectTo sends what comes without TLS to an entry point with it.
func redirectTo(x *frontend, value string) error {
	on, err := x.env.EntryPoints.Listeners([]string{value})
	if err != nil {
		return err
	}
	plain, _, err := x.env.ByTLS(on)
	switch {
	case err != nil:
		return err
	case len(plain) > 0:
		return fmt.Errorf("the entry point %s has no TLS: there is a redirect to HTTPS", quoted(value))
	}
	return x.moves(move{plain: true, value: x.code("frontend.redirect.permanent") + ",https://$host$path"})
}

// code is the status of a redirect, by the label that asks for a permanent one.
func (x *frontend) code(permanent string) string {
	if x.is(permanent) {
		return "301"
	}
	return "302"
}

// moves takes one redirect. Two would each answer a part of the requests.
func (x *frontend) moves(m move) error {
	if x.move != nil && *x.move != m {
		return errors.New("several labels ask for a redirect")
	}
	x.move = &m
	return nil
}

func sslRedirect(x *frontend, value string) error {
	if !strings.EqualFold(value, "true") {
		return nil
	}
	code := "301"
	if x.is("frontend.headers.ssltemporaryredirect") {
		code = "302"
	}
	return x.moves(move{plain: true, value: code + ",https://$host$path"})
}

// What people write to send the requests of one host elsewhere with the same path.
var (
	fromHost = regexp.MustCompile(`^\^?(https?|https\?|http\[s\]\?)://([A-Za-z0-9-]+(?:\\?\.[A-Za-z0-9-]+)*)/?\((?:\.\*|\.\+)\)\$?$`)
	toHost   = regexp.MustCompile(`^(https?)://([A-Za-z0-9.-]+)(:[0-9]+)?/?\$\{?1\}?$`)
)

// redirectRegexp reads regex and replacement where they send the requests of one host elsewhere.
func redirectRegexp(x *frontend, re string) error {
	from, to := fromHost.FindStringSubmatch(re), toHost.FindStringSubmatch(x.of.value("frontend.redirect.replacement"))
	if from == nil || to == nil {
		return errors.New("it says what no redirect of a line does: ^https?://HOST/(.*) and https://OTHER/$1 are understood")
	}
	m := move{host: strings.ToLower(strings.ReplaceAll(from[2], `\`, "")), plain: from[1] == "http",
		value: x.code("frontend.redirect.permanent") + "," + to[1] + "://" + to[2] + to[3] + "$path"}
	if from[1] == "https" {
		return errors.New("what comes by HTTPS alone is not told apart there")
	}
	if strings.EqualFold(to[2], m.host) && to[3] == "" { // Traefik sends nobody to where he is
		if m.plain = true; to[1] != "https" {
			return errors.New("it leads to itself")
		}
	}
	return x.moves(m)
}

// variant is what a frontend asks for on some listeners.
type variant struct {
	listeners []string // nil is all
	redirect  string   // "" forwards
}

// variants are those of one alternative: where the frontend is redirected, what is and what is not are two.
func (x *frontend) variants(t term) (out []variant) {
	all := []variant{{listeners: x.on}}
	m := x.move
	switch {
	case m == nil || x.failed != nil || m.host != "" && t.host != m.host && t.exact():
		return all
	case m.host != "" && t.host != m.host:
		x.fail(errors.New("which of its hosts are redirected can't be told: write each with Host"))
		return all
	case !m.plain:
		return []variant{{x.on, m.value}}
	}
	plain, secure, err := x.env.ByTLS(x.on)
	if err != nil {
		x.fail(err)
		return all
	}
	if len(plain) > 0 {
		out = append(out, variant{plain, m.value})
	}
	if len(secure) > 0 {
		out = append(out, variant{listeners: secure})
	}
	return out
}

// exact says whether the term names a host in full.
func (t term) exact() bool {
	host, _ := dialect.ParseHost(t.host)
	return host.Kind == dialect.HostExact
}
