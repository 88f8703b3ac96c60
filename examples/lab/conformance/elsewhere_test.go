package conformance

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/routing"
)

// withStatus is an answer of known length.
func withStatus(status int, body string) string {
	return "HTTP/1.1 " + strconv.Itoa(status) + " X\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// counting is an instance that gives every request the same bytes for an answer, and counts requests and connections.
func counting(t testing.TB, text string, requests, conns *atomic.Int64) *script {
	return play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
		conns.Add(1)
		for {
			m, err := readMessage(in)
			if err != nil {
				return
			}
			requests.Add(1)
			out := text
			if m.method() == "HEAD" {
				head, _, _ := strings.Cut(text, "\r\n\r\n")
				out = head + "\r\n\r\n"
			}
			if _, err := io.WriteString(c, out); err != nil {
				return
			}
		}
	})
}

// versionAsking makes a request over one version of HTTP, with a body unless it is "", and follows no redirect.
type versionAsking func(t testing.TB, r *rig, method, path, body string) (*answer, error)

// eachVersion is every, with HTTP/2 as one more listener.
func eachVersion(t *testing.T, test func(t *testing.T, k *kind, ask versionAsking)) {
	every(t, func(t *testing.T, k *kind) {
		test(t, k, func(t testing.TB, r *rig, method, path, body string) (*answer, error) {
			length := ""
			if body != "" {
				length = "Content-Length: " + strconv.Itoa(len(body)) + "\r\n"
			}
			return r.ask(t, method+" "+path+" HTTP/1.1\r\nHost: t\r\n"+length+"\r\n"+body)
		})
	})
	t.Run("http2", func(t *testing.T) {
		t.Parallel()
		client := http2Client(t)
		test(t, kindNamed("std"), func(t testing.TB, r *rig, method, path, body string) (*answer, error) {
			req, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.addr+path, strings.NewReader(body))
			if err != nil {
				return nil, err
			}
			in, err := client.Transport.RoundTrip(req)
			if err != nil {
				return nil, err
			}
			defer in.Body.Close()
			got, err := io.ReadAll(in.Body)
			a := &answer{status: in.StatusCode, body: string(got)}
			for name, values := range in.Header {
				a.fields = append(a.fields, name+": "+values[0])
			}
			if in.ProtoMajor != 2 {
				t.Error(in.Proto)
			}
			return a, err
		})
	})
}

// unjudged leaves an instance in that does worse than the others.
func unjudged(_ *routing.Route, p *routing.Policy) { p.Eject = routing.EjectOff }

// http2Client speaks HTTP/2 alone.
func http2Client(t testing.TB) *http.Client {
	var only http.Protocols
	only.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &only}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// The same over HTTP/2.
func TestAStatusIsTriedElsewhereOverHTTP2(t *testing.T) {
	t.Parallel()
	var bad, conns, good, none atomic.Int64
	r := start(t, kindNamed("std"), setup{ofRoute: unjudged}, at(counting(t, withStatus(503, "busy"), &bad, &conns).Addr()), at(counting(t, sized("fine"), &good, &none).Addr()))
	client := http2Client(t)
	for range 8 {
		a, err := client.Get("http://" + r.addr + "/g")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(a.Body)
		_ = a.Body.Close()
		if err != nil || a.StatusCode != 200 || string(body) != "fine" || a.ProtoMajor != 2 {
			t.Errorf("%s %q %v", a.Status, body, err)
		}
	}
	if bad.Load() == 0 {
		t.Error("the one that can't serve was never asked")
	}
}

