package nginx

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// redirect is a status with a URL.
func (a *at) redirect(r *convert.Route, d *directive, code, text string) {
	to := text
	noQuery := strings.HasSuffix(to, "?")
	to = strings.TrimSuffix(to, "?")
	scheme := "http"
	if len(a.h.listeners) > 0 && a.h.listeners[0].tls {
		scheme = "https"
	}
	to = strings.ReplaceAll(to, "$scheme", scheme)
	if strings.Contains(to, "$uri") && !strings.Contains(to, "$is_args$args") && !noQuery {
		d.partly("the query goes with it", "")
	}
	for _, s := range []string{"$request_uri", "${request_uri}", "$uri$is_args$args", "$document_uri", "${uri}", "$uri"} {
		to = strings.ReplaceAll(to, s, "$path")
	}
	to = strings.NewReplacer("${host}", "$host", "$http_host", "$host", "$host:$server_port", "$host", "$host:443", "$host").Replace(to)
	to = strings.ReplaceAll(to, "$server_name", a.serverName())
	if err := r.Set("redirect", code+","+to); err != nil {
		refuse([]*convert.Route{r}, d, err.Error(), "")
		return
	}
	d.carried("redirect=")
	if strings.HasPrefix(to, "https://$host") && strings.HasSuffix(to, "$path") && len(a.h.listeners) > 0 && !a.h.listeners[0].tls {
		d.carried("-redirect-https does this for all hosts")
	}
}

// serverName is what $server_name means.
func (a *at) serverName() string {
	if len(a.s.names) == 0 || strings.HasPrefix(a.s.names[0], "~") {
		return ""
	}
	return a.s.names[0]
}

// redirects carries a rewrite over that sends the client elsewhere, whatever its path; it is false for others.
func (a *at) redirects(r *convert.Route, d *directive, s *scope) bool {
	re, to, code := d.arg(0), s.expand(d.arg(1)), redirectCode(d, s)
	if code == "" {
		return false
	}
	switch {
	case re == "^" || re == "^/" || re == ".*" || re == "^.*$" || re == "^/.*$" || re == "^.*" || re == "/":
		a.redirect(r, d, code, to)
	case (re == "^(.*)$" || re == "^(.*)" || re == "(.*)" || re == "^/(.*)$" || re == "^/(.*)") && strings.HasSuffix(strings.TrimSuffix(to, "?"), "$1"):
		a.redirect(r, d, code, strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(to, "?"), "$1"), "/")+"$request_uri")
	case a.redirectsBelow(r, d, re, to, code):
	default:
		refuse([]*convert.Route{r}, d, "a redirect by this expression can't be written", "")
	}
	return true
}

// redirectsBelow is ^/x/(.*)$ https://host/y/$1 in a location /x/.
func (a *at) redirectsBelow(r *convert.Route, d *directive, re, to, code string) bool {
	prefix, ok := literalPrefix(re)
	to, group := strings.CutSuffix(strings.TrimSuffix(to, "?"), "/$1")
	if !ok || !group || strings.Contains(to, "$1") || a.path != prefix+"/" || a.exact || a.regexp != nil {
		return false
	}
	a.redirect(r, d, code, to+"$request_uri")
	if prefix != "" && !r.Closed() {
		a.mustHave(r, d, "strip", prefix)
	}
	return true
}

// redirectsPart is ^/x/(.*)$ https://host/y/$1 in a location /x, of which it redirects what is below /x/ alone. It is nil for others.
func (a *at) redirectsPart(r *convert.Route, d *directive, s *scope) *convert.Route {
	re, code := d.arg(0), redirectCode(d, s)
	to, group := strings.CutSuffix(strings.TrimSuffix(s.expand(d.arg(1)), "?"), "/$1")
	prefix, ok := literalPrefix(re)
	if code == "" || !ok || !group || strings.Contains(to, "$1") || prefix == "" || prefix != a.path || a.exact || a.regexp != nil {
		return nil
	}
	one := *r
	one.Words = slices.Clone(r.Words)
	if err := one.Add("path-regexp", re); err != nil {
		refuse(only(r), d, err.Error(), "")
		return nil
	}
	a.redirect(&one, d, code, to+"$request_uri")
	if !one.Closed() {
		a.mustHave(&one, d, "strip", prefix)
	}
	d.carried(convert.Shown(prefix) + " itself, and paths that go on without a slash, are not redirected by this expression: they have a route of their own")
	return &one
}

// redirectCode is the status of a rewrite that redirects, "" where it does not.
func redirectCode(d *directive, s *scope) string {
	to := s.expand(d.arg(1))
	switch {
	case d.arg(2) == "permanent":
		return "301"
	case d.arg(2) == "redirect", strings.HasPrefix(to, "http://"), strings.HasPrefix(to, "https://"), strings.HasPrefix(to, "$scheme"):
		return "302"
	}
	return ""
}

var belowLiteral = regexp.MustCompile(`^\^((?:/[A-Za-z0-9_~-]+(?:\\?\.[A-Za-z0-9_~-]+)*)*)/\(\.\*\)\$?$`)

// literalPrefix is the text of an expression ^/text/(.*).
func literalPrefix(re string) (string, bool) {
	m := belowLiteral.FindStringSubmatch(re)
	if m == nil {
		return "", false
	}
	return strings.ReplaceAll(m[1], `\`, ""), true
}
