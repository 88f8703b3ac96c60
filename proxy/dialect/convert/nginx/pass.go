package nginx

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// passTo is where a proxy_pass leads.
type passTo struct {
	tls bool
	// authority is as written: the name of an upstream, or host:port. host is what nginx sends as Host.
	authority, host string
	// uri is what takes the place of the location's text; uried says that there is one, and whole that it takes the place of the whole path, as it
	// has variables.
	uri   string
	uried bool
	whole bool
}

// passed reads a proxy_pass.
func (c *converter) passed(d *directive, s *scope) (*upstream, passTo, error) {
	raw := d.arg(0)
	text := s.expand(raw)
	var p passTo
	p.whole = strings.Contains(raw, "$")
	rest, ok := strings.CutPrefix(text, "http://")
	if !ok {
		if rest, ok = strings.CutPrefix(text, "https://"); !ok {
			return nil, p, errors.New("it names neither http:// nor https://")
		}
		p.tls = true
	}
	if path, ok := strings.CutPrefix(rest, "unix:"); ok {
		path, p.uri, p.uried = strings.Cut(path, ":")
		p.uried = p.uri != ""
		p.host = "localhost"
		return &upstream{servers: []convert.Server{{Name: "unix:" + path}}}, p, nil
	}
	i := strings.IndexAny(rest, "/?$")
	if strings.HasPrefix(rest, "$") {
		return nil, p, fmt.Errorf("where it leads hangs on a variable: %s", convert.Shown(rest))
	}
	if i < 0 {
		i = len(rest)
	}
	p.authority, p.uri = rest[:i], rest[i:]
	p.uried = p.uri != ""
	if u := c.upstreams[p.authority]; u != nil {
		p.host = p.authority
		if u.bad != "" {
			return nil, p, errors.New(u.bad)
		}
		return u, p, nil
	}
	port := 80
	if p.tls {
		port = 443
	}
	server, err := parseServer(p.authority, port)
	if err != nil {
		return nil, p, err
	}
	p.host = strings.TrimSuffix(p.authority, fmt.Sprintf(":%d", port))
	if server.Catalogue {
		p.host = server.Name
	}
	return &upstream{servers: []convert.Server{server}}, p, nil
}

// pass makes the route send its requests to other servers. path is what a rewrite made of the path, "" without one.
func (a *at) pass(r *convert.Route, d *directive, s *scope, path string) []*convert.Route {
	u, p, err := a.passed(d, s)
	if err != nil {
		refuse([]*convert.Route{r}, d, err.Error(), advice(d.arg(0)))
		return []*convert.Route{r}
	}
	r.Servers = u.servers
	d.carried("")
	for _, w := range u.words {
		w.d.carried(w.name + "=" + w.value)
		if err := r.Add(w.name, w.value); err != nil {
			w.d.partly(err.Error(), "")
		}
	}
	if p.tls {
		must([]*convert.Route{r}, d, "proto", "https")
		a.upstreamTLS(r, d, s)
	}
	a.hostField(r, d, s, p)
	out := []*convert.Route{r}
	switch {
	case path != "":
		if p.uried && !everything.MatchString(strings.Fields(path)[0]) {
			d.partly("a path that the rewrite does not change goes to the instance as it is, without "+convert.Shown(p.uri), "")
		}
		return a.rewritten(r, d, path)
	case !p.uried:
		return out
	case p.whole && strings.Contains(p.uri, "$"):
		a.variablePath(r, d, p.uri)
	case p.whole:
		a.replace(r, d, "^.*$ "+p.uri)
	default:
		a.prefixPath(r, d, p.uri)
	}
	return out
}

