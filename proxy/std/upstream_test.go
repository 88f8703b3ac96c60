package std

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/examples/lab/fixture"
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
	r := newRig(t, rigOptions{}, fixture.At(a, "urlprefix-/open proto=https tlsskipverify=true host=example.com", "urlprefix-/strict proto=https"))
	cl := fixture.Client(t)
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

// heldUp is a connection whose reader the scheduler lets go on only when its deadline has passed.
type heldUp struct{ syscall.RawConn }

func (heldUp) Read(func(fd uintptr) bool) error { return os.ErrDeadlineExceeded }

// A connection that ends while it is being watched before use is not used, also by a goroutine that hears of it too late.
func TestEndAsItSettles(t *testing.T) {
	l := onLoopback(t)
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	other, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	b := &upstreamConn{Conn: c, raw: heldUp{newSource(c).raw}, opened: time.Now().Add(time.Minute)}
	if f, ok := b.stays(time.Second); !ok {
		t.Errorf("open, and watched to the end: %v", f)
	}
	other.Close()
	time.Sleep(50 * time.Millisecond)
	if f, ok := b.stays(time.Second); ok || f != proxy.FailedSettle {
		t.Errorf("its end was not seen: %v", f)
	}
}
