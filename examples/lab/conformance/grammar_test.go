package conformance

import (
	"testing"
)

// Options that hold for all routes of an instance, lists with |, and quoted values do what options of a line do.
func TestOptionsOfAllRoutes(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := answering(t, "fine")
		r := start(t, k, setup{},
			as("a", at(s.Addr(), "pointsman.deny=ip:127.0.0.0/8|ip:::1", "pointsman.route=/closed", "pointsman.route.two=/own deny=ip:192.0.2.7|ip:192.0.2.8", "urlprefix-/fabio")),
			as("b", at(s.Addr(), `pointsman.route.moved=/moved redirect="301|https://new.test/a"`, "pointsman.prepend=/p", "pointsman.route=/b")),
			as("c", at(s.Addr(), "pointsman.alow=ip:127.0.0.1", "pointsman.route=/misspelt")))
		for path, want := range map[string]int{"/closed": 403, "/own": 200, "/fabio": 403, "/moved": 301, "/b": 200, "/misspelt": 503} {
			if a, err := r.ask(t, get(path, "")); err != nil || a.status != want {
				t.Errorf("%s: %+v %v, want %d", path, a, err, want)
			}
		}
	})
}
