package haproxy

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// elements are those of a list, taken apart as HAProxy does it (http_find_hdr_value_end and what it trims).
func elements(line string) (out []string) {
	from, quoted, escaped := 0, false, false
	for i := range len(line) {
		switch c := line[i]; {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case !quoted && c == ',':
			out = append(out, strings.Trim(line[from:i], " \t"))
			from = i + 1
		}
	}
	return append(out, strings.Trim(line[from:], " \t"))
}

func (a atom) holdsIn(element string) bool {
	if a.fold && a.how != howRegexp {
		element, a.text = strings.ToLower(element), strings.ToLower(a.text)
	}
	switch a.how {
	case howExact:
		return element == a.text
	case howBegin:
		return strings.HasPrefix(element, a.text)
	case howEnd:
		return strings.HasSuffix(element, a.text)
	case howWithin:
		return strings.Contains(element, a.text)
	}
	return regexp.MustCompile(a.expression()).MatchString(element)
}

// The expression over a line says what HAProxy finds in the elements of the list.
func TestListsAreTakenApartAsHAProxyDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	expressions := []string{"a", "^a", "a$", "^a$", "^(a|bb)$", "a|b$", "^a+b?$", ".*a", "^.*ab.*$", "^[ab]+", "b{2}$", "^a|^b", "a b", "(a)(b)", "^$", "[^a]", "^a.b$", `\bb\b`, " a"}
	said, held := 0, 0
	for range 8_000 {
		a := atom{kind: kindHeader, name: "x", how: how(r.IntN(5)), fold: r.IntN(3) == 0, text: []string{"a", "b", "ab", "a b", "aa", `b\`}[r.IntN(6)]}
		if a.how == howRegexp {
			a.text = expressions[r.IntN(len(expressions))]
		}
		text, ok := a.listed()
		if !ok {
			continue
		}
		said++
		line := make([]byte, r.IntN(9))
		for i := range line {
			line[i] = "aabbA,,\"\\ \t"[r.IntN(11)]
		}
		value := strings.Trim(string(line), " \t") // as fields are
		got, want := regexp.MustCompile(text).MatchString(value), slices.ContainsFunc(elements(value), a.holdsIn)
		if got != want {
			t.Fatalf("%+v in %q: %v, want %v by %s", a, value, got, want, text)
		}
		if got {
			held++
		}
	}
	if said < 5_000 || held < said/10 {
		t.Errorf("%d expressions, of which %d matched", said, held)
	}
}
