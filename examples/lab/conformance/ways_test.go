package conformance

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
)

// plainAndTLS is a kind whose rigs serve routes with TLS towards the instances: the event loop hands them over, and serves the others.
func plainAndTLS(k *kind) *kind {
	if k.name != "event" {
		return k
	}
	both := *k
	both.start = startBoth
	return &both
}

// answeringTLS is an instance behind TLS, whose certificate no authority has signed.
func answeringTLS(t testing.TB, body string) *script {
	config := &tls.Config{Certificates: []tls.Certificate{certificate()}}
	return play(t, func(_ int64, c *net.TCPConn, _ *bufio.Reader) {
		secure := tls.Server(c, config)
		in := bufio.NewReader(secure)
		for {
			if _, err := readMessage(in); err != nil {
				return
			}
			if _, err := io.WriteString(secure, sized(body)); err != nil {
				return
			}
		}
	})
}

// One route speaks to the instance in a way that it does not understand, or does not trust. That is this route's misfortune, and
// nobody else's: every request to the other route is answered, however often the bad one is asked for.
func TestOneRoutesWayOfSpeakingIsNotChargedToOthers(t *testing.T) {
	every(t, func(t *testing.T, k *kind) {
		for name, c := range map[string]struct {
			instance  func(t testing.TB, body string) *script
			good, bad string
		}{
			"TLS to a plain instance":     {answering, "urlprefix-/good", "urlprefix-/bad proto=https"},
			"plain to a TLS instance":     {answeringTLS, "urlprefix-/good proto=https tlsskipverify=true", "urlprefix-/bad"},
			"certificate not verifiable":  {answeringTLS, "urlprefix-/good proto=https tlsskipverify=true", "urlprefix-/bad proto=https"},
			"certificate of another name": {answeringTLS, "urlprefix-/good proto=https tlsskipverify=true host=t", "urlprefix-/bad proto=https host=t"},
		} {
			part(t, name, func(t testing.TB) {
				s := c.instance(t, "fine")
				r := start(t, plainAndTLS(k), setup{reviver: true}, at(s.Addr(), c.good, c.bad))
				askBothWays(t, r)
				if n := r.counter("pointsman_upstream_connects_total", "refused") + r.counter("pointsman_upstream_connects_total", "timeout"); n != 0 {
					t.Errorf("%v connects count as refused or late, and none was", n)
				}
				if strings.Contains(c.bad, "https") && r.counter("pointsman_upstream_connects_total", "handshake")+r.counter("pointsman_upstream_connects_total", "closed") == 0 {
					t.Error("no failed handshake is counted")
				}
			})
		}
	})
}

// askBothWays asks for /good while /bad is asked for 50 times a second.
func askBothWays(t testing.TB, r *rig) {
	good := r.dial(t)
	for n := range 20 {
		bad := r.dial(t)
		bad.send("GET /bad HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
		if status := bad.answer("GET").status; status < 500 {
			t.Fatalf("/bad is answered with %d", status)
		}
		for range 10 {
			good.send("GET /good HTTP/1.1\r\nHost: t\r\n\r\n")
			if a := good.answer("GET"); a.status != 200 {
				t.Fatalf("round %d: /good is answered with %d %q", n, a.status, a.body)
			}
			time.Sleep(2 * time.Millisecond)
		}
	}
}

// What was learnt over a way outlives the tables: an instance that keeps its address and its tags keeps what is known of it. A way that
// no route speaks any more is forgotten, and its connections end.
func TestWaysSurviveASwap(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		plain, secure := answering(t, "plain"), answeringTLS(t, "secure")
		tls := func(more string) discovery.Instance {
			return as("s", at(secure.Addr(), "urlprefix-/secure proto=https tlsskipverify=true"+more))
		}
		r := start(t, plainAndTLS(k), setup{reviver: true}, at(plain.Addr(), "urlprefix-/plain"), tls(""))
		c := r.dial(t)
		ask := func() {
			for _, path := range []string{"plain", "secure"} {
				c.send(fmt.Sprintf("GET /%s HTTP/1.1\r\nHost: t\r\n\r\n", path))
				c.want(200, path)
			}
		}
		ask()
		for n := range 5 {
			r.apply(at(plain.Addr(), "urlprefix-/plain", fmt.Sprintf("urlprefix-/n%d", n)), tls(""), as("other", at(plain.Addr(), fmt.Sprintf("urlprefix-/o%d", n))))
			ask()
		}
		if n := secure.Conns(); n != 1 {
			t.Errorf("%d connections over TLS, want the first one to be kept over all swaps", n)
		}
		r.apply(at(plain.Addr(), "urlprefix-/plain"), tls(" host=name.test"))
		ask()
		deadline := time.Now().Add(patience)
		for secure.Live() != 1 {
			if time.Now().After(deadline) {
				t.Fatalf("%d connections over TLS are open, want that of the way in use", secure.Live())
			}
			time.Sleep(5 * time.Millisecond)
		}
	})
}

// The same over HTTP/2: its requests are exchanges like all others.
func TestOneRoutesWayOfSpeakingIsNotChargedToOthersOverHTTP2(t *testing.T) {
	t.Parallel()
	s := answering(t, "fine")
	r := start(t, kindNamed("std-tls"), setup{reviver: true}, at(s.Addr(), "urlprefix-/good", "urlprefix-/bad proto=https"))
	tr := &http.Transport{Protocols: new(http.Protocols), TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	tr.Protocols.SetHTTP2(true)
	defer tr.CloseIdleConnections()
	ask := func(path string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+r.addr+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		if a.ProtoMajor != 2 {
			t.Fatal(a.Proto)
		}
		return a.StatusCode
	}
	for n := range 20 {
		if bad := ask("/bad"); bad != 503 {
			t.Errorf("/bad is answered with %d", bad)
		}
		for range 5 {
			if good := ask("/good"); good != 200 {
				t.Fatalf("round %d: /good is answered with %d", n, good)
			}
		}
	}
}
