package nginx

import (
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// location is a block of a server, or of another location.
type location struct {
	d     *directive
	scope *scope
	up    *location
	// sign is =, ~, ~*, ^~, @ or nothing, and text what stands behind it: a path, an expression, a name.
	sign, text string
	in         []*location
	// bad is why it can't be told which requests are its own, or, with never, why there are none.
	bad   string
	never bool
}

// locations reads those of one level.
func (c *converter) locations(s *scope, up *location) (out []*location) {
	for _, d := range s.directives {
		if !d.is("location") {
			continue
		}
		l := &location{d: d, scope: &scope{up: s, directives: d.block}, up: up}
		switch a := d.arg(0); {
		case len(d.args) > 1:
			l.sign, l.text = a, d.arg(1)
		case strings.HasPrefix(a, "@"):
			l.sign, l.text = "@", a
		case strings.HasPrefix(a, "=") || strings.HasPrefix(a, "~*") || strings.HasPrefix(a, "^~") || strings.HasPrefix(a, "~"): // without a blank
			l.sign = a[:1]
			if strings.HasPrefix(a, "~*") || strings.HasPrefix(a, "^~") {
				l.sign = a[:2]
			}
			l.text = a[len(l.sign):]
		default:
			l.text = a
		}
		if !slices.Contains([]string{"", "=", "~", "~*", "^~", "@"}, l.sign) {
			l.bad = "no location begins with " + l.sign
		}
		switch name := unset(l.text); {
		case name != "" || strings.Contains(l.text, "{{"):
			l.bad = "which requests it takes is not known: " + convert.Shown(l.text)
		case l.bad == "" && !l.regexp() && l.sign != "@" && !strings.HasPrefix(l.text, "/"):
			l.bad, l.never = "no path begins so", true
		}
		d.carried("")
		l.in = c.locations(l.scope, l)
		out = append(out, l)
	}
	return out
}

// regexp says whether the location is one of a regular expression.
func (l *location) regexp() bool { return l.sign == "~" || l.sign == "~*" }

// expression is the location's regular expression as lines have it.
func (l *location) expression() string {
	if l.sign == "~*" {
		return "(?i)" + l.text
	}
	return l.text
}

// regexps are the locations with an expression among some.
func regexps(list []*location) (out []*location) {
	for _, l := range list {
		if l.regexp() && !strings.HasPrefix(l.bad, "which ") {
			out = append(out, l)
		}
	}
	return out
}

// tellBad reports locations of which it is not known which requests they take. Where one restricts, the server lets nobody in.
func (s *server) tellBad(list []*location) {
	for _, l := range list {
		switch {
		case l.bad == "":
			s.tellBad(l.in)
			continue
		case !l.never && restricts(l.d.block):
			s.shut = l.bad
			l.d.unfit("refused: "+l.bad+"; since it restricts, the server's routes let nobody in", advice(l.text))
		default:
			l.d.unfit(l.bad, advice(l.text))
		}
		each(l.d.block, func(d *directive) { d.unfit("its location takes no requests", "") })
	}
}
