package nginx

import (
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

func (a *at) satisfy(r *convert.Route, s *scope, list []*directive) {
	for _, d := range list {
		if d.arg(0) != "any" {
			d.carried("")
		} else if s.get("allow", "deny") != nil && s.get("auth_basic", "auth_request") != nil {
			refuse(only(r), d, "of several restrictions of a route all hold, not any", "two routes: one with client=, and one with auth=")
		} else {
			d.implied("there is one restriction")
		}
	}
}

// access carries allow and deny over. nginx takes the first that names the client.
func (a *at) access(r *convert.Route, s *scope, list []*directive) {
	if r.Closed() {
		return
	}
	allowed, denied, err := networks(list)
	switch {
	case err != "":
		refuse(only(r), list[0], err, "")
	case len(denied) == 0:
	case slices.Contains(denied, anyV4) && slices.Contains(denied, anyV6) && len(allowed) == 0, len(allowed) == 0 && closesAll(list):
		must(only(r), list[0], "deny", "0.0.0.0/0,::/0")
	case closesAll(list):
		must(only(r), list[0], "allow", texts(allowed))
	default:
		must(only(r), list[0], "deny", texts(denied))
	}
	for _, d := range list {
		d.carried("")
		if len(s.own("return")) > 0 {
			d.partly("nginx answers a return before it asks who the client is; here this counts first", "")
		}
	}
}

// limitExcept makes two routes of one where methods are restricted: the first takes those that are not.
func (a *at) limitExcept(r *convert.Route, s *scope) []*convert.Route {
	list := s.own("limit_except")
	if list == nil || r.Closed() {
		return only(r)
	}
	d := list[0]
	methods := slices.Clone(d.args)
	if slices.Contains(methods, "GET") && !slices.Contains(methods, "HEAD") {
		methods = append(methods, "HEAD")
	}
	open, rest := *r, *r
	open.Words = slices.Clone(r.Words)
	if err := open.Add("method", strings.Join(methods, "|")); err != nil {
		refuse(only(r), d, err.Error(), "")
		return only(r)
	}
	in := &scope{up: s, directives: d.block}
	d.carried("")
	a.access(&rest, in, in.get("allow", "deny"))
	if in.own("auth_basic") != nil {
		a.authBasic(&rest, in, in.own("auth_basic"))
	}
	for _, other := range d.block {
		if !other.is("allow", "deny", "auth_basic") && restricts([]*directive{other}) {
			refuse(only(&rest), other, "it sounds as if it restricts, and is not known", "")
		}
	}
	if !restricts(d.block) {
		return only(r)
	}
	return []*convert.Route{&open, &rest}
}
