package conformance

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// moment is a state of a request in which a client goes away.
type moment struct {
	name string
	send string
	// reaches: the instance has a connection, which must end too.
	reaches bool
}

var moments = []moment{
	{"before a byte", "", false},
	{"in the request line", "GET /he", false},
	{"in the head", "GET / HTTP/1.1\r\nHost: t\r\nX-", false},
	{"in a small body", post("Content-Length: 100\r\n", "half"), false},
	{"in a large body", post("Content-Length: 10000000\r\n", strings.Repeat("x", 100000)), true},
	{"in a chunk", post(chunkedField, "100000\r\nhalf"), true},
	{"between chunks", post(chunkedField, "4\r\nhalf\r\n"), true},
	{"before the answer", get("/silent", ""), true},
	{"before the answer, with more requests sent", get("/silent", "") + get("/x", "") + get("/y", ""), true},
	{"in the answer", get("/half", ""), true},
	{"in a large answer that it does not read", get("/large", ""), true},
	{"in a tunnel", upgrade, true},
}

// A client may go away in any state, by FIN of both sides or by RST: the instance's side ends soon, and nothing remains.
func TestClientAborts(t *testing.T) {
	every(t, func(t *testing.T, k *kind) {
		s := play(t, awkwardly)
		r := start(t, k, setup{}, at(s.Addr()))
		for _, m := range moments {
			for _, how := range []string{"FIN", "RST"} {
				part(t, m.name+" "+how, func(t testing.TB) {
					before := s.Conns()
					for range 2 {
						c := r.dial(t)
						go c.send(m.send)
						switch {
						case m.reaches:
							lab.Eventually(t, patience, "it reaches the instance", func() bool { return s.Conns() > before || s.Live() > 0 })
							time.Sleep(10 * time.Millisecond)
						default:
							time.Sleep(5 * time.Millisecond)
						}
						if m.name == "in the answer" {
							_, _ = readHead(c.in)
						}
						if how == "RST" {
							c.reset()
						} else {
							_ = c.tcp.Close()
						}
						r.settles(t)
					}
					if !m.reaches {
						if n := s.Conns(); n != before {
							t.Errorf("the instance was asked %d times", n-before)
						}
						return
					}
					lab.Eventually(t, patience, "the instance's connections have ended", func() bool { return s.Live() == 0 })
				})
			}
		}
		part(t, "and the listener still serves", func(t testing.TB) {
			c := r.dial(t)
			c.send(get("/plain", ""))
			c.want(200, "ok")
		})
	})
}

// awkwardly answers in ways during which a client may go. It reads on, to see the end of the connection.
func awkwardly(_ int64, c *net.TCPConn, in *bufio.Reader) {
	m, err := readRequestHead(in)
	if err != nil {
		return
	}
	switch m.path() {
	case "/half":
		_, _ = io.WriteString(c, ok+"Content-Length: 1000\r\n\r\nhalf")
	case "/large":
		_, _ = io.WriteString(c, ok+"Content-Length: 1000000000\r\n\r\n")
		for piece := make([]byte, 1<<16); err == nil; {
			_, err = c.Write(piece)
		}
	case "/ws":
		_, _ = io.WriteString(c, switching)
	case "/silent", "/p":
	default:
		if m.readBody(in) == nil {
			_, _ = io.WriteString(c, sized("ok"))
		}
	}
	_, _ = io.Copy(io.Discard, in)
}

// An instance may end or reset its connection in any state too: the client hears of it soon, and never of a whole answer.
func TestInstanceAborts(t *testing.T) {
	states := map[string]struct{ send, say string }{
		"before the request is read": {get("/", ""), ""},
		"in the request's body":      {post("Content-Length: 10000000\r\n", strings.Repeat("x", 200000)), ""},
		"in an open chunk":           {post(chunkedField, "100000\r\nhalf"), ""},
		"in its head":                {get("/", ""), "HTTP/1.1 200 OK\r\nX"},
		"in its body":                {get("/", ""), ok + "Content-Length: 100\r\n\r\nhalf"},
		"in a chunk":                 {get("/", ""), ok + "Transfer-Encoding: chunked\r\n\r\n10\r\nhalf"},
		"after 103":                  {get("/", ""), "HTTP/1.1 103 Early Hints\r\n\r\n"},
		"in the answer to a body":    {post("Content-Length: 10000000\r\n", strings.Repeat("x", 200000)), ok + "Content-Length: 100\r\n\r\nhalf"},
		"in a tunnel":                {upgrade, switching + "half"},
	}
	every(t, func(t *testing.T, k *kind) {
		for name, state := range states {
			for _, how := range []string{"FIN", "RST"} {
				part(t, name+" "+how, func(t testing.TB) {
					s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
						if _, err := readRequestHead(in); err != nil {
							return
						}
						_, _ = io.WriteString(c, state.say)
						time.Sleep(10 * time.Millisecond)
						if how == "RST" {
							_ = c.SetLinger(0)
						}
					})
					r := start(t, k, setup{noRetries: true}, at(s.Addr()))
					c := r.dial(t)
					go c.send(state.send)
					a, err := readAnswer(c.in, "GET")
					switch {
					case isTimeout(err):
						t.Errorf("nothing comes: %+v", a)
					case err == nil && a.status == 101:
						if rest, err := io.ReadAll(c.in); string(rest) != "half" && how == "FIN" || isTimeout(err) {
							t.Errorf("%q came through the tunnel, then %v", rest, err)
						}
					case err == nil && a.status != 502 && a.status != 503:
						t.Errorf("%+v is whole", a)
					}
					_ = c.tcp.Close()
					r.settles(t)
				})
			}
		}
	})
}

// A client that ends its side in the middle of a request has sent half a request, and no more: no instance gets a whole one.
func TestHalfCloseInsideARequest(t *testing.T) {
	every(t, func(t *testing.T, k *kind) {
		rec := newRecorder(t)
		r := start(t, k, setup{}, at(rec.Addr()))
		for _, send := range []string{"GET / HTTP/1.1\r\nHo", post("Content-Length: 10\r\n", "half"), post("Content-Length: 100000\r\n", strings.Repeat("x", 50000)),
			post(chunkedField, "5\r\nhel"), post(chunkedField, "5\r\nhello\r\n"), post(chunkedField, "5\r\nhello\r\n0\r\nX: y\r\n")} {
			part(t, fmt.Sprintf("%.60q", send), func(t testing.TB) {
				c := r.dial(t)
				c.send(send)
				c.halfClose()
				for { // an answer of the proxy's own is right, and silence is
					a, err := readAnswer(c.in, "GET")
					if isTimeout(err) || err == nil && a.status < 400 {
						t.Errorf("got %+v %v", a, err)
					}
					if err != nil {
						break
					}
				}
				r.settles(t)
				if _, whole, _ := rec.take(); len(whole) > 0 {
					t.Errorf("a whole request went on: %+v", whole[0])
				}
			})
		}
	})
}
