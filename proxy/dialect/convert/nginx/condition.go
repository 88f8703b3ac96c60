package nginx

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// cond is what an if asks for.
type cond struct {
	words  []convert.Word // conditions of a line, all of which have to hold
	not    bool           // they must not
	always bool           // it is known to hold; never that it does not
	never  bool
}

var alternation = regexp.MustCompile(`^\^?\(?(?:\?:)?([A-Z]+(?:\|[A-Z]+)*)\)?\$?$`)

// parseIf reads the condition of an if. ok is false for one that lines can't have.
func (a *at) parseIf(d *directive) (k cond, ok bool) {
	words := slices.Clone(d.args)
	if len(words) == 0 {
		return k, false
	}
	words[0] = strings.TrimPrefix(words[0], "(")
	last := len(words) - 1
	words[last] = strings.TrimSuffix(words[last], ")")
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" && len(words) != 3 })
	if len(words) == 0 {
		return k, false
	}
	variable, op, value := words[0], "", ""
	switch len(words) {
	case 1:
		op = "set"
	case 3:
		op, value = words[1], words[2]
	case 2:
		op = words[1]
	default:
		return k, false
	}
	k.not = strings.HasPrefix(op, "!")
	if !slices.Contains([]string{"set", "=", "!=", "~", "!~", "~*", "!~*"}, op) || strings.Contains(value, "$") && strings.Contains(op, "=") {
		return k, false
	}
	exact := op == "=" || op == "!="
	switch {
	case variable == "$host" || variable == "$http_host":
		return a.hostIf(k, value, exact)
	case variable == "$scheme" && exact:
		return a.schemeIf(k, value == "https"), true
	case variable == "$https" && exact:
		return a.schemeIf(k, value == "on"), true
	case variable == "$server_port" && exact:
		return a.schemeIf(k, value == "443"), true
	case variable == "$ssl_protocol" && exact && value == "":
		return a.schemeIf(k, false), true
	case variable == "$request_method":
		m := alternation.FindStringSubmatch(strings.ToUpper(value))
		if m == nil || op == "set" || !exact && strings.ContainsAny(m[1], "|") && !strings.Contains(value, "(") {
			return k, false
		}
		k.words = []convert.Word{{Name: "method", Value: m[1]}}
		return k, true
	case variable == "$remote_addr" && exact && value != "":
		k.words = []convert.Word{{Name: "client", Value: value}}
		return k, true
	}
	for prefix, option := range map[string]string{"$http_": "header", "$arg_": "query", "$cookie_": "cookie"} {
		if name, found := strings.CutPrefix(variable, prefix); found && (exact || op == "set") {
			return fieldIf(k, option, name, value, op), true
		}
	}
	return k, false
}

// fieldIf asks for a field, a parameter or a cookie.
func fieldIf(k cond, option, name, value, op string) cond {
	if option == "header" {
		name = strings.ReplaceAll(name, "_", "-")
	}
	text := name
	switch {
	case op == "set":
	case value == "": // there is none
		k.not = !k.not
	default:
		text += ":" + value
	}
	k.words = []convert.Word{{Name: option, Value: text}}
	return k
}

// hostIf is known for each host that has routes of its own.
func (a *at) hostIf(k cond, value string, exact bool) (cond, bool) {
	if !exact || value == "" {
		return k, false
	}
	holds := (strings.ToLower(value) == a.h.name) != k.not
	if a.h.name == "" || strings.ContainsAny(a.h.name, "*{?") {
		holds = k.not // the host of the condition has routes of its own: see splitHosts
	}
	k.always, k.never = holds, !holds
	return k, true
}

// schemeIf is known for the listeners of one kind.
func (a *at) schemeIf(k cond, secure bool) cond {
	is := len(a.h.listeners) > 0 && a.h.listeners[0].tls
	holds := (is == secure) != k.not
	k.always, k.never = holds, !holds
	return k
}

// splitHosts takes the hosts of a server apart where conditions of it ask for a scheme or a host.
func (c *converter) splitHosts(s *server, list []hosts) (out []hosts) {
	scheme, names := false, []string(nil)
	each(s.scope.directives, func(d *directive) {
		if !d.is("if") || len(d.args) == 0 {
			return
		}
		text := strings.Join(d.args, " ")
		scheme = scheme || strings.Contains(text, "$scheme") || strings.Contains(text, "$https") || strings.Contains(text, "$server_port") || strings.Contains(text, "$ssl_protocol")
		if m := hostCondition.FindStringSubmatch(text); m != nil && !slices.Contains(names, strings.ToLower(m[1])) {
			names = append(names, strings.ToLower(m[1]))
		}
	})
	for _, h := range list {
		if h.name == "" || strings.ContainsAny(h.name, "*{?") {
			for _, name := range names {
				if !slices.ContainsFunc(list, func(o hosts) bool { return o.name == name }) && !slices.ContainsFunc(out, func(o hosts) bool { return o.name == name }) {
					out = append(out, hosts{name: name, listeners: h.listeners, offered: h.offered})
				}
			}
		}
		out = append(out, h)
	}
	return c.splitListeners(s, scheme, out)
}

