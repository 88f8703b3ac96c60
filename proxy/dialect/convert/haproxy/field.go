package haproxy

import (
	"regexp/syntax"
	"slices"
	"strings"
)

// fieldOf says whether a kind is about something that a request has by name, or has not.
func fieldOf(k kind) bool { return k == kindHeader || k == kindQuery || k == kindCookie }

// compared is a comparison of a header field, a parameter or a cookie.
func (r *reader) compared(a atom) condition {
	switch {
	case a.kind == kindQuery && (strings.Contains(a.text, "%") || strings.Contains(a.text, `\+`)):
		return unknown("HAProxy compares parameters before they are decoded, and a line behind that")
	case a.kind != kindHeader || a.whole:
	case a.how != howRegexp:
		if strings.ContainsAny(a.text, `,"`) || strings.TrimSpace(a.text) != a.text {
			return unknown("an element of a list has no commas, quotes and blanks around it")
		}
	default:
		if _, ok := a.listed(); !ok {
			return r.ofWholeLines(a)
		}
	}
	if !r.compile(&a) {
		return unknown("a regular expression that RE2 does not have")
	}
	return condition{{{atom: a}}}
}

// ofWholeLines is for an expression that may match more than one element of a list: it is known where there is no list.
func (r *reader) ofWholeLines(a atom) condition {
	a.whole = true
	if !r.compile(&a) {
		return unknown("a regular expression that RE2 does not have")
	}
	comma := atom{kind: kindHeader, name: a.name, how: howWithin, text: ",", whole: true}
	return condition{{{atom: a}, {atom: comma, not: true}}, {{atom: comma}, {atom: atom{text: "the field " + a.name + " is a list, of which HAProxy looks at each element"}}}}
}

// certain takes a condition apart: conjuncts of which all is known, and the others.
func certain(c condition) (sure, rest condition) {
	for _, con := range c {
		if slices.ContainsFunc(con, func(l literal) bool { return l.kind == kindUnknown }) {
			rest = append(rest, con)
		} else {
			sure = append(sure, con)
		}
	}
	return sure, rest
}

// What stands around an element of a list in a line of a header field. A comma within quotes parts nothing (http_find_hdr_value_end of HAProxy), and
// blanks around an element are not of it. No quote and no blank is written as such, which a line would have to quote.
const (
	texts   = `(?:[^\x22]|\x22(?:[^\x22\\]|\\.)*\x22)*`
	infront = `^(?:` + texts + `,)?\s*`
	behind  = `\s*(?:,|$)`
)

// listed is the expression over a line that matches where the atom holds for an element of the list that it may be.
func (a atom) listed() (text string, ok bool) {
	if a.whole || a.kind != kindHeader {
		return a.expression(), true
	}
	fold := ""
	if a.fold {
		fold = "(?i)"
	}
	v := quoteMeta(a.text)
	switch a.how {
	case howExact:
		return fold + infront + v + behind, true
	case howBegin:
		return fold + infront + v, true
	case howEnd:
		return fold + ending(v), true
	case howWithin:
		return fold + v, true
	}
	tree, err := syntax.Parse(a.expression(), syntax.Perl)
	if err != nil {
		return "", false
	}
	return listedTree(tree)
}

// ending matches where an element ends in what v matches.
func ending(v string) string { return "^" + texts + "(?:" + v + `)\s*,|(?:` + v + `)\s*$` }

// listedTree is listed for an expression. It is false for one that may match a comma, and so more than one element.
func listedTree(e *syntax.Regexp) (text string, ok bool) {
	switch e.Op {
	case syntax.OpCapture:
		return listedTree(e.Sub[0])
	case syntax.OpAlternate:
		var all []string
		for _, sub := range e.Sub {
			one, ok := listedTree(sub)
			if !ok {
				return "", false
			}
			all = append(all, one)
		}
		return strings.Join(all, "|"), true
	}
	list := []*syntax.Regexp{e}
	if e.Op == syntax.OpConcat {
		list = e.Sub
	}
	begins, list := bound(list, syntax.OpBeginText, 0)
	ends, list := bound(list, syntax.OpEndText, len(list)-1)
	if slices.ContainsFunc(list, func(e *syntax.Regexp) bool { return !withinElement(e) }) {
		return "", false
	}
	v := (&syntax.Regexp{Op: syntax.OpConcat, Sub: list}).String()
	switch {
	case begins && ends:
		return infront + "(?:" + v + ")" + behind, true
	case begins:
		return infront + "(?:" + v + ")", true
	case ends:
		return ending(v), true
	}
	return v, true
}

// bound takes the sign for a text's begin or end off the list where it stands at its place, and any text beside it, with which it says nothing.
func bound(list []*syntax.Regexp, op syntax.Op, at int) (is bool, rest []*syntax.Regexp) {
	cut := func() {
		list = slices.Delete(slices.Clone(list), at, at+1)
		if at > 0 {
			at--
		}
	}
	if len(list) > 0 && list[at].Op == op {
		is = true
		cut()
	}
	for len(list) > 0 && list[at].Op == syntax.OpStar && (list[at].Sub[0].Op == syntax.OpAnyChar || list[at].Sub[0].Op == syntax.OpAnyCharNotNL) {
		is = false
		cut()
	}
	return is, list
}

// withinElement says whether an expression matches no comma, no quote, and blanks only between other signs.
func withinElement(e *syntax.Regexp) bool {
	switch e.Op {
	case syntax.OpLiteral:
		text := string(e.Rune)
		return strings.TrimSpace(text) == text && !strings.ContainsAny(text, `,"`)
	case syntax.OpCharClass:
		for i := 0; i+1 < len(e.Rune); i += 2 {
			for _, c := range ",\" \t\v\f\r\n" {
				if e.Rune[i] <= c && c <= e.Rune[i+1] {
					return false
				}
			}
		}
		return true
	case syntax.OpConcat, syntax.OpAlternate, syntax.OpCapture, syntax.OpQuest, syntax.OpPlus, syntax.OpStar, syntax.OpRepeat:
		return !slices.ContainsFunc(e.Sub, func(e *syntax.Regexp) bool { return !withinElement(e) })
	}
	return e.Op == syntax.OpEmptyMatch
}
