package conformance

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// everyHandingOver runs a test with the listeners that hand connections over.
func everyHandingOver(t *testing.T, test func(t testing.TB, k *kind)) {
	t.Parallel()
	for _, k := range kinds() {
		if k.handsOver {
			t.Run(k.name, func(t *testing.T) { judge(t, func(t testing.TB) { test(t, k) }) })
		}
	}
}

// A connection is handed over in the middle of a keep-alive series, with requests before and behind, wherever the bytes that had come
// by then end.
func TestHandedOverInTheMiddleOfASeries(t *testing.T) {
	everyHandingOver(t, func(t testing.TB, k *kind) {
		r := start(t, k, setup{}, at(echo(t).Addr(), "urlprefix-t/"))
		warm := "GET /w HTTP/1.1\r\nHost: " + warmHost + "\r\n\r\n"
		series := []struct{ send, want string }{
			{warm, "warm"}, {warm, "warm"},
			{"POST /p HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello", `POST /p HTTP/1.1 ["Host: t"] "hello" []`},
			{warm, "warm"},
			{"PUT /q HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Own: t\r\n\r\n", `PUT /q HTTP/1.1 ["Host: t"] "abc" ["X-Own: t"]`},
			{"GET /g HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", `GET /g HTTP/1.1 ["Host: t"] "" []`},
		}
		var all strings.Builder
		for _, s := range series {
			all.WriteString(s.send)
		}
		text := all.String()
		sideBySide(len(text), func(i int) {
			c, err := r.tryDial(t)
			if err != nil || t.Failed() {
				return
			}
			defer c.tcp.Close()
			c.send(text[:i])
			time.Sleep(apart)
			c.send(text[i:])
			for _, s := range series {
				a, err := readAnswer(c.in, "GET")
				if err != nil || a.status != 200 || a.body != s.want {
					t.Errorf("split at %d: %+v %v, want %q", i, a, err, s.want)
					return
				}
			}
			c.ends()
		})
	})
}

// A body that is too large to be read before it is known who serves it goes along with its connection.
func TestHandedOverWithALargeBody(t *testing.T) {
	everyHandingOver(t, func(t testing.TB, k *kind) {
		const size = 3 << 20
		app := fixture.Serve(t, serveApp)
		r := start(t, k, setup{}, at(app, "urlprefix-t/"))
		for _, framing := range []string{"sized", "chunked"} {
			c := r.dial(t)
			if err := c.passes(framing, size); err != nil {
				t.Errorf("%s: %v", framing, err)
			}
		}
	})
}

// Draining waits for connections that were handed over, too.
func TestDrainOfHandedOverConnections(t *testing.T) {
	everyHandingOver(t, func(t testing.TB, k *kind) {
		r := start(t, k, setup{limits: limits{Grace: 5 * time.Second}}, at(slowly(t, 300*time.Millisecond).Addr(), "urlprefix-t/"))
		busy, idle := r.dial(t), r.dial(t)
		idle.send(get("/", ""))
		idle.want(200, "ok")
		busy.send(get("/", ""))
		time.Sleep(50 * time.Millisecond)
		done := make(chan struct{})
		go func() { r.stop(); close(done) }()
		busy.want(200, "ok")
		idle.send(get("/", ""))
		if a := idle.want(200, "ok"); !a.closes() {
			t.Errorf("not told: %+v", a)
		}
		<-done
	})
}

// HTTP/2 by prior knowledge is served on every listener that speaks HTTP/1 without TLS, and by negotiation with it.
func TestHTTP2(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		if k.name == "event" {
			t.Skip("without anyone to hand over to there is no HTTP/2")
		}
		app := fixture.Serve(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %s %s %s", r.Proto, r.RequestURI, r.Host, body)
		})
		r := start(t, k, setup{}, at(app))
		tr := &http.Transport{Protocols: new(http.Protocols)}
		defer tr.CloseIdleConnections()
		tr.Protocols.SetHTTP2(true)
		tr.Protocols.SetUnencryptedHTTP2(true)
		tr.DialTLSContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}}).DialContext(ctx, "tcp", r.addr)
		}
		scheme := "http"
		if k.secure {
			scheme = "https"
		}
		for range 2 {
			req, err := http.NewRequestWithContext(t.Context(), "POST", scheme+"://"+r.addr+"/a%2fb?x=1;y=%zz", strings.NewReader("body"))
			if err != nil {
				t.Fatal(err)
			}
			req.Host = "T.example"
			resp, err := tr.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if want := "HTTP/1.1 /a%2fb?x=1;y=%zz T.example body"; err != nil || resp.ProtoMajor != 2 || resp.StatusCode != 200 || string(body) != want {
				t.Errorf("%s %d %q %v, want %q", resp.Proto, resp.StatusCode, body, err, want)
			}
		}
	})
}
