package conformance

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab"
)

// ask sends one request on a connection of its own.
func (r *rig) ask(t testing.TB, request string) (*answer, error) {
	c, err := r.tryDial(t)
	if err != nil {
		return nil, err
	}
	defer c.tcp.Close()
	method, _, _ := strings.Cut(request, " ")
	go c.send(request)
	return readAnswer(c.in, method)
}

// Bytes that arrive on an idle connection were asked for by nobody: the next request must not get them. They may come in any amount,
// and with the end of the connection behind them.
func TestLateBytesReachNobody(t *testing.T) {
	late := map[string]string{"an answer": poison, "a byte": "x", "a CRLF": "\r\n", "much": strings.Repeat(poison, 5000), "a 408 and the end": "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 6\r\n\r\npoison"}
	every(t, func(t *testing.T, k *kind) {
		for name, bytes := range late {
			for _, first := range []string{sized("ok"), ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"} {
				part(t, name+fmt.Sprint(len(first)), func(t testing.TB) {
					sent := make(chan struct{}, 1)
					s := play(t, func(n int64, c *net.TCPConn, in *bufio.Reader) {
						for {
							if _, err := readMessage(in); err != nil {
								return
							}
							_, _ = io.WriteString(c, first)
							if n == 0 {
								time.Sleep(10 * time.Millisecond)
								_, _ = io.WriteString(c, bytes)
								sent <- struct{}{}
								if strings.Contains(bytes, "close") {
									return
								}
							}
						}
					})
					r := start(t, k, setup{}, at(s.Addr()))
					c := r.dial(t)
					for i := range 4 {
						c.send(post("Content-Length: 1\r\n", "x"))
						c.want(200, "ok")
						if i == 0 {
							<-sent
							time.Sleep(20 * time.Millisecond)
						}
					}
					if n := s.Conns(); n != 2 {
						t.Errorf("%d connections, want 2", n)
					}
				})
			}
		}
	})
}

// An answer that comes before the end of the request's body reaches the client, and the rest of the body is no request, neither to
// the proxy nor to the instance's next one.
func TestEarlyAnswers(t *testing.T) {
	const size = 20 << 20
	every(t, func(t *testing.T, k *kind) {
		for _, end := range []bool{true, false} {
			for _, framing := range []string{"Content-Length: " + fmt.Sprint(size) + "\r\n", chunkedField} {
				part(t, fmt.Sprintf("%v %s", end, strings.TrimSpace(framing)), func(t testing.TB) {
					s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
						for {
							m, err := readRequestHead(in)
							if err != nil {
								return
							}
							if m.method() == "GET" {
								_, _ = io.WriteString(c, sized(m.path()))
								continue
							}
							_, _ = io.WriteString(c, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")
							if end {
								time.Sleep(50 * time.Millisecond)
								return
							}
							if m.readBody(in) != nil {
								return
							}
						}
					})
					r := start(t, k, setup{}, at(s.Addr()))
					c := r.dial(t)
					sent := make(chan struct{})
					go func() {
						defer close(sent)
						c.send(post(framing, ""))
						piece := strings.Repeat("x", 1<<16)
						if framing == chunkedField {
							piece = "10000\r\n" + piece + "\r\n"
						}
						for range size >> 16 {
							if _, err := io.WriteString(c, piece); err != nil {
								return
							}
						}
					}()
					if a := c.answer("POST"); a.status != 413 || a.body != "big" {
						t.Errorf("%+v", a)
					}
					_ = c.tcp.Close()
					<-sent
					for range 3 {
						if a, err := r.ask(t, get("/next", "")); err != nil || a.status != 200 || a.body != "/next" {
							t.Errorf("the next one gets %+v %v", a, err)
						}
					}
				})
			}
		}
	})
}

// Instances that end every kept connection as the next request comes cost no GET, however many there are of both: such an end says
// nothing about who reads the request next. A POST is never sent twice. Where an instance has room for one connection, the kept one
// makes it.
func TestKeptConnectionsEndUnderRequests(t *testing.T) {
	for name, o := range map[string]struct{ instances, most int }{"one": {1, 0}, "five": {5, 0}, "five with room for one": {5, 1}} {
		t.Run(name, func(t *testing.T) {
			one(t, func(t testing.TB, k *kind) {
				var came sync.Map
				var ended atomic.Int64
				var all []discovery.Instance
				for range o.instances {
					all = append(all, at(play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
						for n := range 2 {
							m, err := readMessage(in)
							if err != nil {
								return
							}
							if _, twice := came.LoadOrStore(m.line, true); twice && m.method() == "POST" {
								t.Errorf("%s came twice", m.line)
							}
							if n == 0 {
								_, _ = io.WriteString(c, sized("ok"))
							} else {
								ended.Add(1)
							}
						}
					}).Addr()))
				}
				r := start(t, k, setup{loops: 1, limits: limits{UpstreamConns: o.most}}, all...)
				c := r.dial(t)
				c.wait(4 * patience)
				for n := range 200 {
					method := "GET"
					if n%10 == 9 {
						method = "POST"
					}
					c.send(fmt.Sprintf("%s /%d HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n", method, n))
					if a, err := readAnswer(c.in, method); err != nil || a.status != 200 && (method == "GET" || a.status != 502) {
						t.Fatalf("%s %d: %+v %v", method, n, a, err)
					}
				}
				if ended.Load() < 50 {
					t.Errorf("%d kept connections ended: the test proved nothing", ended.Load())
				}
			})
		})
	}
}