// By default a safe request that one instance can't serve is served by another one, and nothing else is sent twice. Small answers that are
// dropped leave their connection in use.
func TestAStatusIsTriedElsewhere(t *testing.T) {
	chunked := "HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n0\r\n\r\n"
	for name, text := range map[string]string{"small": withStatus(503, "busy"), "chunked": chunked, "large": withStatus(502, strings.Repeat("x", 300<<10))} {
		t.Run(name, func(t *testing.T) {
			one(t, func(t testing.TB, k *kind) {
				var bad, conns, good, none atomic.Int64
				r := start(t, k, setup{ofRoute: unjudged}, at(counting(t, text, &bad, &conns).Addr()), at(counting(t, sized("fine"), &good, &none).Addr()))
				for range 6 { // few: ten retries a second are always within the budget
					for _, method := range []string{"GET", "HEAD"} {
						if a, err := r.ask(t, method+" /g HTTP/1.1\r\nHost: t\r\n\r\n"); err != nil || a.status != 200 {
							t.Fatalf("%s: %+v %v", method, a, err)
						}
					}
				}
				if bad.Load() == 0 {
					t.Error("the one that can't serve was never asked")
				}
				if name != "large" && conns.Load() > rigLoops {
					t.Errorf("%d requests over %d connections", bad.Load(), conns.Load())
				}
				failures := 0
				for range 6 {
					before := bad.Load() + good.Load()
					a, err := r.ask(t, post("Content-Length: 1\r\n", "x"))
					if err != nil || a.status != 200 && a.status < 500 || bad.Load()+good.Load()-before != 1 {
						t.Errorf("%+v %v", a, err)
					}
					if err == nil && a.status != 200 {
						failures++
					}
				}
				if failures == 0 {
					t.Error("no POST met the one that can't serve")
				}
			})
		})
	}
}

// Where all instances say the same, the client gets the answer of the last one, and no reply of the proxy's own.
func TestTheLastInstancesAnswerIsGiven(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		var n, conns atomic.Int64
		s := withStatus(503, "from an instance")
		r := start(t, k, setup{}, at(counting(t, s, &n, &conns).Addr()), at(counting(t, s, &n, &conns).Addr()))
		for range 3 {
			before := n.Load()
			if a, err := r.ask(t, get("/g", "")); err != nil || a.status != 503 || a.body != "from an instance" || n.Load()-before != 2 {
				t.Errorf("%+v %v, asked %d", a, err, n.Load()-before)
			}
		}
	})
}

// nextCases are routes with rules of their own: what bad instances do, and what becomes of a request that meets one or two of them first.
var nextCases = []struct {
	name, next string
	tries      int
	bad        string // what it sends; "" is an end
	method     string
	want       int
	asked      int64 // instances in all, of two bad ones and a good one
}{
	{"listed", "404", 0, withStatus(404, "no"), "GET", 200, 3},
	{"listed, bounded", "404", 2, withStatus(404, "no"), "GET", 404, 2},
	{"not listed", "error,timeout", 0, withStatus(503, "no"), "GET", 503, 1},
	{"POST is not sent twice", "503", 0, withStatus(503, "no"), "POST", 503, 1},
	{"but where that is written", "503,non-idempotent", 0, withStatus(503, "no"), "POST", 200, 3},
	{"PUT may be", "http_500|http_429", 0, withStatus(429, "no"), "PUT", 200, 3},
	{"off", "off", 0, "", "GET", 502, 1},
	{"closed without an answer", "error", 0, "", "GET", 200, 3},
	{"no answer", "invalid-header", 0, "NONSENSE\r\n\r\n", "GET", 200, 3},
	{"no answer, not listed", "error", 0, "NONSENSE\r\n\r\n", "GET", 502, 1},
	{"one try", "error,timeout,503", 1, withStatus(503, "no"), "GET", 503, 1},
}

func TestNextUpstream(t *testing.T) {
	eachVersion(t, func(t *testing.T, k *kind, ask versionAsking) {
		for _, c := range nextCases {
			part(t, c.name, func(t testing.TB) {
				tag := "pointsman.route=/ next-upstream=" + c.next
				if c.tries > 0 {
					tag += " tries=" + strconv.Itoa(c.tries)
				}
				var asked, conns atomic.Int64
				bad := func() discovery.Instance {
					if c.bad != "" {
						return at(counting(t, c.bad, &asked, &conns).Addr(), tag)
					}
					return at(play(t, func(_ int64, _ *net.TCPConn, in *bufio.Reader) {
						if _, err := readMessage(in); err == nil {
							asked.Add(1)
						}
					}).Addr(), tag)
				}
				good := at(counting(t, sized("fine"), &asked, &conns).Addr(), tag+" backup") // asked last
				r := start(t, k, setup{noRetries: true}, bad(), bad(), good)
				a, err := ask(t, r, c.method, "/g", "x")
				if err != nil || a.status != c.want || asked.Load() != c.asked {
					t.Errorf("%+v %v, asked %d times, want %d and %d", a, err, asked.Load(), c.want, c.asked)
				}
			})
		}
	})
}

