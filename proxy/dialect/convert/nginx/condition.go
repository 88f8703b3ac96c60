package nginx

import (
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

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
			refuse([]*convert.Route{r}, d, d.reasonOf(err), "")
			return nil, nil, false
		}
	}
	d.carried("a route with " + d.asks(k.words[0]))
	return a.fill(&one, in, inner), nil, false
}

// unless is for a condition that must not hold: the level's own route gets it, and another one behind it takes the other requests.
func (a *at) unless(d *directive, k cond, r, other *convert.Route, in *scope, inner []*scope) []*convert.Route {
	for _, w := range k.words {
		if err := r.Add(w.Name, w.Value); err != nil {
			refuse([]*convert.Route{r}, d, d.reasonOf(err), "")
			return nil
		}
	}
	d.carried("the route asks for " + d.asks(k.words[0]) + ", and another one takes the other requests")
	return a.fill(other, in, inner)
}

// asks is an option of a condition for people, without a secret.
func (d *directive) asks(w convert.Word) (text string) {
	name, value, ok := strings.Cut(w.Value, ":")
	if w.Name == "header" || w.Name == "header-regexp" {
		defer func() { text += ", which one line of the field has to meet where it is sent in several" }()
	}
	if ok && value != "" && slices.ContainsFunc(d.args, secret) {
		return convert.Shown(w.Name+"="+name) + ":hidden"
	}
	return convert.Shown(w.Name + "=" + w.Value)
}

// reasonOf is why a condition can't be written, without a secret.
func (d *directive) reasonOf(err error) string {
	if slices.ContainsFunc(d.args, secret) {
		return "its condition can't be written in a line"
	}
	return err.Error()
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
