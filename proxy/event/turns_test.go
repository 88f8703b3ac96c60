//go:build linux

package event

import (
	"bufio"
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
	"github.com/pointsman/pointsman/proxy/routing"
)

// pausable is a rig with one loop, and a way to get ready to hold it: what happens while it is held comes to it in one turn.
func pausable(t *testing.T, timeouts routing.Timeouts, a net.Addr, common *proxy.Shared) (r *rig, ready func() *pause) {
	held, gate := make(chan struct{}), make(chan struct{})
	r = newRigOf(t, Options{Common: common, Loops: 1, HandOver: func(c net.Conn, _ []byte, _ listen.Listener) {
		c.Close()
		held <- struct{}{}
		<-gate
	}}, proxy.Limits{}, timeouts, fixture.At(a))
	return r, func() *pause {
		c, _ := r.dial()
		io.WriteString(c, "PRI * HTTP/2.0\r\n")
		return &pause{c, held, gate}
	}
}

// pause is a connection by which a loop can be held, once.
type pause struct {
	c          net.Conn
	held, gate chan struct{}
}

// ask has the loop held as soon as it finds what was sent, which has arrived when ask returns.
func (p *pause) ask() { io.WriteString(p.c, "\r\nSM\r\n\r\n") }

// await returns when the loop is held.
func (p *pause) await() (release func()) {
	<-p.held
	return func() { p.gate <- struct{}{} }
}

func (p *pause) hold() (release func()) {
	p.ask()
	return p.await()
}

// again releases a loop for one turn, in which it finds that it is held again. It must have been ready for that.
func again(release func(), next *pause) func() {
	next.ask()
	release()
	return next.await()
}

