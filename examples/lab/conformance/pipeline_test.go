package conformance

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/proxy"
)

// Requests sent without waiting are answered in their order, each whole, however many come in one piece.
func TestPipelining(t *testing.T) {
	every(t, func(t *testing.T, k *kind) {
		r := start(t, k, setup{}, at(echo(t).Addr(), "urlprefix-t/"))
		for _, n := range []int{2, 16, 100, 500} {
			part(t, fmt.Sprint(n), func(t testing.TB) {
				c := r.dial(t)
				c.wait(4 * patience)
				var all strings.Builder
				for i := range n {
					all.WriteString(numbered(i))
				}
				go c.send(all.String())
				for i := range n {
					checkNumbered(t, c, i)
				}
				c.send(get("/last", "Connection: close\r\n") + smuggled)
				c.want(200, `GET /last HTTP/1.1 ["Host: t"] "" []`)
				c.ends()
			})
		}
	})
}

// numbered is the i-th of a series of requests of all kinds.
func numbered(i int) string {
	switch i % 5 {
	case 0, 1:
		return fmt.Sprintf("GET /%d HTTP/1.1\r\nHost: t\r\n\r\n", i)
	case 2:
		body := fmt.Sprint("body", i)
		return fmt.Sprintf("POST /%d HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n%s", i, len(body), body)
	case 3:
		return fmt.Sprintf("PUT /%d HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", i)
	}
	return fmt.Sprintf("GET /%d HTTP/1.1\r\nHost: nobody\r\n\r\n", i)
}

func checkNumbered(t testing.TB, c *conn, i int) {
	t.Helper()
	a := c.answer("GET")
	var want string
	switch i % 5 {
	case 0, 1:
		want = fmt.Sprintf(`GET /%d HTTP/1.1 ["Host: t"] "" []`, i)
	case 2:
		want = fmt.Sprintf(`POST /%d HTTP/1.1 ["Host: t"] "body%d" []`, i, i)
	case 3:
		want = fmt.Sprintf(`PUT /%d HTTP/1.1 ["Host: t"] "abcd" []`, i)
	case 4:
		if a.status != 404 {
			t.Fatalf("answer %d is %+v, want 404", i, a)
		}
		return
	}
	if a.status != 200 || a.body != want {
		t.Fatalf("answer %d is %d %q, want %q", i, a.status, a.body, want)
	}
}

// A quick answer never overtakes a slow one that was asked for before it.
func TestPipelinedAnswersKeepTheirOrder(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			for {
				m, err := readMessage(in)
				if err != nil {
					return
				}
				if m.path() == "/slow" {
					time.Sleep(50 * time.Millisecond)
				}
				_, _ = io.WriteString(c, sized(m.path()))
			}
		})
		r := start(t, k, setup{}, at(s.Addr()))
		c := r.dial(t)
		c.send(get("/slow", "") + get("/quick", "") + get("/slow", "") + get("/quick", ""))
		for _, want := range []string{"/slow", "/quick", "/slow", "/quick"} {
			c.want(200, want)
		}
	})
}

// A client that sends its requests and ends its side cannot be told from one that is gone, which is what cancels a request that an
// instance works on. So it gets whole answers, in order, and then the end; the first one where that is there at once.
func TestHalfCloseAfterRequests(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			for {
				m, err := readMessage(in)
				if err != nil {
					return
				}
				if m.path() != "/quick" {
					time.Sleep(20 * time.Millisecond) // the client's end comes first
				}
				_, _ = io.WriteString(c, sized(m.path()))
			}
		})
		r := start(t, k, setup{}, at(s.Addr()))
		for _, paths := range [][]string{{"/quick"}, {"/slow"}, {"/slow", "/quick"}, {"/quick", "/slow", "/quick"}} {
			c := r.dial(t)
			for _, p := range paths {
				c.send(get(p, ""))
			}
			if paths[0] == "/quick" {
				c.want(200, "/quick")
				paths = paths[1:]
			}
			c.halfClose()
			for _, p := range paths {
				a, err := readAnswer(c.in, "GET")
				if err != nil {
					if a != nil || isTimeout(err) {
						t.Errorf("instead of an answer or the end: %+v %v", a, err)
					}
					break
				}
				if a.status != 200 || a.body != p {
					t.Errorf("got %+v, want %s", a, p)
				}
			}
			c.ends()
			r.settles(t)
		}
	})
}

// It gets as much time as others who can't be told from it, on every listener: an answer whose pieces come within that is whole, and
// a request that stays unanswered is cancelled.
func TestHalfClosedClientGetsItsTime(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		const pause, pieces = proxy.HalfClosed / 5, 8
		cancelled := make(chan struct{})
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			m, err := readMessage(in)
			if err != nil {
				return
			}
			if m.path() == "/never" {
				_, _ = in.Peek(1)
				close(cancelled)
				return
			}
			_, _ = fmt.Fprintf(c, "%sContent-Length: %d\r\n\r\n", ok, pieces)
			for range pieces {
				time.Sleep(pause)
				_, _ = io.WriteString(c, "x")
			}
		})
		r := start(t, k, setup{}, at(s.Addr()))
		c := r.dial(t)
		c.send(get("/", ""))
		c.halfClose()
		c.want(200, strings.Repeat("x", pieces))
		c.ends()
		c = r.dial(t)
		c.send(get("/never", ""))
		c.halfClose()
		select {
		case <-cancelled:
		case <-time.After(patience):
			t.Error("the request goes on")
		}
		c.ends()
	})
}
