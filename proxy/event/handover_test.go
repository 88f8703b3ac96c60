//go:build linux

package event

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/listen"
)

type handed struct {
	c    net.Conn
	read string
}

// A connection goes over in the middle of a series, with what was read and not answered, and the descriptor works as any other.
func TestHandOver(t *testing.T) {
	a := fixture.Serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) })
	over := make(chan handed, 1)
	take := func(c net.Conn, read []byte, l listen.Listener) { over <- handed{c, string(read)} }
	secure := fixture.At(a, "urlprefix-/b proto=https")
	secure.Service, secure.ID = "b", "b"
	r := newRig(t, Options{HandOver: take}, proxy.Limits{}, fixture.At(a, "urlprefix-/a"), secure)
	for _, rest := range []string{
		fixture.Get("/b", ""),
		"POST /b HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nbody" + fixture.Get("/a", ""),
		"POST /b HTTP/1.1\r\nHost: t\r\nContent-Length: 40000\r\n\r\nbody",
	} {
		c, br := r.dial()
		io.WriteString(c, fixture.Get("/a1", "")+fixture.Get("/a2", "")+rest)
		for _, want := range []string{"/a1", "/a2"} {
			if got, err := fixture.ReadMessage(br); err != nil || !strings.HasSuffix(got, want) {
				t.Fatalf("%q %v", got, err)
			}
		}
		h := <-over
		if h.read != rest {
			t.Errorf("handed over %q, want %q", h.read, rest)
		}
		go io.WriteString(c, "more")
		buf := make([]byte, 4)
		h.c.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := io.ReadFull(h.c, buf); err != nil || string(buf) != "more" {
			t.Errorf("%q %v", buf, err)
		}
		io.WriteString(h.c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		if got, err := fixture.ReadMessage(br); err != nil || !strings.HasPrefix(got, "HTTP/1.1 200") {
			t.Errorf("%q %v", got, err)
		}
		h.c.Close()
	}
	r.stop()
	if n := r.counter("pointsman_requests_total"); n != 6 {
		t.Errorf("%v requests counted, want those that were answered here: 6", n)
	}
}

// HTTP/2 goes over as soon as it shows, also when it comes byte by byte; what only begins like it does not.
func TestHandOverOfHTTP2(t *testing.T) {
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	over := make(chan handed, 1)
	r := newRig(t, Options{HandOver: func(c net.Conn, read []byte, l listen.Listener) { over <- handed{c, string(read)} }}, proxy.Limits{})
	for _, step := range []int{1, 7, len(preface)} {
		c, _ := r.dial()
		for at := 0; at < len(preface); at += step {
			io.WriteString(c, preface[at:min(at+step, len(preface))])
			time.Sleep(time.Millisecond)
		}
		h := <-over
		if h.read != preface {
			t.Errorf("%q", h.read)
		}
		h.c.Close()
	}
	got, closed := r.raw("PRI", " * HTTP/2.0\r\n\r\nXX\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 505 ") || !closed {
		t.Errorf("%q %v", got, closed)
	}
	if got, _ := r.raw("P", "UT / HTTP/1.1\r\nHost: t\r\n\r\n"); !strings.Contains(got, " 503 ") {
		t.Errorf("%q", got)
	}
}

// An instance whose address has a name is found.
func TestInstanceWithAName(t *testing.T) {
	a := fixture.Serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "ok") })
	in := fixture.At(a)
	in.Address = "localhost"
	r := newRig(t, Options{}, proxy.Limits{}, in)
	if got, _ := r.raw(fixture.Get("/", "")); !strings.Contains(got, " 200 ") {
		t.Errorf("%q", got)
	}
	in.Address = "no-such-name.invalid"
	r.apply(in)
	if got, _ := r.raw(fixture.Get("/", "")); !strings.Contains(got, " 503 ") {
		t.Errorf("%q", got)
	}
}
