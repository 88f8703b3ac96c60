package std

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// published is what Docker makes of a port before the application listens: it accepts, and ends. The dialer returns only when the
// end has come, so that the test does not hang on how fast this machine is.
type published struct {
	*fixture.Script
	up      atomic.Bool
	ended   chan struct{}
	arrived atomic.Int64
}

func newPublished(t *testing.T) *published {
	p := &published{ended: make(chan struct{}, 1024)}
	p.Script = fixture.Play(t, func(_ int64, c *net.TCPConn, br *bufio.Reader) {
		if !p.up.Load() {
			c.Close()
			p.ended <- struct{}{}
			return
		}
		for {
			if _, err := fixture.ReadMessage(br); err != nil {
				return
			}
			p.arrived.Add(1)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	return p
}

func (p *published) dial(ctx context.Context, network, address string) (net.Conn, error) {
	down := !p.up.Load()
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err == nil && down && address == p.Addr().String() {
		<-p.ended
	}
	return c, err
}

// A POST must not be lost to an instance that accepts before it listens, while others serve.
func TestAcceptThenEndLosesNoPost(t *testing.T) {
	p := newPublished(t)
	var elsewhere atomic.Int64
	other := fixture.Serve(t, func(w http.ResponseWriter, _ *http.Request) { elsewhere.Add(1) })
	r := newRig(t, rigOptions{Options: Options{Dial: p.dial}}, fixture.At(p.Addr()), fixture.At(other))
	cl := fixture.Client(t)
	const posts = 300
	for n := range posts {
		if n == posts/2 {
			p.up.Store(true)
		}
		resp, err := cl.Post(r.url("/g"), "text/plain", strings.NewReader("x"))
		if code, body := read(t, resp, err); code != 200 {
			t.Fatalf("post %d: %d %q", n, code, body)
		}
		time.Sleep(time.Millisecond)
	}
	if got := p.arrived.Load() + elsewhere.Load(); got != posts {
		t.Errorf("%d arrived, want %d", got, posts)
	}
	if closed := r.counter("pointsman_upstream_connects_total", "closed"); closed == 0 {
		t.Error("nothing was accepted and ended: the test proved nothing")
	}
}

// The same where it is the only instance: refused while it is not there, and never lost on the way.
func TestAcceptThenEndAlone(t *testing.T) {
	p := newPublished(t)
	r := newRig(t, rigOptions{Options: Options{Dial: p.dial}}, fixture.At(p.Addr()))
	resp, err := fixture.Client(t).Post(r.url("/g"), "text/plain", strings.NewReader("x"))
	if code, _ := read(t, resp, err); code != 503 {
		t.Errorf("status %d, want 503: nothing was sent", code)
	}
}
