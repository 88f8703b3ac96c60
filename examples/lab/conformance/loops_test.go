package conformance

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// loopLimits bound a loop that nothing finds.
var loopLimits = limits{UpstreamConns: 20}

func addrOf(t testing.TB, r *rig) net.Addr {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// tag asks for every request, for an instance that is such a listener.
func (k *kind) tag() string {
	if k.secure {
		return "urlprefix-/ proto=https tlsskipverify=true"
	}
	return "urlprefix-/"
}

// An instance that is the proxy itself costs one round, and the client is told.
func TestAProxyThatIsItsOwnInstance(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		r := start(t, k, setup{limits: loopLimits})
		r.apply(at(addrOf(t, r), k.tag()))
		c := r.dial(t)
		c.send(get("/", ""))
		if got := c.answer("GET"); got.status != 508 {
			t.Errorf("%d %s", got.status, got.body)
		}
		if n := r.counter("pointsman_upstream_connects_total"); n > 2 {
			t.Errorf("%v connects for one request", n)
		}
	})
}

// Two proxies, each of which is the other's instance.
func TestARingOfProxies(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		a := start(t, k, setup{limits: loopLimits})
		b := start(t, k, setup{limits: loopLimits}, at(addrOf(t, a), k.tag()))
		a.apply(at(addrOf(t, b), k.tag()))
		c := a.dial(t)
		c.send(get("/", ""))
		if got := c.answer("GET"); got.status != 508 {
			t.Errorf("%d %s", got.status, got.body)
		}
		if n := a.counter("pointsman_upstream_connects_total") + b.counter("pointsman_upstream_connects_total"); n > 4 {
			t.Errorf("%v connects for one request", n)
		}
	})
}

// A chain of two proxies, and an application that asks another one through the proxy that asked it, are no loops.
func TestWhatIsNoLoop(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, strings.Join(r.Header.Values("Via"), ", "))
		}))
		t.Cleanup(app.Close)
		last := start(t, kindNamed("event"), setup{})
		gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			on, _ := http.NewRequestWithContext(r.Context(), r.Method, "http://"+last.addr+"/", nil)
			on.Host, on.Header = "app.io", r.Header.Clone()
			answer, err := http.DefaultTransport.RoundTrip(on)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			defer answer.Body.Close()
			w.WriteHeader(answer.StatusCode)
			_, _ = io.Copy(w, answer.Body)
		}))
		t.Cleanup(gateway.Close)
		last.apply(at(gateway.Listener.Addr(), "urlprefix-t/"), as("app", at(app.Listener.Addr(), "urlprefix-app.io/")))
		first := start(t, k, setup{}, at(addrOf(t, last)))
		c := first.dial(t)
		c.send(get("/", "Via: 1.0 fred\r\n"))
		got := string(c.answer("GET").body)
		if !regexp.MustCompile(`^1\.0 fred(, 1\.1 pointsman-[0-9a-f]{16}){3}$`).MatchString(got) {
			t.Errorf("the application sees Via %q", got)
		}
	})
}
