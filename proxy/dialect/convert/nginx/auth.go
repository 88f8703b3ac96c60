package nginx

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

func (a *at) authBasic(r *convert.Route, s *scope, list []*directive) {
	d := list[len(list)-1]
	if d.arg(0) == "off" {
		d.carried("nobody is asked")
		return
	}
	file := s.one("auth_basic_user_file")
	if file == nil {
		refuse(only(r), d, "auth_basic_user_file is missing", "")
		return
	}
	must(only(r), file, "auth", "file:"+s.expand(file.arg(0)))
	file.carried("passwords of crypt(3) other than $apr1$, {SHA} and bcrypt are not known: write those anew with htpasswd -B")
	if realm := s.expand(d.arg(0)); !strings.ContainsAny(realm, "$\"\\") {
		add(only(r), d, "auth-realm", realm)
	} else {
		d.partly("auth-realm can't be "+convert.Shown(realm), "")
	}
	if len(r.Servers) > 0 {
		add(only(r), d, "auth-pass", "true")
	}
}

// authRequest asks what a location of the server passes the question to.
func (a *at) authRequest(r *convert.Route, s *scope, list []*directive) {
	d := list[len(list)-1]
	if d.arg(0) == "off" {
		d.carried("nobody is asked")
		return
	}
	l := a.s.find(d.arg(0))
	if l == nil || len(l.scope.own("proxy_pass")) == 0 {
		refuse(only(r), d, "no location with a proxy_pass has this path", "")
		return
	}
	pass := l.scope.own("proxy_pass")[0]
	u, p, err := a.passed(pass, l.scope)
	if err != nil || len(u.servers) == 0 {
		refuse(only(r), d, "where it asks can't be carried over", "")
		return
	}
	at, path := u.servers[0].URL(p.tls), d.arg(0)
	if p.uried {
		rest, _ := strings.CutPrefix(d.arg(0), l.text)
		path = p.uri + rest
	}
	if strings.Contains(path, "$") {
		path = ""
	}
	if at == "" || path == "" {
		refuse(only(r), d, "where it asks can't be written as a URL", "forward-auth=service:NAME/PATH")
		return
	}
	must(only(r), d, "forward-auth", at+path)
	pass.carried("forward-auth=")
	if len(u.servers) > 1 {
		d.partly("one server is asked", "forward-auth=service:NAME/PATH asks any instance of a service")
	}
	for _, in := range l.scope.directives {
		switch in.name {
		case "proxy_set_header":
			in.partly("the service gets the request's fields with X-Forwarded-Method, -Proto, -Host and -Uri", "have it read X-Forwarded-Uri")
		case "proxy_pass_request_body":
			in.implied("the request's body is not sent to it")
		case "internal":
			in.carried("")
		}
	}
	a.authFields(r, s)
}

// authFields are fields of the answer that the instance gets.
func (a *at) authFields(r *convert.Route, s *scope) {
	var fields []string
	for _, set := range s.get("auth_request_set") {
		from, ok := strings.CutPrefix(set.arg(1), "$upstream_http_")
		used := false
		for _, f := range s.get("proxy_set_header") {
			if f.arg(1) == set.arg(0) {
				used = true
				if ok && strings.EqualFold(strings.ReplaceAll(from, "_", "-"), f.arg(0)) {
					fields = append(fields, f.arg(0))
					set.carried("forward-auth-headers")
				} else {
					set.partly("the field can't get another name", "")
				}
			}
		}
		if !used {
			set.implied("nothing uses it")
		}
	}
	if len(fields) > 0 {
		if err := r.Add("forward-auth-headers", strings.Join(fields, ",")); err != nil {
			r.Close()
		}
	}
}

// find is the location of the server that a request for a path from inside goes to.
func (s *server) find(path string) (best *location) {
	for _, l := range s.locations {
		switch {
		case l.sign == "=" && l.text == path:
			return l
		case (l.sign == "" || l.sign == "^~") && strings.HasPrefix(path, l.text) && (best == nil || len(l.text) > len(best.text)):
			best = l
		}
	}
	return best
}
