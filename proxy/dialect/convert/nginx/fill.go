package nginx

import (
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// fill makes a route of a level's directives, and more of the conditions in it. levels are the level and those around it up to the location:
// what handles a request is inherited by conditions, and by nothing else.
func (a *at) fill(r *convert.Route, s *scope, levels []*scope) (out []*convert.Route) {
	if list := s.get("internal"); list != nil { // locations inside of one inherit it
		for _, d := range list {
			d.carried("requests from outside get 404")
		}
		a.answer(r, "404", "")
		a.lend(r, levels)
		return []*convert.Route{r}
	}
	path := ""
	for _, d := range s.directives {
		switch d.name {
		case "if":
			before, after, end := a.condition(d, r, s, levels)
			out = append(out, before...)
			defer func() { out = append(out, after...) }()
			if end {
				return out
			}
		case "return":
			if r.Closed() { // a condition before it may keep requests from it
				d.unfit("the route lets nobody in, for what stands before it", "")
				return append(out, a.finish(r, s)...)
			}
			a.returns(r, d, s)
			a.lend(r, levels)
			return append(out, a.finish(r, s)...)
		case "rewrite":
			if r.Closed() {
				d.unfit("the route lets nobody in, for what stands before it", "")
				continue
			}
			if part := a.redirectsPart(r, d, s); part != nil {
				a.lend(part, levels)
				out = append(out, a.finish(part, s)...)
				continue
			}
			if a.redirects(r, d, s) {
				a.lend(r, levels)
				return append(out, a.finish(r, s)...)
			}
			path = a.rewrite(r, d, s, path)
		}
	}
	handled := a.handle(r, s, levels, path)
	for _, one := range handled {
		out = append(out, a.finish(one, s)...)
	}
	return out
}

// finish applies what else the level says, to one route; limit_except makes two of it.
func (a *at) finish(r *convert.Route, s *scope) []*convert.Route {
	for level := s; level != nil; level = level.up {
		for _, d := range level.directives {
			if restrictingName(d.name) || d.name == lostName {
				refuse(only(r), d, "it may restrict, and is not known here", "")
			}
		}
	}
	out := a.limitExcept(r, s)
	for _, one := range out {
		for _, p := range policies {
			if list := s.get(p.names...); list != nil {
				p.apply(a, one, s, list)
			}
		}
	}
	return out
}

// handle finds what answers: another server, files, or nothing.
func (a *at) handle(r *convert.Route, s *scope, levels []*scope, path string) []*convert.Route {
	for _, level := range levels {
		for _, d := range level.directives {
			switch d.name {
			case "proxy_pass":
				return a.pass(r, d, s, path)
			case "stub_status":
				d.partly("the proxy's metrics are at /metrics of -status and -admin; here it is 404", "-status :8091 for Prometheus")
				a.result.AddOption("status", ":8091")
				a.nothing(r)
				a.lend(r, levels)
				return []*convert.Route{r}
			case "fastcgi_pass", "uwsgi_pass", "scgi_pass", "memcached_pass", "grpc_pass":
				refuse([]*convert.Route{r}, d, strings.TrimSuffix(d.name, "_pass")+" is not HTTP/1.1", "keep a web server that speaks it in front of the application")
				return []*convert.Route{r}
			}
			if why, ok := unsupportedContent[d.name]; ok {
				refuse([]*convert.Route{r}, d, why, "")
				return []*convert.Route{r}
			}
		}
	}
	return a.files(r, s, path)
}

var unsupportedContent = map[string]string{
	"content_by_lua_block": "Lua is not run", "content_by_lua_file": "Lua is not run", "content_by_lua": "Lua is not run", "js_content": "JavaScript is not run",
	"perl": "Perl is not run", "empty_gif": "it is no handler here", "mp4": "it is no handler here", "flv": "it is no handler here", "api": "it is no handler here",
	"dav_methods": "files can't be written", "echo": "it is no handler here", "passenger_enabled": "it is no handler here", "lostName": "a file was not read",
}

// lend names the servers whose labels may hold a route that sends them nothing: those that take the server's other requests.
func (a *at) lend(r *convert.Route, levels []*scope) {
	for _, list := range [][]*scope{levels, {a.s.scope}} {
		for _, s := range list {
			for _, d := range passes(s.directives) {
				if u, _, err := a.passed(d, s); err == nil && len(u.servers) > 0 && !slices.ContainsFunc(u.servers, func(s convert.Server) bool { return s.Catalogue || s.Port == 0 }) {
					r.Carriers = u.servers
					return
				}
			}
		}
	}
}

// passes are the proxy_pass among directives, and in the locations among them.
func passes(list []*directive) (out []*directive) {
	for _, d := range list {
		switch d.name {
		case "proxy_pass":
			out = append(out, d)
		case "location":
			out = append(out, passes(d.block)...)
		}
	}
	return out
}

// restrictingWords are directives that say who may use a location, or that nobody may.
var restrictingWords = []string{"allow", "deny", "auth_basic", "auth_request", "limit_req", "limit_conn", "limit_except", "internal", "return", "ssl_verify_client",
	"satisfy", "secure_link", "valid_referers", "auth_jwt", "access_by_lua", "access_by_lua_block", "access_by_lua_file", "js_access", "modsecurity", "auth_digest", "auth_pam", "auth_ldap", lostName}

// restricts says whether directives keep anybody out.
func restricts(list []*directive) bool {
	return slices.ContainsFunc(list, func(d *directive) bool {
		return d.is(restrictingWords...) && !(d.is("auth_basic", "auth_request") && d.arg(0) == "off") || restrictingName(d.name) || restricts(d.block)
	})
}

// restrictingName says whether the name of an unknown directive sounds as if it restricts.
func restrictingName(name string) bool {
	if policyWords[name] || impliedWords[name] != "" || serverLevel[name] || unsupportedWords[name] != "" {
		return false
	}
	return slices.ContainsFunc([]string{"allow", "deny", "auth", "access", "limit", "restrict", "secure", "modsecurity", "whitelist", "blacklist", "waf", "block_if", "testcookie"},
		func(w string) bool { return strings.Contains(name, w) })
}