// kill resets a connection.
func kill(c net.Conn) {
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

// arrival is as long as what was sent takes to arrive, and more.
const arrival = 50 * time.Millisecond

// A piece of a body that could not be sent has been read all the same: it is not the next request, nor is it missing where the request
// is sent again.
func TestWhatCouldNotBeSentWasRead(t *testing.T) {
	const first = 5000
	rest := fixture.Get("/smuggled", "")
	rest += strings.Repeat("x", 3000-len(rest))
	for _, method := range []string{"POST", "PUT"} {
		begun, requests := make(chan net.Conn, 1), make(chan string, 64)
		over := make(chan struct{})
		s := fixture.Play(t, func(n int64, c *net.TCPConn, br *bufio.Reader) {
			for {
				line, err := br.Peek(4)
				if err != nil {
					return
				}
				if string(line) != "GET " && n == 0 {
					begun <- c
					<-over
					return
				}
				request, err := fixture.ReadMessage(br)
				if err != nil {
					return
				}
				requests <- request
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			}
		})
		r, ready := pausable(t, routing.Timeouts{Answer: 20 * time.Second}, s.Addr(), nil)
		c, br := r.dial()
		io.WriteString(c, fixture.Get("/first", ""))
		if _, err := fixture.ReadMessage(br); err != nil {
			t.Fatal(err)
		}
		<-requests
		body := strings.Repeat("y", first)
		fmt.Fprintf(c, "%s / HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n%s", method, first+len(rest), body)
		instance := <-begun
		time.Sleep(arrival)
		release := ready().hold()
		io.WriteString(c, rest)
		time.Sleep(arrival)
		kill(instance)
		time.Sleep(arrival)
		release()
		got, err := fixture.ReadMessage(br)
		if err != nil {
			t.Fatal(err)
		}
		if want := map[string]int{"POST": 502, "PUT": 200}[method]; statuses(got)[0] != want {
			t.Errorf("%s: %q, want %d", method, got, want)
		}
		if method == "PUT" {
			if got := <-requests; !strings.HasSuffix(got, body+rest) {
				t.Errorf("%q was sent again", got)
			}
		}
		io.WriteString(c, fixture.Get("/last", ""))
		fixture.ReadMessage(br)
		for len(requests) > 0 {
			if request := <-requests; !strings.HasPrefix(request, "GET /last ") {
				t.Errorf("%s: the instance got %.40q", method, request)
			}
		}
		close(over)
		r.stop()
	}
}

// A connection that was reset as the time to watch it ended is not used, and the request goes on.
func TestResetAsItSettles(t *testing.T) {
	first := make(chan net.Conn, 1)
	s := fixture.Play(t, func(n int64, c *net.TCPConn, br *bufio.Reader) {
		if n == 0 {
			first <- c
			time.Sleep(time.Second)
			return
		}
		if _, err := fixture.ReadMessage(br); err == nil {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	r, ready := pausable(t, routing.Timeouts{}, s.Addr(), nil)
	c, br := r.dial()
	release := ready().hold()
	io.WriteString(c, "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nbody")
	time.Sleep(arrival)
	release = again(release, ready())
	instance := <-first
	kill(instance)
	time.Sleep(arrival)
	release()
	c.SetReadDeadline(time.Now().Add(30 * time.Second))
	if got, err := fixture.ReadMessage(br); err != nil || !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Errorf("%q %v", got, err)
	}
	if n := r.counter("pointsman_panics_total"); n != 0 {
		t.Errorf("%v panics", n)
	}
}

// A client that takes nothing of its answer is given up, also when it goes on sending until its body is complete.
func TestBodyEndsWhileTheAnswerStands(t *testing.T) {
	gone := make(chan struct{})
	s := fixture.Play(t, func(_ int64, c *net.TCPConn, br *bufio.Reader) {
		defer close(gone)
		readUntil(br, "\r\n\r\n")
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
		go io.Copy(io.Discard, br)
		junk := make([]byte, 64<<10)
		for {
			if _, err := c.Write(junk); err != nil {
				return
			}
		}
	})
	r := newRig(t, Options{}, proxy.Limits{Progress: 500 * time.Millisecond}, fixture.At(s.Addr()))
	c, _ := r.dial()
	fmt.Fprintf(c, "PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 10000\r\n\r\n%s", strings.Repeat("x", 5000))
	time.Sleep(300 * time.Millisecond)
	io.WriteString(c, strings.Repeat("x", 5000))
	select {
	case <-gone:
	case <-time.After(time.Minute):
		t.Error("the instance's connection is still held")
	}
}

func readUntil(br *bufio.Reader, end string) (string, error) {
	var all strings.Builder
	for !strings.HasSuffix(all.String(), end) {
		b, err := br.ReadByte()
		if err != nil {
			return all.String(), err
		}
		all.WriteByte(b)
	}
	return all.String(), nil
}

// What ends with its connection is cut by a reset, also when it is the drain's patience that ends, or nobody takes the rest.
func TestCutShowsToAnOldClient(t *testing.T) {
	s := fixture.Play(t, func(_ int64, c *net.TCPConn, br *bufio.Reader) {
		readUntil(br, "\r\n\r\n")
		io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
		br.ReadByte()
	})
	r := newRig(t, Options{}, proxy.Limits{Grace: 100 * time.Millisecond}, fixture.At(s.Addr()))
	c, br := r.dial()
	io.WriteString(c, "GET / HTTP/1.0\r\nHost: t\r\n\r\n")
	if _, err := readUntil(br, "hello"); err != nil {
		t.Fatal(err)
	}
	r.stop()
	if n, err := br.ReadByte(); err == nil || err == io.EOF {
		t.Errorf("%v %v: looks complete", n, err)
	}
}

// late is how long what comes in time may take while the loop is held up for longer.
const late = 2 * time.Second

// What came in time is not late because the loop was held up: not an answer,
func TestAnswerToALoopThatWasHeldUp(t *testing.T) {
	asked := make(chan net.Conn, 1)
	s := fixture.Play(t, func(_ int64, c *net.TCPConn, br *bufio.Reader) {
		if _, err := fixture.ReadMessage(br); err == nil {
			asked <- c
			br.ReadByte()
		}
	})
	r, ready := pausable(t, routing.Timeouts{Answer: late}, s.Addr(), nil)
	c, br := r.dial()
	hold := ready()
	time.Sleep(arrival)
	io.WriteString(c, fixture.Get("/", ""))
	instance := <-asked
	release := hold.hold()
	io.WriteString(instance, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	time.Sleep(late + arrival)
	release()
	wantOK(t, br)
}

// not a connection that came about,
func TestConnectOfALoopThatWasHeldUp(t *testing.T) {
	a := fixture.Serve(t, func(http.ResponseWriter, *http.Request) {})
	r, ready := pausable(t, routing.Timeouts{Connect: late}, a, nil)
	c, br := r.dial()
	first, second := ready(), ready()
	time.Sleep(arrival)
	release := first.hold()
	io.WriteString(c, fixture.Get("/", ""))
	time.Sleep(arrival)
	release = again(release, second) // the connect has begun
	time.Sleep(late + arrival)
	release()
	wantOK(t, br)
	if n := r.counter("pointsman_upstream_connects_total", "timeout"); n != 0 {
		t.Errorf("%v connects timed out", n)
	}
}

// and not the end of one that was watched before use: what can't be repeated is not sent there.
func TestEndAsItSettles(t *testing.T) {
	opened := make(chan net.Conn, 1)
	s := fixture.Play(t, func(n int64, c *net.TCPConn, br *bufio.Reader) {
		if n == 0 {
			opened <- c
			br.ReadByte()
			return
		}
		if _, err := fixture.ReadMessage(br); err == nil {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	r, ready := pausable(t, routing.Timeouts{}, s.Addr(), nil)
	c, br := r.dial()
	first, second, third := ready(), ready(), ready()
	time.Sleep(arrival)
	release := first.hold()
	io.WriteString(c, "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nbody")
	time.Sleep(arrival)
	release = again(release, second) // the connect has begun
	release = again(release, third)  // it is being watched
	(<-opened).Close()
	time.Sleep(arrival)
	release()
	wantOK(t, br)
}

func wantOK(t *testing.T, br *bufio.Reader) {
	t.Helper()
	if got, err := fixture.ReadMessage(br); err != nil || !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Errorf("%.60q %v", got, err)
	}
}
