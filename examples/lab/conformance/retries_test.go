package conformance

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pointsman/pointsman/discovery"
)

// faults are what an instance may do to a request instead of answering. kept says that it happens on a connection that has served.
var faults = []struct {
	name string
	kept bool
	play func(c *net.TCPConn, in *bufio.Reader)
}{
	{"reset after the request", false, func(c *net.TCPConn, in *bufio.Reader) { _, _ = readMessage(in); _ = c.SetLinger(0) }},
	{"end after the request", false, func(_ *net.TCPConn, in *bufio.Reader) { _, _ = readMessage(in) }},
	{"end in the head of the answer", false, func(c *net.TCPConn, in *bufio.Reader) { _, _ = readMessage(in); _, _ = io.WriteString(c, "HTTP/1.1 2") }},
	{"silence", false, func(_ *net.TCPConn, in *bufio.Reader) { _, _ = readMessage(in); _, _ = io.Copy(io.Discard, in) }},
	{"stale: reset after the request", true, func(c *net.TCPConn, in *bufio.Reader) { _, _ = readMessage(in); _ = c.SetLinger(0) }},
	{"stale: end after the request", true, func(_ *net.TCPConn, in *bufio.Reader) { _, _ = readMessage(in) }},
	{"stale: end before the request", true, func(*net.TCPConn, *bufio.Reader) {}},
	{"stale: reset before the request", true, func(c *net.TCPConn, _ *bufio.Reader) { _ = c.SetLinger(0) }},
}

// Every fault with every kind of request: an idempotent one is answered by the other instance, one that is not is never sent twice,
// and gets a 502 or 504 where it may have arrived.
func TestRetries(t *testing.T) {
	every(t, func(t *testing.T, k *kind) {
		for _, f := range faults {
			for _, method := range []string{"GET", "PUT", "POST"} {
				part(t, f.name+" "+method, func(t testing.TB) {
					var faulty, good atomic.Int64
					bad := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
						if f.kept {
							if _, err := readMessage(in); err != nil {
								return
							}
							good.Add(1)
							_, _ = io.WriteString(c, sized("got hello"))
						}
						if _, err := in.Peek(1); err == nil {
							faulty.Add(1)
						}
						f.play(c, in)
					})
					fine := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
						for {
							m, err := readMessage(in)
							if err != nil {
								return
							}
							good.Add(1)
							_, _ = io.WriteString(c, sized("got "+m.body))
						}
					})
					var o setup
					requests := 6
					if f.name == "silence" {
						o.limits.Answer = 2 * time.Second
						requests = 4
					}
					r := start(t, k, o, at(bad.Addr()), at(fine.Addr()))
					for n := range requests {
						request := method + " /g HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello"
						before := faulty.Load() + good.Load()
						a, err := r.ask(t, request)
						if err != nil {
							t.Fatal(err)
						}
						arrived := faulty.Load() + good.Load() - before
						switch {
						case method == "POST":
							if a.status != 200 && a.status != 502 && a.status != 504 || arrived != 1 {
								t.Errorf("request %d: %d %q, arrived %d times", n, a.status, a.body, arrived)
							}
						case a.status == 502 && f.name == "end in the head of the answer" && arrived == 1: // an answer had begun
						case a.status != 200 || a.body != "got hello":
							t.Errorf("request %d: %d %q", n, a.status, a.body)
						}
					}
					if faulty.Load() == 0 && !strings.Contains(f.name, "before the request") {
						t.Error("the faulty instance was never asked")
					}
				})
			}
		}
	})
}

// Where nothing was sent, everything goes to another instance, and only when there is none the client hears of it, at once.
func TestRefusedGoesElsewhere(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		dead, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = dead.Close()
		s := answering(t, "ok")
		r := start(t, k, setup{noRetries: true}, at(dead.Addr()), at(s.Addr()))
		for range 20 {
			if a, err := r.ask(t, post("Content-Length: 1\r\n", "x")); err != nil || a.status != 200 {
				t.Fatalf("%+v %v", a, err)
			}
		}
		r.apply(at(dead.Addr()))
		a, err := r.ask(t, post("Content-Length: 1\r\n", "x"))
		if err != nil || a.status != 503 || a.field("Retry-After") != "1" {
			t.Errorf("%+v %v", a, err)
		}
		began := time.Now()
		r.apply(down(at(dead.Addr())))
		if a, err := r.ask(t, get("/", "")); err != nil || a.status != 503 || a.field("Retry-After") != "1" || time.Since(began) > patience {
			t.Errorf("no instance: %+v %v", a, err)
		}
	})
}

// An address that swallows connects costs the connect's time limit, once, and then others are asked.
func TestBlackHole(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		hole := blackHole(t)
		s := answering(t, "ok")
		r := start(t, k, setup{limits: limits{Connect: 200 * time.Millisecond}}, at(hole), at(s.Addr()))
		began := time.Now()
		for range 10 {
			if a, err := r.ask(t, post("Content-Length: 1\r\n", "x")); err != nil || a.status != 200 {
				t.Fatalf("%+v %v", a, err)
			}
		}
		if d := time.Since(began); d > patience {
			t.Errorf("10 requests took %v", d)
		}
	})
}

// blackHole is an address where connects get no answer: a listener whose queue is full.
func blackHole(t testing.TB) *net.TCPAddr {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: name.(*unix.SockaddrInet4).Port}
	for range 8 {
		c, err := net.DialTimeout("tcp", addr.String(), 200*time.Millisecond)
		if err != nil {
			return addr
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	t.Skip("this kernel's queues are longer than asked for")
	return nil
}

// What fails on every fresh connection is left out for a while, long before the budget for retries is gone.
func TestBrokenInstanceIsLeftOut(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		bad := play(t, func(n int64, c *net.TCPConn, in *bufio.Reader) {
			if _, err := readMessage(in); err == nil && n == 0 {
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
			}
		})
		r := start(t, k, setup{}, at(bad.Addr()), at(answering(t, "ok").Addr()))
		c := r.dial(t)
		c.wait(4 * patience)
		began := time.Now()
		for range 200 {
			c.send(get("/g", ""))
			c.want(200, "ok")
		}
		// Three in a row, then once for each 100 ms that pass.
		if got, most := bad.Conns(), 4+1+3*int64(time.Since(began)/(100*time.Millisecond)+1); got > most {
			t.Errorf("%d of 200 went to the broken instance, want at most %d", got, most)
		}
	})
}

// An instance that is killed with many requests on their way loses no GET while another serves, and no POST is served twice.
func TestKilledInstance(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		apps := []*app{startApp(t), startApp(t)}
		r := start(t, k, setup{reviver: true}, at(apps[0].addr), at(apps[1].addr))
		var asked atomic.Int64
		sideBySide(8, func(i int) {
			c, err := r.tryDial(t)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.tcp.Close()
			for n := 0; !t.Failed(); n++ {
				switch done := asked.Add(1); {
				case done == 100:
					apps[0].Kill()
				case done > 300:
					return
				}
				method := []string{"GET", "GET", "POST"}[n%3]
				c.wait(patience)
				c.send(fmt.Sprintf("%s /slow/2 HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n", method))
				a, err := readAnswer(c.in, method)
				if err != nil || a.status != 200 && (method == "GET" || a.status != 502) {
					t.Errorf("%s: %+v %v", method, a, err)
				}
			}
		})
	})
}

// down is an instance that the catalogue lists as failing.
func down(in discovery.Instance) discovery.Instance {
	in.Status = 0
	return in
}
