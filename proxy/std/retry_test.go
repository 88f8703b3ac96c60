package std

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy"
)

// faults are what an instance may do to a request instead of answering. sent says that the request has arrived by then.
var faults = []struct {
	name string
	sent bool
	play func(c net.Conn, br *bufio.Reader)
}{
	{"reset after the request", true, func(c net.Conn, br *bufio.Reader) { readRaw(br); c.(*net.TCPConn).SetLinger(0); c.Close() }},
	{"end after the request", true, func(c net.Conn, br *bufio.Reader) { readRaw(br) }},
	{"silence", true, func(c net.Conn, br *bufio.Reader) { readRaw(br); io.Copy(io.Discard, br) }},
}

// Every fault, with every kind of request: an idempotent one is answered by the other instance, one that is not is never sent
// twice, and gets a 502 or 504 where it may have arrived.
func TestRetries(t *testing.T) {
	for _, f := range faults {
		for _, method := range []string{"GET", "PUT", "POST"} {
			t.Run(f.name+" "+method, func(t *testing.T) {
				t.Parallel()
				var faulty, good atomic.Int64
				bad := newScript(t, func(_ int64, c net.Conn, br *bufio.Reader) { faulty.Add(1); f.play(c, br) })
				ok := app(t, func(w http.ResponseWriter, r *http.Request) {
					good.Add(1)
					b, _ := io.ReadAll(r.Body)
					fmt.Fprintf(w, "got %s", b)
				})
				r := newRig(t, rigOptions{Limits: proxy.Limits{Answer: 150 * time.Millisecond}}, at(bad.addr()), at(ok))
				cl := client(t)
				for n := range 4 {
					var body io.Reader
					if method != "GET" {
						body = strings.NewReader("hello")
					}
					req, _ := http.NewRequest(method, r.url("/g"), body)
					before := faulty.Load() + good.Load()
					resp, err := cl.Do(req)
					code, got := read(t, resp, err)
					arrived := faulty.Load() + good.Load() - before
					if method == "POST" {
						if code != 200 && code != 502 && code != 504 || arrived != 1 {
							t.Errorf("request %d: %d %q, arrived %d times", n, code, got, arrived)
						}
						continue
					}
					if code != 200 || method == "PUT" && got != "got hello" {
						t.Errorf("request %d: %d %q", n, code, got)
					}
				}
				if faulty.Load() == 0 {
					t.Error("the faulty instance was never asked")
				}
			})
		}
	}
}

// Where nothing was sent, everything goes to another instance, and only when there is none the client hears of it.
func TestRefusedGoesElsewhere(t *testing.T) {
	dead := listen(t)
	deadAddr := dead.Addr()
	dead.Close()
	var good atomic.Int64
	ok := app(t, func(http.ResponseWriter, *http.Request) { good.Add(1) })
	r := newRig(t, rigOptions{Retries: -1}, at(deadAddr), at(ok))
	cl := client(t)
	for range 20 {
		resp, err := cl.Post(r.url("/g"), "text/plain", strings.NewReader("x"))
		if code, _ := read(t, resp, err); code != 200 {
			t.Fatalf("status %d", code)
		}
	}
	if good.Load() != 20 {
		t.Errorf("%d arrived, want 20", good.Load())
	}
	r.apply(at(deadAddr))
	resp, err := cl.Post(r.url("/g"), "text/plain", strings.NewReader("x"))
	if code, body := read(t, resp, err); code != 503 || resp.Header.Get("Retry-After") != "1" || !strings.Contains(body, "No instance") {
		t.Errorf("%d %q %v", code, body, resp.Header)
	}
}

// published is what Docker makes of a port before the application listens: it accepts, and ends. The dialer returns only when the
// end has come, so that the test does not hang on how fast this machine is.
type published struct {
	*script
	up      atomic.Bool
	ended   chan struct{}
	arrived atomic.Int64
}