// An instance that closes its idle connections whenever it likes costs no GET, at a rate where requests meet the closing; a POST is
// never sent twice.
func TestKeepAliveRace(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		var served sync.Map
		s := play(t, func(n int64, c *net.TCPConn, in *bufio.Reader) {
			for i := int64(0); i <= n%7; i++ {
				if i > 0 {
					_ = c.SetReadDeadline(time.Now().Add(time.Duration(1+n%5) * time.Millisecond))
				}
				m, err := readMessage(in)
				if err != nil {
					return
				}
				if _, twice := served.LoadOrStore(m.line, true); twice && m.method() == "POST" {
					t.Errorf("%s came twice", m.line)
				}
				_, _ = io.WriteString(c, sized("ok"))
			}
		})
		r := start(t, k, setup{}, at(s.Addr()))
		var lost, posts, lostPosts atomic.Int64
		const clients, each = 16, 60
		sideBySide(clients, func(i int) {
			c, err := r.tryDial(t)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.tcp.Close()
			c.wait(4 * patience)
			for n := range each {
				method, count := "GET", &lost
				if n%4 == 0 {
					method, count = "POST", &lostPosts
					posts.Add(1)
				}
				c.send(fmt.Sprintf("%s /%d-%d HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n", method, i, n))
				a, err := readAnswer(c.in, method)
				if err != nil {
					t.Errorf("%s: %v", method, err)
					return
				}
				if a.status != 200 {
					count.Add(1)
				}
				time.Sleep(time.Duration(n%4) * time.Millisecond)
			}
		})
		t.Logf("%d of %d POSTs lost; retries: stale %v, closed %v", lostPosts.Load(), posts.Load(), r.counter("pointsman_retries_total", "stale"), r.counter("pointsman_retries_total", "closed"))
		if lost.Load() != 0 {
			t.Errorf("%d GETs lost", lost.Load())
		}
		if s.Conns() < clients*2 {
			t.Error("hardly a connection died: the test proved nothing")
		}
	})
}

// Connections stay with an instance that stays, and go with one that goes: an address that comes back as another instance gets none.
func TestConnectionsFollowTheInstance(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := answering(t, "ok")
		old := at(s.Addr())
		r := start(t, k, setup{}, old)
		c := r.dial(t)
		ask := func(want int64) {
			t.Helper()
			c.send(get("/g", ""))
			c.want(200, "ok")
			if n := s.Conns(); n != want {
				t.Errorf("%d connections, want %d", n, want)
			}
		}
		ask(1)
		r.apply(old, discovery.Instance{Identity: discovery.Identity{ID: "x", Address: "127.0.0.1", Port: 9}, Service: "u", Weight: 1})
		ask(1)
		again := old
		again.Start = "2"
		r.apply(again)
		lab.Eventually(t, patience, "the connection of the instance that went is closed", func() bool { return s.Live() == 0 })
		ask(2)
	})
}

// Idle connections to instances end after their time, and there are never more of them than allowed.
func TestKeptConnectionsAreBounded(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		var together sync.WaitGroup
		together.Add(6)
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			for first := true; ; first = false {
				if _, err := readMessage(in); err != nil {
					return
				}
				if first {
					together.Done()
					together.Wait()
				}
				_, _ = io.WriteString(c, sized("ok"))
			}
		})
		r := start(t, k, setup{limits: limits{KeepConns: 2, KeepIdle: 200 * time.Millisecond}}, at(s.Addr()))
		sideBySide(6, func(int) {
			if a, err := r.ask(t, get("/", "")); err != nil || a.status != 200 {
				t.Errorf("%+v %v", a, err)
			}
		})
		lab.Eventually(t, patience, "all but two are closed", func() bool { return s.Live() <= 2 })
		lab.Eventually(t, patience, "idle connections are closed", func() bool { return s.Live() == 0 })
	})
}

// An application that gives up its kept connections costs at most the requests that were on their way, not one for each connection.
func TestKeptConnectionThatEndsTakesTheOthersAlong(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		const kept = 8
		var gone atomic.Bool
		var lost atomic.Int64
		var together sync.WaitGroup
		together.Add(kept)
		s := play(t, func(n int64, c *net.TCPConn, in *bufio.Reader) {
			for first := true; ; first = false {
				if _, err := readMessage(in); err != nil {
					return
				}
				if n < kept && gone.Load() {
					lost.Add(1)
					return
				}
				if n < kept && first {
					together.Done()
					together.Wait() // so that each has a connection of its own
				}
				_, _ = io.WriteString(c, sized("ok"))
			}
		})
		r := start(t, k, setup{loops: 1}, at(s.Addr()))
		sideBySide(kept, func(int) {
			if a, err := r.ask(t, post("Content-Length: 1\r\n", "x")); err != nil || a.status != 200 {
				t.Errorf("%+v %v", a, err)
			}
		})
		r.settles(t)
		gone.Store(true)
		var failed int
		for range 2 * kept {
			a, err := r.ask(t, post("Content-Length: 1\r\n", "x"))
			if err != nil {
				t.Fatal(err)
			}
			if a.status != 200 {
				failed++
			}
		}
		if lost.Load() > 1 || failed > 1 {
			t.Errorf("%d POSTs lost on kept connections, %d failed, want at most one", lost.Load(), failed)
		}
	})
}
