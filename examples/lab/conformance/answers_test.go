package conformance

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab"
)

// An answer that is broken becomes a 502 or a visible cut, one that is not comes through, and whoever comes next is unharmed.
func TestAnswersAsBytes(t *testing.T) {
	every(t, func(t *testing.T, k *kind) {
		cases := append(append([]answerCase{}, lengthCases...), headCases...)
		scripts, instances := make([]*script, len(cases)), make([]discovery.Instance, len(cases))
		for i, c := range cases {
			scripts[i] = play(t, c.play)
			// A service for each, as an instance that breaks its answers is left out for a while.
			instances[i] = as(fmt.Sprint("s", i), at(scripts[i].Addr(), fmt.Sprintf("urlprefix-t%d/", i)))
		}
		r := start(t, k, setup{loops: 1}, instances...)
		for i, c := range cases {
			part(t, c.name, func(t testing.TB) { c.check(t, r, scripts[i], fmt.Sprint("t", i)) })
		}
	})
}

// play gives the odd answer to /odd, and its path to everything else.
func (c answerCase) play(_ int64, to *net.TCPConn, in *bufio.Reader) {
	for {
		m, err := readMessage(in)
		if err != nil {
			return
		}
		if m.path() != "/odd" {
			_, _ = io.WriteString(to, sized(m.path()))
			continue
		}
		_, _ = io.WriteString(to, c.answer)
		if !c.kept && !strings.HasSuffix(c.answer, poison) { // those stay open, for the next request to find the poison
			return
		}
	}
}

func (c answerCase) check(t testing.TB, r *rig, s *script, host string) {
	ask := func(method, path string) (*answer, error) {
		client := r.dial(t)
		defer client.tcp.Close()
		client.send(fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n\r\n", method, path, host))
		return readAnswer(client.in, method)
	}
	a, err := ask(c.method, "/odd")
	before := s.Conns()
	switch {
	case c.code == cutOff && (err != nil || a.status == 502):
	case err != nil:
		t.Errorf("no whole answer: %v", err)
	case c.code == either && (a.status == 502 || a.status == 200 && a.body == c.body):
	case a.status != c.code || a.status != 502 && a.body != c.body:
		t.Errorf("got %d %.100q, want %d %q", a.status, a.body, c.code, c.body)
	}
	if a != nil && (a.field("X-Hop") != "" || a.field("Keep-Alive") != "") {
		t.Errorf("fields for one hop came through: %q", a.fields)
	}
	for i := range 3 {
		path := fmt.Sprintf("/after-%d", i)
		var a *answer
		var err error
		// An instance that has never answered is left out for a moment.
		lab.Within(patience, func() bool { a, err = ask("GET", path); return err != nil || a.status != 503 })
		if err != nil || a.status != 200 || a.body != path {
			t.Errorf("the next request got %+v %v, want its local reply", a, err)
		}
	}
	// Whatever came behind an answer is gone with its connection.
	if now := s.Conns(); !c.kept && now == before {
		t.Error("the connection served again")
	} else if c.kept && c.code != either && now != before {
		t.Error("the connection did not serve again")
	}
}

// An HTTP/1.0 client knows the end of a body by the end of the connection: a cut one must be a reset.
func TestCutShowsOnHTTP10(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			if _, err := readMessage(in); err == nil {
				_, _ = io.WriteString(c, ok+"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
				time.Sleep(20 * time.Millisecond)
			}
		})
		r := start(t, k, setup{}, at(s.Addr()))
		c := r.dial(t)
		c.send("GET /g HTTP/1.0\r\nHost: t\r\n\r\n")
		if got, err := io.ReadAll(c.in); err == nil {
			t.Errorf("a clean end after %q", got)
		}
	})
}

// A chunked answer reaches an HTTP/1.0 client as it is, without chunks.
func TestChunkedAnswerOnHTTP10(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			for {
				m, err := readMessage(in)
				if err != nil {
					return
				}
				if m.line != "GET /g HTTP/1.1" {
					t.Errorf("request line %q", m.line)
				}
				_, _ = io.WriteString(c, ok+"Transfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\nok\r\n3\r\n...\r\n0\r\nX-T: 1\r\n\r\n")
			}
		})
		r := start(t, k, setup{}, at(s.Addr()))
		for _, fields := range []string{"Host: t\r\n", "", "Host: t\r\nConnection: keep-alive\r\n"} {
			c := r.dial(t)
			c.send("GET /g HTTP/1.0\r\n" + fields + "\r\n")
			a := c.answer("GET")
			if a.status != 200 || a.body != "ok..." || a.chunked || !a.toEnd && fields != "" && a.field("Content-Length") == "" {
				t.Errorf("%q: %+v", fields, a)
			}
		}
	})
}

// A client is told what the upstream did, in plain words.
func TestBadGatewaySaysWhy(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		for name, want := range map[string]struct {
			status int
			text   string
			play   func(c *net.TCPConn, in *bufio.Reader)
		}{
			"close": {502, `"title":"Bad Gateway","status":502,"detail":"The upstream closed the connection before sending a response."`,
				func(*net.TCPConn, *bufio.Reader) {}},
			"reset": {502, `"title":"Bad Gateway","status":502,"detail":"The upstream reset the connection before sending a response."`,
				func(c *net.TCPConn, _ *bufio.Reader) { _ = c.SetLinger(0) }},
			"garbage": {502, `"title":"Bad Gateway","status":502,"detail":"The upstream sent an invalid response."`,
				func(c *net.TCPConn, _ *bufio.Reader) { _, _ = io.WriteString(c, "hello\r\n\r\n") }},
			"silent": {504, `"title":"Gateway Timeout","status":504,"detail":"The upstream did not respond in time."`,
				func(_ *net.TCPConn, in *bufio.Reader) { _, _ = in.ReadByte() }},
		} {
			s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
				if _, err := readMessage(in); err == nil {
					want.play(c, in)
				}
			})
			r := start(t, k, setup{limits: limits{Answer: 300 * time.Millisecond}}, at(s.Addr()))
			c := r.dial(t)
			c.send(post("Content-Length: 0\r\n", ""))
			if a := c.answer("POST"); a.status != want.status || !strings.Contains(a.body, want.text) {
				t.Errorf("%s: %d %q, want %s", name, a.status, a.body, want.text)
			}
			r.stop()
		}
	})
}
