package nginx

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// autoRedirect says whether nginx redirects the location's path without its slash to the one with it: it does for locations that end in one and
// are passed on.
func (a *at) autoRedirect(l *location) bool {
	if a.regexp != nil || len(a.path) < 2 || !strings.HasSuffix(a.path, "/") || len(l.scope.own("proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass")) == 0 {
		return false
	}
	return !a.s.otherTakes(l, strings.TrimSuffix(l.text, "/"))
}

// otherTakes says whether another location than l, which is a level deeper than those around it, takes a path that is l's without its slash.
func (s *server) otherTakes(l *location, path string) bool {
	beside := func(l *location) []*location {
		if l.up == nil {
			return s.locations
		}
		return l.up.in
	}
	for _, o := range beside(l) {
		if !o.regexp() && o.text == path {
			return true
		}
	}
	for around := l.up; around != nil; around = around.up {
		for _, o := range beside(around) {
			if o != around && !o.regexp() && (o.text == path || o.sign != "=" && len(o.text) > len(around.text) && strings.HasPrefix(path, o.text)) {
				return true
			}
		}
	}
	return false
}

// slash is that redirect.
func (a *at) slash(of *convert.Route, s *scope) *convert.Route {
	r := &convert.Route{Source: a.h.source() + strings.TrimSuffix(a.path, "/"), Words: []convert.Word{{Name: "path", Value: "exact"}}}
	for _, w := range of.Words {
		if w.Name != "path" {
			r.Words = append(r.Words, w)
		}
	}
	if err := r.Add("redirect", "301,$path/"); err != nil {
		r.Close()
	}
	a.lend(r, []*scope{s})
	return r
}
