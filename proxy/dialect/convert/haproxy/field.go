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