// splitListeners takes plain listeners and those of TLS apart, where the server says something about one of them, or sends clients from one to
// the other.
func (c *converter) splitListeners(s *server, scheme bool, list []hosts) (out []hosts) {
	scheme = scheme || s.scope.get("ssl_verify_client") != nil
	for _, d := range s.scope.get("add_header") {
		scheme = scheme || strings.EqualFold(d.arg(0), "Strict-Transport-Security")
	}
	each(s.scope.directives, func(d *directive) {
		scheme = scheme || d.is("return", "rewrite") && strings.Contains(strings.Join(d.args, " "), "$scheme") || d.is("add_header") && strings.EqualFold(d.arg(0), "Strict-Transport-Security")
	})
	for _, h := range list {
		var plain, secure []*listener
		for _, l := range h.listeners {
			if l.tls {
				secure = append(secure, l)
			} else {
				plain = append(plain, l)
			}
		}
		if !scheme || plain == nil || secure == nil {
			out = append(out, h)
			continue
		}
		out = append(out, hosts{h.name, plain, h.offered}, hosts{h.name, secure, h.offered})
	}
	return out
}

var hostCondition = regexp.MustCompile(`\$(?:http_)?host\s*!?=\s*([A-Za-z0-9.-]+)`)

// condition carries an if over: routes that come before the level's own, and behind them. end says that nothing else of the level is reached.
func (a *at) condition(d *directive, r *convert.Route, s *scope, levels []*scope) (before, after []*convert.Route, end bool) {
	k, ok := a.parseIf(d)
	in := &scope{up: s, directives: d.block}
	inner := append([]*scope{in}, levels...)
	switch {
	case !ok && restricts(d.block):
		refuse([]*convert.Route{r}, d, "its condition can't be written in a line, and it restricts", "")
		a.reason(d)
		return nil, nil, false
	case !ok:
		d.unfit("its condition can't be written in a line: what is in it is not in effect", "")
		a.reason(d)
		return nil, nil, false
	case k.never:
		d.implied("it never holds for this route")
		each(d.block, func(d *directive) { d.implied("its condition never holds for this route") })
		return nil, nil, false
	case len(s.own("limit_except")) > 0 && !stops(d.block):
		refuse([]*convert.Route{r}, d, "limit_except beside it counts for its requests too, which can't be told", "")
		a.reason(d)
		return nil, nil, false
	case k.always:
		d.carried("")
		if ends(d.block) {
			return a.fill(r, in, inner), nil, true
		}
		d.partly("what is in it holds for all requests of the route, and is not carried over", "write it outside of the if")
		a.reason(d)
		return nil, nil, false
	}
	if !slices.ContainsFunc(d.block, func(in *directive) bool { return !in.is("set") }) {
		d.unfit("what it sets is not in effect: where a condition asks for it, the requests are refused", "")
		a.reason(d)
		return nil, nil, false
	}
	if !stops(d.block) && decides(s.directives, d) {
		refuse([]*convert.Route{r}, d, "nginx goes on behind it with what decides about its requests, which can't be told", "let a return end it")
		a.reason(d)
		return nil, nil, false
	}
	one := *r
	one.Words = slices.Clone(r.Words)
	if k.not {
		return nil, a.unless(d, k, r, &one, in, inner), false
	}
	for _, w := range k.words {
		if err := one.Add(w.Name, w.Value); err != nil {
			refuse([]*convert.Route{r}, d, err.Error(), "")
			return nil, nil, false
		}
	}
	d.carried("a route with " + convert.Shown(k.words[0].Name+"="+k.words[0].Value))
	return a.fill(&one, in, inner), nil, false
}

// unless is for a condition that must not hold: the level's own route gets it, and another one behind it takes the other requests.
func (a *at) unless(d *directive, k cond, r, other *convert.Route, in *scope, inner []*scope) []*convert.Route {
	for _, w := range k.words {
		if err := r.Add(w.Name, w.Value); err != nil {
			refuse([]*convert.Route{r}, d, err.Error(), "")
			return nil
		}
	}
	d.carried("the route asks for " + convert.Shown(k.words[0].Name+"="+k.words[0].Value) + ", and another one takes the other requests")
	return a.fill(other, in, inner)
}

// reason marks what stands in a block as not carried over for the block's reason.
func (a *at) reason(d *directive) {
	each(d.block, func(in *directive) { in.unfit("it stands in an if that is not carried over", "") })
}

