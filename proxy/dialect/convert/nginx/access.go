package nginx

import (
	"net/netip"
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

var anyV4, anyV6 = netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")

// closesAll says whether clients that no line before the last names are denied.
func closesAll(list []*directive) bool {
	return slices.ContainsFunc(list, func(d *directive) bool { return d.name == "deny" && d.arg(0) == "all" })
}

// maxNetworks bounds the networks that lines are taken apart into.
const maxNetworks = 128

// networks are those that the lines allow and deny, without what a line before them decides.
func networks(list []*directive) (allowed, denied []netip.Prefix, bad string) {
	var decided []netip.Prefix
	for _, d := range list {
		var these []netip.Prefix
		switch text := d.arg(0); {
		case text == "all":
			these = []netip.Prefix{anyV4, anyV6}
		case text == "unix:":
			continue
		default:
			p, err := netip.ParsePrefix(text)
			if ip, bad := netip.ParseAddr(text); bad == nil {
				p, err = netip.PrefixFrom(ip, ip.BitLen()), nil
			}
			if err != nil {
				return nil, nil, convert.Shown(text) + " is no network"
			}
			these = []netip.Prefix{p.Masked()}
		}
		for _, p := range these {
			left := without([]netip.Prefix{p}, decided)
			if d.name == "allow" {
				allowed = append(allowed, left...)
			} else if d.arg(0) != "all" || len(allowed) == 0 {
				denied = append(denied, left...)
			} else {
				denied = append(denied, p)
			}
			if decided = append(decided, p); len(allowed)+len(denied) > maxNetworks {
				return nil, nil, "too many networks in one another"
			}
		}
	}
	return allowed, denied, ""
}

// without are networks without others.
func without(list, others []netip.Prefix) []netip.Prefix {
	for _, o := range others {
		var next []netip.Prefix
		for _, p := range list {
			switch {
			case !p.Overlaps(o):
				next = append(next, p)
			case o.Bits() <= p.Bits(): // all of it
			default:
				next = append(next, around(p, o)...)
			}
		}
		if list = next; len(list) > maxNetworks {
			return list
		}
	}
	return list
}

// around is p without o, which is inside of it: the other half at each bit.
func around(p, o netip.Prefix) (out []netip.Prefix) {
	for bits := p.Bits() + 1; bits <= o.Bits(); bits++ {
		b := o.Addr().AsSlice()
		b[(bits-1)/8] ^= 1 << (7 - (bits-1)%8)
		ip, _ := netip.AddrFromSlice(b)
		half, _ := ip.Prefix(bits)
		out = append(out, half)
	}
	return out
}

func texts(list []netip.Prefix) string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = p.String()
		if p.IsSingleIP() {
			out[i] = p.Addr().String()
		}
	}
	return strings.Join(out, ",")
}

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
