package haproxy

import (
	"slices"
	"strings"
)

// fieldOf says whether a kind is about something that a request has by name, or has not.
func fieldOf(k kind) bool { return k == kindHeader || k == kindQuery || k == kindCookie }

// field is a comparison that no line can say. It can't hold where the field is missing, and certainly holds for the usual spellings of a value
// whose case is ignored; of other values it is not known.
func field(a atom) (out condition) {
	if a.how == howExact && !strings.Contains(a.text, "|") {
		small := strings.ToLower(a.text)
		spellings := []string{a.text, small}
		if small != "" {
			spellings = append(spellings, strings.ToUpper(small[:1])+small[1:])
		}
		slices.Sort(spellings)
		for _, text := range slices.Compact(spellings) {
			out = append(out, conjunct{{atom: atom{kind: a.kind, name: a.name, text: text}}})
		}
	}
	found := atom{kind: a.kind, name: a.name, how: howFound}
	return append(out, conjunct{{atom: found}, {atom: atom{text: "the field " + a.name + " is compared in full, with its case"}}})
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

// listed is the condition of a rule that refuses, with the requests that it may hold for besides: HAProxy compares each part of a header field
// that is a list with commas, and a line the whole value.
func listed(c condition) condition {
	var more condition
	for _, con := range c {
		wider := slices.Clone(con)
		for i, l := range con {
			if l.kind == kindHeader && l.how == howExact && !l.not {
				wider[i].atom = atom{kind: l.kind, name: l.name, how: howFound}
				wider = append(wider, literal{atom: atom{text: "the field " + l.name + " may be a list, of which each part is compared"}})
			}
		}
		if len(wider) > len(con) {
			more = append(more, wider)
		}
	}
	return c.or(more)
}

// single is the condition of a rule that lets requests past those behind it, without what no line can tell: a field that is a list may hold a part
// that the rule is not for.
func single(c condition) condition {
	out := slices.Clone(c)
	for n, con := range c {
		out[n] = slices.Clone(con)
		for i, l := range con {
			if l.kind == kindHeader && l.how == howExact && l.not {
				out[n][i].atom = atom{kind: l.kind, name: l.name, how: howFound}
			}
		}
	}
	return out
}
