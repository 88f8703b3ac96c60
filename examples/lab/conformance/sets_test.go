package conformance

import (
	"bufio"
	"net"
	"sync/atomic"
	"testing"

	"github.com/pointsman/pointsman/discovery"
)

// gone is an address where nothing listens. No other part listens on that IP address: the port could be the next one that the proxy gets.
func gone(t testing.TB) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.9:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	return l.Addr()
}

// setCases are what a route's line says of errors, what its instance does, and what becomes of requests. Beside it there are the services
// spare and pages, and one that is not there.
var setCases = []struct {
	name, options string
	bad           string // what the instance sends; "" is an end, "gone" that nothing listens
	method        string
	status        int
	body          string // "" is any
	location      string
}{
	{"fallback, refused", "fallback=service:spare", "gone", "GET", 200, "spare", ""},
	{"fallback, refused, POST", "fallback=service:spare", "gone", "POST", 200, "spare", ""},
	{"fallback in order", "fallback=service:absent|service:spare|service:pages", "gone", "GET", 200, "spare", ""},
	{"fallback, closed", "fallback=service:spare", "", "GET", 200, "spare", ""},
	{"fallback, closed, POST", "fallback=service:spare", "", "POST", 502, "", ""},
	{"fallback, 503", "fallback=service:spare", withStatus(503, "busy"), "GET", 200, "spare", ""},
	{"fallback, 503, POST", "fallback=service:spare", withStatus(503, "busy"), "POST", 503, "busy", ""},
	{"none is there", "fallback=service:absent", "gone", "GET", 503, "", ""},
	{"none: a status", "on=none:404", "gone", "GET", 404, "", ""},
	{"none: a page elsewhere", "on=none:https://status.example$path", "gone", "GET", 302, "", "https://status.example/g"},
	{"none: a service", "on=none:service:pages", "gone", "POST", 200, "pages", ""},
	{"none is no 502", "on=none:service:pages", "", "GET", 502, "", ""},
	{"502: a service", "on=502:service:pages", "", "GET", 200, "pages", ""},
	{"502: a service, but not for what was sent", "on=502:service:pages", "", "POST", 502, "", ""},
	{"502: a status", "on=502,504:410", "", "POST", 410, "", ""},
	{"an instance's own error", "on=503:service:pages", withStatus(503, "busy"), "GET", 503, "busy", ""},
	{"an instance's own error, intercepted", "on=503:service:pages intercept=on", withStatus(503, "busy"), "GET", 200, "pages", ""},
	{"an instance's 404, intercepted", "on=404:https://status.example/ intercept=on", withStatus(404, "no"), "POST", 302, "", "https://status.example/"},
	{"an instance's 500, intercepted", "on=404:410 on=500:503 intercept=on", withStatus(500, "no"), "GET", 503, "", ""},
	{"intercepted, but not for what was sent", "on=503:service:pages intercept=on", withStatus(503, "busy"), "POST", 503, "busy", ""},
	{"the service is not there", "on=502:service:absent", "", "GET", 502, "", ""},
	{"first fallback, then on", "fallback=service:absent on=none:service:pages", "gone", "GET", 200, "pages", ""},
}

func TestSetsInOrder(t *testing.T) {
	eachVersion(t, func(t *testing.T, k *kind, ask versionAsking) {
		for _, c := range setCases {
			part(t, c.name, func(t testing.TB) {
				var asked, conns atomic.Int64
				var bad net.Addr
				switch c.bad {
				case "gone":
					bad = gone(t)
				case "":
					bad = play(t, func(_ int64, _ *net.TCPConn, in *bufio.Reader) {
						if _, err := readMessage(in); err == nil {
							asked.Add(1)
						}
					}).Addr()
				default:
					bad = counting(t, c.bad, &asked, &conns).Addr()
				}
				instances := []discovery.Instance{at(bad, "pointsman.route=/g "+c.options)}
				for _, name := range []string{"pages", "spare"} {
					instances = append(instances, as(name, at(counting(t, sized(name), &asked, &conns).Addr(), "v1")))
				}
				r := start(t, k, setup{}, instances...)
				requests := 2
				if c.bad == "" {
					requests = 1 // it is ejected then
				}
				for range requests {
					before := asked.Load()
					a, err := ask(t, r, c.method, "/g", "x")
					if err != nil || a.status != c.status || c.body != "" && a.body != c.body || a.field("Location") != c.location {
						t.Errorf("%+v %v", a, err)
					}
					if n := asked.Load() - before; c.method == "POST" && n > 1 {
						t.Errorf("a POST arrived %d times", n)
					}
				}
			})
		}
	})
}

// A service that is named comes and goes while requests are served, and what restricts the route holds.
func TestASetComesAndGoes(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		web := at(gone(t), "pointsman.route=/g fallback=service:spare")
		spare := as("spare", at(answering(t, "spare").Addr()))
		r := start(t, k, setup{}, web)
		ask := func(want int) {
			t.Helper()
			if a, err := r.ask(t, get("/g", "")); err != nil || a.status != want {
				t.Errorf("%+v %v, want %d", a, err, want)
			}
		}
		ask(503)
		r.apply(spare, web)
		ask(200)
		r.apply(web)
		ask(503)
		r.apply(spare, at(gone(t), "pointsman.route=/g fallback=service:spare deny=ip:127.0.0.0/8"))
		ask(403)
		r.apply(spare, web)
		ask(200)
		r.apply(spare)
		ask(200)
	})
}

// What a folder does not have, a service may.
func TestAServiceBehindAFolder(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		folder := site(t)
		r := start(t, k, setup{lines: "/ files=" + folder + " on=404:service:app"}, as("app", at(answering(t, "app").Addr(), "v1")))
		for path, want := range map[string]string{"/nowhere": "app", "/": ""} {
			a, err := r.ask(t, get(path, ""))
			if k.name == "event" { // without anyone to hand over to there are no files
				continue
			}
			if err != nil || a.status != 200 || (want != "" || a.body == "app") && a.body != want {
				t.Errorf("%s: %+v %v", path, a, err)
			}
		}
	})
}

// An instance whose host is gone answers nothing at all: who meets it waits for the connect's time and is served by the other one.
func TestABlackHoleCostsNobodyARequest(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		var asked, conns atomic.Int64
		const tag = "pointsman.route=/ connect-timeout=150ms"
		r := start(t, k, setup{}, at(blackHole(t), tag), at(counting(t, sized("ok"), &asked, &conns).Addr(), tag))
		for n := range 20 {
			request := get("/g", "")
			if n%2 == 1 {
				request = post("Content-Length: 1\r\n", "x")
			}
			if a, err := r.ask(t, request); err != nil || a.status != 200 {
				t.Errorf("%+v %v", a, err)
			}
		}
		if asked.Load() != 20 {
			t.Errorf("20 requests arrived %d times", asked.Load())
		}
	})
}
