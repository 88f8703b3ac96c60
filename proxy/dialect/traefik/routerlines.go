package traefik

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// ofTerm are the variants as they are for one term. What follows a redirect of all paths is not for its listeners.
func (x *router) ofTerm(t term, variants []variant) (out []variant) {
	var gone []string
	all := false
	for _, v := range variants {
		if all {
			break
		}
		if gone != nil {
			if v.listeners == nil { // those that are left can't be named
				return x.shut(errURL, variants)
			}
			v.listeners = slices.DeleteFunc(slices.Clone(v.listeners), func(l string) bool { return slices.Contains(gone, l) })
			if len(v.listeners) == 0 {
				continue
			}
		}
		if v.url != nil && x.failed == nil {
			redirect, condition, applies, err := v.url.on(t)
			switch {
			case err != nil:
				return x.shut(err, variants)
			case !applies:
				continue
			case condition != "":
				v.condition = condition
			case v.listeners == nil:
				all = true
			default:
				gone = append(gone, v.listeners...)
			}
			v.redirect = redirect
		}
		out = append(out, v)
	}
	return out
}

// shut closes the router on the listeners of all variants.
func (x *router) shut(err error, variants []variant) (out []variant) {
	x.fail(err)
	for _, v := range variants {
		if !slices.ContainsFunc(out, func(o variant) bool { return slices.Equal(o.listeners, v.listeners) }) {
			out = append(out, variant{listeners: v.listeners})
		}
	}
	return out
}

// lines makes the rules of one alternative on some listeners.
func (x *router) lines(t term, v variant) {
	ways := max(1, len(x.ways))
	if x.failed != nil || v.redirect != "" {
		ways = 1
	} else if x.noop {
		ways = 0
	}
	for way := range ways {
		x.line(t, v, way)
	}
}

// line makes the rule of one alternative on some listeners, which leads the way of a number.
func (x *router) line(t term, v variant, way int) {
	text := t.line()
	if v.listeners != nil {
		text += " listener=" + strings.Join(v.listeners, "|")
	}
	text += x.priority(t)
	if v.condition != "" {
		text += " " + v.condition
	}
	if host, _ := dialect.ParseHost(t.host); x.ordered && host.Kind == dialect.HostExact {
		text += " tls=acme"
	}
	last := x.service
	if x.ways != nil {
		last = x.ways[way]
	}
	if v.redirect != "" {
		last = []string{word("redirect", v.redirect)}
	}
	rule, verdicts := x.read(text, v, last)
	sources := slices.Clone(x.sources)
	failed := x.failed
	for _, verdict := range verdicts {
		verdict.Restricts = verdict.Restricts || rule == nil && (x.restricts() || x.failed != nil)
		if x.lender != "" && rule == nil { // as in refuse
			verdict.Restricts, verdict.Final = false, true
		}
		x.tell(verdict, sources...)
	}
	if rule == nil {
		return
	}
	rule.Language, rule.Sources, rule.Lent = Name, sources, x.lender
	if failed == nil {
		failed = v.failed
	}
	if failed != nil && !rule.Policy.Closed {
		rule = rule.Shut()
		x.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Rule: rule.Name, Reason: "router " + shown(x.name) + ": " + failed.Error() + ": the route is refused"}, sources...)
	}
	if way > 0 { // another part of the same route
		x.out.Rules = append(x.out.Rules, rule)
		return
	}
	x.add(rule)
}

// read reads a line. What labels say has to pass by itself, as whatever stands in a label; only then may that be added which the operator wrote in the file.
func (x *router) read(text string, v variant, last []string) (*dialect.Rule, []dialect.Verdict) {
	own := slices.DeleteFunc(slices.Clone(v.words), func(w string) bool { return slices.Contains(v.operator, w) })
	join := func(words []string) string {
		return strings.Join(append(append([]string{text}, words...), last...), " ")
	}
	rule, verdicts := x.defaults.ParseLine(join(own), dialect.PathSegments, x.env)
	if len(v.operator) == 0 || rule == nil || rule.Policy.Closed {
		return rule, verdicts
	}
	env := x.env
	env.Writer = dialect.WriterOperator
	rule, verdicts = x.defaults.ParseLine(join(v.words), dialect.PathSegments, env)
	ofFile := slices.ContainsFunc(v.operator, func(w string) bool { return strings.HasPrefix(w, "forward-auth=") })
	if rule != nil && rule.Policy.Filters.ForwardAuth != nil && !ofFile { // it is a label's, and passes the gate as one
		rule.Policy.Filters.ForwardAuth.Operator = false
	}
	return rule, verdicts
}

// priority is that which is written, or the length of the rule. It orders the routes of one host, so that where none is named what is not
// written is left out.
func (x *router) priority(t term) string {
	if p := x.of.value("priority"); p != "" && p != "0" {
		return " " + word("priority", strings.ReplaceAll(p, " ", ""))
	}
	if host, _ := dialect.ParseHost(t.host); host.Kind != dialect.HostExact {
		return ""
	}
	return " priority=" + strconv.Itoa(len(x.rule))
}

// add adds a rule. Of what is written twice one is enough, unless one of them restricts who may come: that one holds.
func (r *reader) add(rule *dialect.Rule) {
	i := slices.IndexFunc(r.out.Rules, func(o *dialect.Rule) bool { return o.Match.Same(rule.Match) })
	if i < 0 {
		r.out.Rules = append(r.out.Rules, rule)
		return
	}
	was := r.out.Rules[i]
	if rule.Lent != "" && was.Lent == "" { // the container's own labels decide
		r.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Reason: "another container's router takes the same requests as a router of this one, which holds"}, rule.Sources...)
		return
	}
	switch {
	case was.Policy.Closed:
	case rule.Policy.Closed || rule.Restricts() && !was.RestrictsAs(rule):
		if was.Restricts() { // both restrict, and differently: which of them is meant can't be told
			rule = rule.Shut()
		}
		r.out.Rules[i], was, rule = rule, rule, was
	}
	if !slices.Equal(was.Sources, rule.Sources) {
		r.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Reason: "another router of the container takes the same requests"}, rule.Sources...)
	}
}