// An instance that ends a kept connection under the request has not been asked: a route with one try gives it the request once more, where
// that may be sent again.
func TestAKeptConnectionsEndIsNoTry(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) { // answers one request of each connection
			if _, err := readMessage(in); err == nil {
				_, _ = io.WriteString(c, sized("fine"))
				_, _ = readMessage(in)
			}
		})
		r := start(t, k, setup{loops: 1}, at(s.Addr(), "pointsman.route=/ tries=1"))
		for n := range 4 {
			if a, err := r.ask(t, get("/g", "")); err != nil || a.status != 200 {
				t.Errorf("request %d: %+v %v", n, a, err)
			}
		}
		if r.counter("pointsman_retries_total", "closed")+r.counter("pointsman_retries_total", "reset") == 0 {
			t.Error("no kept connection ended under a request")
		}
		if a, err := r.ask(t, post("Content-Length: 1\r\n", "x")); err != nil || a.status != 502 {
			t.Errorf("POST: %+v %v", a, err)
		}
	})
}

// A route's line says how long a connect, a response and a body that stands still may take.
func TestTimeoutOptions(t *testing.T) {
	eachVersion(t, func(t *testing.T, k *kind, ask versionAsking) {
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			m, err := readMessage(in)
			if err != nil {
				return
			}
			if m.path() == "/halts" {
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
			}
			_, _ = io.Copy(io.Discard, in)
		})
		r := start(t, k, setup{}, at(s.Addr(), "pointsman.route=/late answer-timeout=200ms", "pointsman.route=/halts progress-timeout=200ms"),
			as("far", at(blackHole(t), "pointsman.route=/far connect-timeout=200ms tries=1")))
		began := time.Now()
		if a, err := ask(t, r, "GET", "/late", ""); err != nil || a.status != 504 {
			t.Errorf("%+v %v", a, err)
		}
		if a, err := ask(t, r, "GET", "/halts", ""); err == nil {
			t.Errorf("a body that stands still: %+v", a)
		}
		if a, err := ask(t, r, "GET", "/far", ""); err != nil || a.status != 503 {
			t.Errorf("%+v %v", a, err)
		}
		if took := time.Since(began); took > patience {
			t.Errorf("took %s", took)
		}
	})
}

// A request that left an instance because it was late comes back to it where the other one fails: late is better than an error.
func TestALateInstanceIsAskedAgainWhereTheOtherFails(t *testing.T) {
	const late = 300 * time.Millisecond
	one(t, func(t testing.TB, k *kind) {
		var stands sync.Mutex // the slow one answers nobody while it takes its time
		served := 0           // by it
		instance := func(on func(c *net.TCPConn) bool) net.Addr {
			return play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
				for {
					m, err := readMessage(in)
					if err != nil || strings.Contains(m.line, "/wait") && !on(c) {
						return
					}
					if on(nil) {
						stands.Lock()
						served++
						stands.Unlock()
					}
					if _, err := io.WriteString(c, sized("fine")); err != nil {
						return
					}
				}
			}).Addr()
		}
		slow := instance(func(c *net.TCPConn) bool {
			if c != nil {
				stands.Lock()
				time.Sleep(late)
				stands.Unlock()
			}
			return true
		})
		fails := instance(func(c *net.TCPConn) bool { return c != nil && c.SetLinger(0) != nil })
		r := start(t, k, setup{}, at(slow), at(fails))
		ask := func(path string) {
			if a, err := r.ask(t, get(path, "")); err != nil || a.status != 200 || a.body != "fine" {
				t.Errorf("%s: %+v %v", path, a, err)
			}
		}
		for range 40 { // so that what is usual is known
			ask("/g")
		}
		done := make(chan struct{})
		go func() { // silence is told by comparison: the other one has to answer meanwhile
			defer close(done)
			for range 4 {
				ask("/wait")
			}
		}()
		for {
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
				ask("/g")
			}
		}
	})
}
