package conformance

import "testing"

// A redirect goes where its owner wrote: no path of a client's makes it name another host. The path sent to an instance is what the
// options make of it.
func TestRedirectsAndPathsAreAsWritten(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := echoing(t)
		r := start(t, k, setup{}, at(s.addr(), "urlprefix-/old redirect=301,$path strip=/old", "urlprefix-/host redirect=302,https://$host$path",
			"urlprefix-/whole strip=/whole prepend=/app"))
		c := r.dial(t)
		for _, step := range []struct{ target, host, location, body string }{
			{`/old/\evil.example`, "x.example", "/%5Cevil.example", ""},
			{`/old\evil.example`, "x.example", "/%5Cevil.example", ""},
			{"/old//evil.example?q", "x.example", "/evil.example?q", ""},
			{"/old", "x.example", "/", ""},
			{`/host/\evil.example`, "x.example:81", "https://x.example/host/%5Cevil.example", ""},
			{"/whole", "x.example", "", "x.example GET /app HTTP/1.1"},
			{"/whole/", "x.example", "", "x.example GET /app/ HTTP/1.1"},
		} {
			c.send("GET " + step.target + " HTTP/1.1\r\nHost: " + step.host + "\r\n\r\n")
			a := c.answer("GET")
			if got := a.field("Location"); got != step.location || step.location == "" && a.body != step.body {
				t.Errorf("%s: %d, location %q, body %q", step.target, a.status, got, a.body)
			}
		}
		c.send("GET /host/evil.example HTTP/1.1\r\nHost:\r\n\r\n")
		if a := c.answer("GET"); a.status != 400 {
			t.Errorf("no host: %d, location %q", a.status, a.field("Location"))
		}
	})
}
