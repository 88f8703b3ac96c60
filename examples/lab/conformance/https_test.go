package conformance

import "testing"

// httpsCases are what routes ask of HTTPS. What is served over TLS is no other on any listener.
func httpsCases(secure bool) []filterCase {
	const field, own = "Strict-Transport-Security", "Strict-Transport-Security: max-age=1"
	hsts := func(c filterCase, value string) filterCase {
		if secure {
			c.has, c.hasNot = append(c.has, field+": "+value), append(c.hasNot, own)
		} else {
			c.hasNot = append(c.hasNot, field)
		}
		return c
	}
	redirected := filterCase{name: "to HTTPS", options: "https=redirect hsts=60 allow=ip:192.0.2.1", method: "POST", path: "/a?b=1", body: "x", status: 308,
		has: []string{"Location: https://tROUTE/a?b=1", "Content-Length: 0"}, hasNot: []string{field}}
	if secure {
		redirected.status, redirected.has = 403, []string{field + ": max-age=60"}
		redirected.hasNot = []string{"Location"}
	}
	year := "max-age=31536000; includeSubDomains; preload"
	return []filterCase{
		redirected,
		hsts(filterCase{name: "an instance's answer", options: "hsts=31536000,includeSubDomains,preload", status: 200, fields: []string{saying(own)}}, year),
		hsts(filterCase{name: "a local reply", options: "hsts=60 deny=ip:127.0.0.1", status: 403}, "max-age=60"),
		hsts(filterCase{name: "a redirect", options: "hsts=60 redirect=301,https://other.test/", status: 301}, "max-age=60"),
		hsts(filterCase{name: "a preflight", options: "hsts=60 cors=https://a.test", method: "OPTIONS", status: 200,
			fields: []string{"Origin: https://a.test", "Access-Control-Request-Method: PUT"}}, "max-age=60"),
		{name: "the instance's own stays", status: 200, fields: []string{saying(own)}, has: []string{own}},
	}
}

func TestHTTPSOfRoutes(t *testing.T) {
	one(t, func(t testing.TB, k *kind) { filterRig(t, k, httpsCases(k.secure), overHTTP1) })
}

func TestHTTPSOfRoutesOverHTTP2(t *testing.T) {
	everyHTTP2(t, func(t *testing.T, k *kind) { filterRig(t, k, httpsCases(k.secure), overHTTP2) })
}

// A client that speaks HTTPS to a trusted proxy is sent nowhere, and held to HTTPS.
func TestHTTPSOfATrustedProxy(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		instance := filtered(t)
		r := start(t, k, setup{forwarder: forwarder(t, "127.0.0.0/8")}, at(instance.Addr(), "pointsman.route=/ https=redirect hsts=60"))
		c := filterCase{name: "HTTPS before us", method: "GET", status: 200, fields: []string{"X-Forwarded-Proto: https"}, has: []string{"Strict-Transport-Security: max-age=60"}}
		c.check(t, overHTTP1(t, r, c, "/"))
		c = filterCase{name: "HTTP before us", method: "GET", status: 308, fields: []string{"X-Forwarded-Proto: http"}, has: []string{"Location: https://t/"},
			hasNot: []string{"Strict-Transport-Security"}}
		c.check(t, overHTTP1(t, r, c, "/"))
	})
}