// prefixPath puts the path of a proxy_pass in the place of the location's text.
func (a *at) prefixPath(r *convert.Route, d *directive, uri string) {
	from := a.path
	switch l := a.location(); {
	case strings.ContainsAny(uri, "?"):
		refuse([]*convert.Route{r}, d, "a query of its own can't be added to requests", "")
		return
	case l != nil && l.regexp():
		refuse([]*convert.Route{r}, d, "nginx takes no path here", "")
		return
	case l == nil:
		from = "/"
	}
	uri = dialect.EscapePath(strings.ReplaceAll(uri, "#", "%23")) // nginx sends it as it is written
	strip, prepend := strings.TrimSuffix(from, "/"), strings.TrimSuffix(uri, "/")
	switch {
	case from == uri:
		d.carried("the path stays as it is")
	case a.exact:
		a.replace(r, d, "^"+regexp.QuoteMeta(from)+"$ "+uri)
	case strings.HasSuffix(from, "/") && strings.HasSuffix(uri, "/"):
		if strip != "" {
			a.mustHave(r, d, "strip", strip)
		}
		if prepend != "" {
			a.mustHave(r, d, "prepend", prepend)
		}
	default:
		a.replace(r, d, "^"+regexp.QuoteMeta(from)+" "+uri)
		if strings.HasSuffix(uri, "/") {
			d.carried("a path below " + convert.Shown(from+"/") + " begins with two slashes for the instance, as in nginx; strip=" + convert.Shown(from) + " gives it one")
		}
	}
}

// variablePath is for a path with variables: the whole of what the instance gets.
func (a *at) variablePath(r *convert.Route, d *directive, uri string) {
	query := false
	for _, end := range []string{"$is_args$args", "?$args", "?$query_string", "$is_args$query_string"} {
		if rest, ok := strings.CutSuffix(uri, end); ok {
			uri, query = rest, true
			break
		}
	}
	switch {
	case uri == "$request_uri", (uri == "$uri" || uri == "$document_uri") && query:
		d.carried("the path stays as it is")
		return
	case uri == "$uri" || uri == "$document_uri":
		d.partly("the query goes with it, which nginx leaves out", "")
		return
	}
	to := strings.NewReplacer("${1}", "$1", "${2}", "$2").Replace(uri)
	l := a.location()
	if l == nil || !l.regexp() || !groupsOnly(to) {
		refuse([]*convert.Route{r}, d, "its path has variables that no option knows", "")
		return
	}
	a.replace(r, d, whole(l.expression())+" "+to)
	if !query && !r.Closed() {
		d.partly("the query goes with it, which nginx leaves out", "")
	}
}

// replace adds replace-path.
func (a *at) replace(r *convert.Route, d *directive, value string) {
	a.mustHave(r, d, "replace-path", value)
}

// mustHave is must for an option without which the instance would get another path.
func (a *at) mustHave(r *convert.Route, d *directive, name, value string) {
	if r.Closed() {
		return
	}
	if err := r.Add(name, value); err != nil {
		refuse([]*convert.Route{r}, d, "the instance would get another path: "+err.Error(), "")
		return
	}
	d.carried(convert.Shown(name + "=" + value))
}

// groupsOnly says whether a text has no variables but those of groups.
func groupsOnly(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] == '$' && (i+1 == len(text) || text[i+1] < '1' || text[i+1] > '9') {
			return false
		}
	}
	return !strings.ContainsAny(text, "? \t")
}

// whole is an expression that takes all of a path where the one that is given takes a part: nginx replaces the whole path.
func whole(re string) string {
	flags := ""
	if rest, ok := strings.CutPrefix(re, "(?i)"); ok {
		flags, re = "(?i)", rest
	}
	begin, anchored := strings.CutPrefix(re, "^")
	if strings.Contains(begin, "|") {
		return flags + "^.*?(?:" + re + ").*$"
	}
	head := "^"
	if !anchored {
		head = "^.*?"
	}
	tail := ".*$"
	if strings.HasSuffix(begin, "$") && !strings.HasSuffix(begin, `\$`) || strings.HasSuffix(begin, "(.*)") {
		tail = ""
	}
	return flags + head + begin + tail
}