func newPublished(t *testing.T) *published {
	p := &published{ended: make(chan struct{}, 1024)}
	p.script = newScript(t, func(_ int64, c net.Conn, br *bufio.Reader) {
		if !p.up.Load() {
			c.Close()
			p.ended <- struct{}{}
			return
		}
		for {
			if _, err := readRaw(br); err != nil {
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
	if err == nil && down && address == p.addr().String() {
		<-p.ended
	}
	return c, err
}

// A POST must not be lost to an instance that accepts before it listens, while others serve.
func TestAcceptThenEndLosesNoPost(t *testing.T) {
	p := newPublished(t)
	var elsewhere atomic.Int64
	other := app(t, func(w http.ResponseWriter, _ *http.Request) { elsewhere.Add(1) })
	r := newRig(t, rigOptions{Options: Options{Dial: p.dial}}, at(p.addr()), at(other))
	cl := client(t)
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
	r := newRig(t, rigOptions{Options: Options{Dial: p.dial}}, at(p.addr()))
	resp, err := client(t).Post(r.url("/g"), "text/plain", strings.NewReader("x"))
	if code, _ := read(t, resp, err); code != 503 {
		t.Errorf("status %d, want 503: nothing was sent", code)
	}
}

// An instance that closes its idle connections whenever it likes costs no GET, at a rate where requests meet the closing.
func TestKeepAliveRace(t *testing.T) {
	s := newScript(t, func(n int64, c net.Conn, br *bufio.Reader) {
		for served := int64(0); served <= n%7; served++ {
			if served > 0 {
				c.SetReadDeadline(time.Now().Add(time.Duration(1+n%5) * time.Millisecond))
			}
			if _, err := readRaw(br); err != nil {
				return
			}
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	r := newRig(t, rigOptions{}, at(s.addr()))
	cl := client(t)
	var wg sync.WaitGroup
	var lost, done atomic.Int64
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 2000 {
		<-tick.C
		wg.Go(func() {
			resp, err := cl.Get(r.url("/g"))
			if err != nil {
				t.Log(err)
				lost.Add(1)
				return
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if done.Add(1); resp.StatusCode != 200 {
				t.Log(resp.StatusCode)
				lost.Add(1)
			}
		})
	}
	wg.Wait()
	t.Logf("stale %v, closed %v", r.counter("pointsman_retries_total", "stale"), r.counter("pointsman_retries_total", "closed"))
	if lost.Load() != 0 {
		t.Errorf("%d of 2000 lost", lost.Load())
	}
	if r.counter("pointsman_retries_total") == 0 {
		t.Error("no connection died: the test proved nothing")
	}
}

// Connections stay with an instance that stays, and go with one that goes: an address that comes back as another instance gets none.
func TestPoolFollowsTheInstance(t *testing.T) {
	var ended atomic.Int64
	s := newScript(t, func(_ int64, c net.Conn, br *bufio.Reader) {
		defer ended.Add(1)
		for {
			if _, err := readRaw(br); err != nil {
				return
			}
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	old := at(s.addr())
	r := newRig(t, rigOptions{}, old)
	cl := client(t)
	ask := func(want int64) {
		t.Helper()
		resp, err := cl.Get(r.url("/g"))
		if code, _ := read(t, resp, err); code != 200 {
			t.Fatalf("status %d", code)
		}
		if n := s.conns.Load(); n != want {
			t.Errorf("%d connections, want %d", n, want)
		}
	}
	ask(1)
	r.apply(old, discovery.Instance{Identity: discovery.Identity{ID: "x", Address: "127.0.0.1", Port: 9}, Service: "u", Weight: 1})
	ask(1)
	again := old
	again.Start = "2"
	r.apply(again)
	for until := time.Now().Add(2 * time.Second); ended.Load() != 1; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%d connections of the instance that went are closed, want 1", ended.Load())
		}
	}
	ask(2)
}
