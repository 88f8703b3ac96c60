package dialect

import (
	"slices"
	"strings"
	"testing"
)

// What entry points mean, and which refuse their route.
func TestEntryPoints(t *testing.T) {
	for _, c := range []struct{ given, names, word string }{
		{"", "web", "http"}, {"", "http", "http"}, {"", "websecure", "https"}, {"", "https", "https"}, {"", "secure", "https"},
		{"", "web, WebSecure", "http|https"}, {"", "https,secure", "https"},
		{"", "internal", ""}, {"", "web,internal", ""}, {"", "", ""}, {"", "web,", ""},
		{"internal=private", "internal", "private"}, {"internal=private", "web", "http"}, {"web=front", "web", "front"},
		{"Both=http, both=https,both=http", "both", "http|https"}, {"web=", "web", ""}, {"web=,web=x", "web", "x"},
	} {
		e, err := ParseEntryPoints(c.given)
		if err != nil {
			t.Errorf("%s: %v", c.given, err)
			continue
		}
		list, err := e.Listeners(strings.Split(c.names, ","))
		word := strings.Join(list, "|")
		if word != c.word || (err != nil) != (c.word == "") {
			t.Errorf("-entrypoints %q, %q: %q %v, want %q", c.given, c.names, word, err, c.word)
		}
		if again, err := ParseEntryPoints(e.String()); err != nil || again.String() != e.String() {
			t.Errorf("%q is printed as %q: %v", c.given, e, err)
		}
	}
	for _, bad := range []string{"web", "=http", "web=a b", "web=http,x", "web=Http"} {
		if _, err := ParseEntryPoints(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if list, err := (*EntryPoints)(nil).Listeners([]string{"web"}); !slices.Equal(list, []string{"http"}) || err != nil {
		t.Errorf("none given: %q %v", list, err)
	}
}

// FuzzEntryPoints: whatever an operator and a label write, a route is served on listeners that were written for its names, or it is refused.
func FuzzEntryPoints(f *testing.F) {
	f.Add("internal=private,both=http,both=https", "web,both")
	f.Add("web=", "WEB")
	f.Add("a|b=http", "a|b")
	f.Fuzz(func(t *testing.T, given, names string) {
		e, err := ParseEntryPoints(given)
		if err != nil {
			return
		}
		if again, err := ParseEntryPoints(e.String()); err != nil || again.String() != e.String() {
			t.Errorf("%q is printed as %q: %v", given, e, err)
		}
		list, err := e.Listeners(strings.Split(names, ","))
		if err != nil {
			return
		}
		word := strings.Join(list, "|")
		rule, verdicts := ParseLine("a.example/ listener="+word, PathSegments, Env{})
		if rule == nil || len(verdicts) > 0 || !rule.Restricts() {
			t.Fatalf("%q for %q: %+v", word, names, verdicts)
		}
		for _, l := range rule.Match.Conditions.Listeners {
			if !slices.Contains([]string{"http", "https"}, l) && !strings.Contains(given, l) {
				t.Errorf("listener %q stands in neither %q nor the usual ones", l, given)
			}
		}
	})
}

// Listeners are taken apart by what speaks TLS; those that the process does not have count where it has none of those that are asked for.
func TestListenersByTLS(t *testing.T) {
	for _, c := range []struct {
		there, on, plain, secure string
		bad                      bool
	}{
		{"", "", "http", "https", false}, {"http,https", "", "http", "https", false}, {"http", "", "http", "", false}, {"http", "http,https", "http", "", false},
		{"http", "https", "", "https", false}, {"http,https", "http", "http", "", false}, {"http,admin", "admin", "", "", true},
	} {
		var on []string
		if c.on != "" {
			on = strings.Split(c.on, ",")
		}
		plain, secure, err := Env{Listeners: c.there}.ByTLS(on)
		if strings.Join(plain, ",") != c.plain || strings.Join(secure, ",") != c.secure || (err != nil) != c.bad {
			t.Errorf("%+v: %q %q %v", c, plain, secure, err)
		}
	}
}
