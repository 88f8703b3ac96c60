package haproxy

import (
	"strings"
)

// kind is what an atom looks at.
type kind uint8

const (
	kindUnknown  kind = iota // nothing that a line can say
	kindConstant             // always true, or with no text always false
	kindHost
	kindHostExpression // a host that no pattern of a line says
	kindPath
	kindMethod
	kindHeader
	kindQuery
	kindCookie
	kindClient
	kindListener
)

// how is how a text is compared.
type how uint8

const (
	howExact how = iota
	howBegin
	howEnd
	howWithin
	howRegexp
	howFound // it is there, whatever it is
)

// atom is one thing that is true of a request or not. It is comparable.
type atom struct {
	kind kind
	how  how
	// name is that of a header field, a parameter or a cookie.
	name string
	// text is compared with; of kindUnknown it is why.
	text string
	// fold ignores case.
	fold bool
	// whole says that the lines of a header field are compared as they are, and not the elements of the lists that they may be.
	whole bool
	// compiled is the regular expression of howRegexp; the same for the same expression.
	compiled *expression
}

// literal is an atom, or its contrary.
type literal struct {
	atom
	not bool
}

// conjunct is true where all of its literals are; a condition where one of its conjuncts is. A nil condition is never true, and one with an
// empty conjunct always.
type conjunct []literal

type condition []conjunct

// maxConjuncts bounds what a condition multiplies out to.
const maxConjuncts = 256

var always = condition{{}}

func unknown(why string) condition { return condition{{{atom: atom{text: why}}}} }

func (c condition) or(d condition) condition {
	if len(c)+len(d) > maxConjuncts {
		return unknown("the condition has more than 256 alternatives")
	}
	return append(c[:len(c):len(c)], d...)
}

func (c condition) and(d condition) condition {
	if len(c)*len(d) > maxConjuncts {
		return unknown("the condition has more than 256 alternatives")
	}
	var out condition
	for _, a := range c {
		for _, b := range d {
			out = append(out, append(a[:len(a):len(a)], b...))
		}
	}
	return out
}

// negated is the contrary.
func (c condition) negated() condition {
	out := always
	for _, con := range c {
		var one condition
		for _, l := range con {
			l.not = !l.not
			one = append(one, conjunct{l})
		}
		out = out.and(one)
	}
	return out
}

// holds says whether a text that is known meets the atom.
func (a atom) holds(text string) bool {
	want, original := a.text, text
	if a.fold {
		text, want = strings.ToLower(text), strings.ToLower(want)
	}
	switch a.how {
	case howExact:
		return text == want
	case howBegin:
		return strings.HasPrefix(text, want)
	case howEnd:
		return strings.HasSuffix(text, want)
	case howWithin:
		return strings.Contains(text, want)
	case howRegexp:
		return a.compiled != nil && a.compiled.MatchString(original)
	}
	return true
}

// truth is what is known of an atom.
type truth uint8

const (
	open truth = iota // not decided
	yes
	no
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// tells is what a being true says of b, both of them about the same text.
func (a atom) tells(b atom) truth {
	if a == b {
		return yes
	}
	if a.how == howExact && (!a.fold || b.fold) {
		return truthOf(b.holds(a.text))
	}
	x, y := strings.ToLower(a.text), strings.ToLower(b.text)
	sure := b.fold || !a.fold // b's letters are those of a
	apart := func(b bool) truth {
		if b {
			return no
		}
		return open
	}
	switch {
	case a.how == howRegexp || b.how == howRegexp:
		return apart(neverBoth(a, b) || neverBoth(b, a))
	case b.how == howExact && a.how != howRegexp && a.how != howFound:
		return apart(!atom{how: a.how, text: x}.holds(y))
	case a.how == howBegin && b.how == howBegin:
		if sure && b.holds(a.text) {
			return yes
		}
		return apart(!strings.HasPrefix(x, y) && !strings.HasPrefix(y, x))
	case a.how == howEnd && b.how == howEnd:
		if sure && b.holds(a.text) {
			return yes
		}
		return apart(!strings.HasSuffix(x, y) && !strings.HasSuffix(y, x))
	case b.how == howWithin && sure && (a.how == howBegin || a.how == howEnd || a.how == howWithin) && b.holds(a.text):
		return yes
	}
	return open
}

// neverBoth says whether no text meets both an expression and another atom, as far as that can be told.
func neverBoth(expr, other atom) bool {
	if expr.how != howRegexp || expr.compiled == nil || other.fold && !expr.fold {
		return false
	}
	switch other.how {
	case howExact:
		return !expr.holds(other.text)
	case howBegin:
		return !expr.compiled.mayBegin(other.text)
	case howEnd:
		return !expr.compiled.mayEnd(other.text)
	}
	return false
}
