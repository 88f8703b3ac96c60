package std

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"
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
