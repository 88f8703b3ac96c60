//go:build linux

package event

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy"
)

func TestKeepAlive(t *testing.T) {
	a := fixture.Serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) })
	r := newRig(t, Options{}, proxy.Limits{}, fixture.At(a))
	c, br := r.dial()
	for i := range 20 {
		path := fmt.Sprintf("/%d", i)
		io.WriteString(c, fixture.Get(path, ""))
		got, err := fixture.ReadMessage(br)
		if err != nil || !strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n") || !strings.HasSuffix(got, "\r\n\r\n"+path) {
			t.Fatalf("%q %v", got, err)
		}
	}
	if n := r.counter("pointsman_upstream_connects_total"); n != 1 {
		t.Errorf("%v connects", n)
	}
	r.stop()
	if n := r.counter("pointsman_requests_total", "200"); n != 20 {
		t.Errorf("%v requests counted", n)
	}
}

func TestPipelined(t *testing.T) {
	a := fixture.Serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) })
	r := newRig(t, Options{}, proxy.Limits{}, fixture.At(a, "urlprefix-/a"))
	var in strings.Builder
	for i := range 50 {
		in.WriteString(fixture.Get(fmt.Sprintf("/a%d", i), ""))
		in.WriteString(fixture.Get("/none", ""))
	}
	got, closed := r.raw(in.String())
	codes := statuses(got)
	if len(codes) != 100 || closed {
		t.Fatalf("%d answers, closed=%v", len(codes), closed)
	}
	for i := range 50 {
		if codes[2*i] != 200 || codes[2*i+1] != 404 {
			t.Fatalf("%v", codes)
		}
		body := fmt.Sprintf("\r\n\r\n/a%dHTTP", i)
		if !strings.Contains(got, body) {
			t.Fatalf("no %q", body)
		}
	}
}
