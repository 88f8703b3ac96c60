package nginx

import (
	"regexp"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

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
		other.Source = a.h.source() + "/"
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