// ends says whether directives answer, or send requests elsewhere.
func ends(list []*directive) bool {
	return slices.ContainsFunc(list, func(d *directive) bool { return d.is("return", "rewrite", "proxy_pass") })
}

// stops says whether nothing behind an if is looked at where its condition holds.
func stops(list []*directive) bool {
	return slices.ContainsFunc(list, func(d *directive) bool {
		return d.is("return") || d.is("rewrite") && everything.MatchString(d.arg(0)) && (len(d.args) > 2 || strings.Contains(d.arg(1), "://") || strings.HasPrefix(d.arg(1), "$scheme"))
	})
}

// decides says whether something behind d decides what becomes of requests.
func decides(list []*directive, d *directive) bool {
	rest := list[slices.Index(list, d)+1:]
	return slices.ContainsFunc(rest, func(d *directive) bool { return d.is("if", "return", "rewrite") })
}

// front is what the server decides before it looks for a location. whole says that it answers all requests.
func (a *at) front() (out []*convert.Route, whole bool) {
	a.position = position{path: "/"}
	s := a.s.scope
	for _, d := range s.directives {
		switch d.name {
		case "return":
			r := a.route()
			a.returns(r, d, s)
			a.lend(r, nil)
			a.unreached()
			return append(out, a.finish(r, s)...), true
		case "if":
			before, end := a.frontIf(d, s)
			if out = append(out, before...); end {
				a.unreached()
				return out, true
			}
		case "rewrite":
			r, all := a.frontRewrite(d, s)
			if r != nil {
				out = append(out, r)
			}
			if all {
				a.unreached()
				return out, true
			}
		}
	}
	return out, false
}

// unreached marks the locations of a server that answers before it looks for one.
func (a *at) unreached() {
	for _, l := range a.s.locations {
		l.d.all(func(d *directive) { d.implied("the server answers before it looks for a location") })
	}
}

// frontIf is an if of a server. Its negative is a condition of all the server's routes.
func (a *at) frontIf(d *directive, s *scope) (out []*convert.Route, end bool) {
	k, ok := a.parseIf(d)
	if ok && k.not && !k.always && !k.never && ends(d.block) {
		other := a.route()
		a.when = append(a.when, k.words...)
		d.carried("the server's routes ask for " + convert.Shown(k.words[0].Name+"="+k.words[0].Value) + ", and another one takes the other requests")
		in := &scope{up: s, directives: d.block}
		other.Source = a.h.name + "/"
		a.behind = append(a.behind, a.fill(other, in, []*scope{in})...)
		return nil, false
	}
	if ok && !k.never && !ends(d.block) {
		d.unfit("what is in it is not in effect", "")
		if restricts(d.block) {
			a.s.shut = "its condition"
			d.unfit("what is in it is not in effect: the server's routes let nobody in", "")
		}
		a.reason(d)
		return nil, false
	}
	r := a.route()
	before, _, end := a.condition(d, r, s, nil)
	if r.Closed() && before == nil {
		a.s.shut = "a condition that can't be carried over"
	}
	return before, end
}

// frontRewrite is a rewrite of a server. all says that it takes all requests.
func (a *at) frontRewrite(d *directive, s *scope) (r *convert.Route, all bool) {
	r = a.route()
	if redirectCode(d, s) == "" {
		if err := r.Add("path-regexp", d.arg(0)); err != nil {
			a.s.shut = "a rewrite that can't be carried over"
			d.unfit("refused: "+err.Error()+": the server's routes let nobody in", "")
			return nil, false
		}
		refuse([]*convert.Route{r}, d, "a rewritten path that is looked up again can't be carried over", "write a location for it, with rewrite ... break")
		a.lend(r, nil)
		return r, false
	}
	if prefix, ok := literalPrefix(d.arg(0)); ok && prefix != "" && strings.Contains(d.arg(1), "$") {
		a.position = position{path: prefix + "/"}
		r = a.route()
		a.redirects(r, d, s)
		a.position = position{path: "/"}
		return r, false
	}
	if everything.MatchString(d.arg(0)) {
		a.redirects(r, d, s)
		return r, true
	}
	if err := r.Add("path-regexp", d.arg(0)); err != nil || strings.Contains(d.arg(1), "$1") {
		r.Close()
		d.unfit("refused: a redirect by this expression can't be written; its paths let nobody in", "")
		return r, err != nil
	}
	a.redirect(r, d, redirectCode(d, s), s.expand(d.arg(1)))
	if to := d.arg(1); !r.Closed() && !strings.ContainsAny(to, "?$") {
		d.partly("the query does not go with it", "")
	}
	return r, false
}

var everything = regexp.MustCompile(`^\^?/?(\(?\.\*\)?)?\$?$`)
