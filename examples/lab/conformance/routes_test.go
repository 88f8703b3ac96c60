package conformance

import (
	"strconv"
	"testing"
)

// A redirect goes where its owner wrote: no path of a client's makes it name another host. The path sent to an instance is what the
// options make of it.
func TestRedirectsAndPathsAreAsWritten(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := echoing(t)
		r := start(t, k, setup{}, at(s.Addr(), "urlprefix-/old redirect=301,$path strip=/old", "urlprefix-/host redirect=302,https://$host$path",
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

// shop is what most users of Fabio write: HTTPS for all, and a redirect for who comes in plain text.
var shop = []string{"urlprefix-shop.test/", "urlprefix-shop.test:80/ redirect=301,https://shop.test$path"}

func TestPlainRequestsAreRedirectedAndNoneOverTLS(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := echoing(t)
		r := start(t, k, setup{}, at(s.Addr(), shop...))
		c := r.dial(t)
		for _, step := range []struct {
			host       string
			plain, tls int
		}{{"shop.test", 301, 200}, {"Shop.Test.", 301, 200}, {"shop.test:80", 301, 200}, {"shop.test:443", 200, 200}, {"shop.test:8080", 200, 200}} {
			want := step.plain
			if k.secure {
				want = step.tls
			}
			c.send("GET /cart?q HTTP/1.1\r\nHost: " + step.host + "\r\n\r\n")
			a := c.answer("GET")
			if a.status != want || want == 301 && a.field("Location") != "https://shop.test/cart?q" {
				t.Errorf("%s: %d %q, want %d", step.host, a.status, a.field("Location"), want)
			}
		}
		c.send("GET / HTTP/1.1\r\nHost: shop.test\r\nX-Forwarded-Proto: https\r\n\r\n") // says somebody who is not trusted
		if a := c.answer("GET"); (a.status == 301) == k.secure {
			t.Errorf("a claim of HTTPS: %d", a.status)
		}
	})
}

// Behind a proxy that is trusted and ends TLS, its word counts: else the redirect would lead to itself.
func TestSchemeIsThatOfTheClient(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := echoing(t)
		r := start(t, k, setup{forwarder: forwarder(t, "127.0.0.1")}, at(s.Addr(), shop...))
		c := r.dial(t)
		for proto, want := range map[string]int{"https": 200, "http": 301} {
			c.send("GET / HTTP/1.1\r\nHost: shop.test\r\nX-Forwarded-Proto: " + proto + "\r\n\r\n")
			if a := c.answer("GET"); a.status != want {
				t.Errorf("%s: %d, want %d", proto, a.status, want)
			}
		}
	})
}

func TestPlainHTTP2IsRedirectedAndNoneOverTLS(t *testing.T) {
	everyHTTP2(t, func(t *testing.T, k *kind) {
		s := echoing(t)
		c := start(t, k, setup{}, at(s.Addr(), shop...)).dialFramed(t)
		want := 301
		if k.secure {
			want = 200
		}
		head := []string{":method", "GET", ":scheme", "https", ":authority", "shop.test", ":path", "/"} // a scheme that anyone can claim
		if got := c.outcome(c.ask(head, "")); got != strconv.Itoa(want) {
			t.Errorf("%s, want %d", got, want)
		}
	})
}
