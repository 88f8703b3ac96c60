package std

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/proxy"
)

// TLS towards an instance: verified by default, under the name that the rule gives, and kept like any other connection.
func TestTLSToInstances(t *testing.T) {
	var names []string
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		names = append(names, r.TLS.ServerName)
		fmt.Fprint(w, "ok ", r.Host)
	}))
	srv.Config.ErrorLog = quiet(zerolog.Nop())
	srv.StartTLS()
	defer srv.Close()
	a := srv.Listener.Addr()
	r := newRig(t, rigOptions{}, at(a, "urlprefix-/open proto=https tlsskipverify=true host=example.com", "urlprefix-/strict proto=https"))
	cl := client(t)
	for range 3 {
		resp, err := cl.Post(r.url("/open"), "text/plain", strings.NewReader("x"))
		if code, body := read(t, resp, err); code != 200 || body != "ok example.com" {
			t.Fatalf("%d %q", code, body)
		}
	}
	if n := r.counter("pointsman_upstream_connects_total", "ok"); n != 1 || names[0] != "example.com" {
		t.Errorf("%v connects, names %q", n, names)
	}
	resp, err := cl.Get(r.url("/strict"))
	if code, _ := read(t, resp, err); code != 503 {
		t.Errorf("a certificate that nobody vouches for: %d, want 503", code)
	}
}

// What fails on every fresh connection is left out for a while, long before the retry budget is gone.
func TestBrokenInstanceIsLeftOut(t *testing.T) {
	bad := newScript(t, func(n int64, c net.Conn, br *bufio.Reader) {
		if _, err := readRaw(br); err == nil && n == 0 {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	good := app(t, func(w http.ResponseWriter, _ *http.Request) {})
	r := newRig(t, rigOptions{}, at(bad.addr()), at(good))
	cl := client(t)
	begun := time.Now()
	for n := range 200 {
		resp, err := cl.Get(r.url("/g"))
		if code, _ := read(t, resp, err); code != 200 {
			t.Fatalf("request %d: %d", n, code)
		}
	}
	// Three in a row, then once for each 100 ms that pass.
	if got, most := bad.conns.Load(), 4+1+3*int64(time.Since(begun)/(100*time.Millisecond)+1); got > most {
		t.Errorf("%d of 200 went to the broken instance, want at most %d", got, most)
	}
}

// Idle connections end after their time, and there are never more of them than allowed.
func TestKeptConnectionsAreBounded(t *testing.T) {
	a := app(t, func(w http.ResponseWriter, _ *http.Request) { time.Sleep(30 * time.Millisecond) })
	r := newRig(t, rigOptions{Limits: proxy.Limits{KeepConns: 2, KeepIdle: 100 * time.Millisecond}}, at(a))
	done := make(chan error)
	cl := client(t)
	for range 6 {
		go func() {
			resp, err := cl.Get(r.url("/"))
			if err == nil {
				resp.Body.Close()
			}
			done <- err
		}()
	}
	for range 6 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	p := r.server.pools.of(r.target())
	if n := p.kept(); n > 2 {
		t.Errorf("%d kept, want at most 2", n)
	}
	for until := time.Now().Add(2 * time.Second); p.kept() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("idle connections stay")
		}
	}
}
