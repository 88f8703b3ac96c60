package nginx

import (
	"slices"
	"strings"
)

// location is a block of a server, or of another location.
type location struct {
	d     *directive
	scope *scope
	up    *location
	// sign is =, ~, ~*, ^~, @ or nothing, and text what stands behind it: a path, an expression, a name.
	sign, text string
	in         []*location
	// bad is why it can't be told which requests are its own.
	bad string
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
		if name := unset(l.text); name != "" {
			l.bad = name + " has no value"
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
		if l.regexp() {
			out = append(out, l)
		}
	}
	return out
}
