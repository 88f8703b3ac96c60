package conformance

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
)

// apart is the time between two pieces: on loopback the first is mostly read before the second is sent.
const apart = time.Millisecond

// sideBySide does n things, some at a time.
func sideBySide(n int, do func(i int)) {
	const atOnce = 16
	var all sync.WaitGroup
	next := make(chan int)
	for range atOnce {
		all.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
}

// echo answers each request with what it was made of, as JSON would: one line for the whole of it.
func echo(t testing.TB) *script {
	return play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
		for {
			m, err := readMessage(in)
			if err != nil {
				return
			}
			if _, err := io.WriteString(c, sized(m.said())); err != nil {
				return
			}
		}
	})
}

// said is the request in one line, without what the proxy adds.
func (m *message) said() string {
	own := slices.DeleteFunc(slices.Clone(m.fields), func(f string) bool {
		name, _, _ := strings.Cut(f, ":")
		return !strings.HasPrefix(name, "X-Own") && name != "Host"
	})
	return fmt.Sprintf("%s %q %q %q", m.line, own, m.body, m.trailer)
}

// Three requests on a connection, cut in two at every byte, are always the same three.
func TestRequestsSplitAtEveryByte(t *testing.T) {
	send := "POST /a HTTP/1.1\r\nHost: t\r\nX-Own: 1\r\nTransfer-Encoding: chunked\r\nTrailer: X-Own-Sum\r\n\r\n5;x=1\r\nhello\r\n10\r\n, dear world ...\r\n0\r\nX-Own-Sum: 3\r\nHost: evil\r\n\r\n" +
		"PUT /b?q HTTP/1.1\r\nHost: T\r\nContent-Length: 5\r\nX-Own-Long: " + strings.Repeat("v", 40) + "\r\n\r\nworld" +
		"GET http://t/c HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
	want := []string{`POST /a HTTP/1.1 ["Host: t" "X-Own: 1"] "hello, dear world ..." ["X-Own-Sum: 3"]`,
		`PUT /b?q HTTP/1.1 ["Host: T" "X-Own-Long: ` + strings.Repeat("v", 40) + `"] "world" []`, `GET /c HTTP/1.1 ["Host: t"] "" []`}
	one(t, func(t testing.TB, k *kind) {
		r := start(t, k, setup{}, at(echo(t).Addr()))
		check := func(how string, c *conn) {
			for i, w := range want {
				a, err := readAnswer(c.in, "GET")
				if err != nil || a.status != 200 || a.body != w {
					t.Errorf("%s: answer %d is %+v %v, want %s", how, i, a, err, w)
					return
				}
			}
			c.ends()
		}
		sideBySide(len(send)-1, func(i int) {
			if t.Failed() {
				return
			}
			c, err := r.tryDial(t)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.tcp.Close()
			c.send(send[:i+1])
			time.Sleep(apart)
			c.send(send[i+1:])
			check("split at "+strconv.Itoa(i+1), c)
		})
		c := r.dial(t)
		for i := range len(send) {
			c.send(send[i : i+1])
			if i%16 == 0 {
				time.Sleep(apart)
			}
		}
		check("byte by byte", c)
	})
}

// wholeAnswers are answers as bytes, and what a client reads of them.
var wholeAnswers = []struct{ text, body, trailer string }{
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello", "hello", "[]"},
	{"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5;x\r\nhello\r\n7\r\n, world\r\n0\r\nX-T: 1\r\n\r\n",
		"hello, world", `["X-T: 1"]`},
	{"HTTP/1.1 200 OK\r\nConnection: close\r\nX-Long: " + "0123456789012345678901234567890123456789" + "\r\n\r\nto the end", "to the end", "[]"},
}

// Answers that come in two pieces, cut at every byte, are always the same.
func TestAnswersSplitAtEveryByte(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			for {
				m, err := readMessage(in)
				if err != nil {
					return
				}
				n, i := numbers(m.path())
				text := wholeAnswers[n].text
				_, _ = io.WriteString(c, text[:i])
				time.Sleep(apart)
				_, _ = io.WriteString(c, text[i:])
				if strings.Contains(text, "close") {
					return
				}
			}
		})
		r := start(t, k, setup{}, at(s.Addr()))
		for n, w := range wholeAnswers {
			sideBySide(len(w.text)-1, func(i int) {
				if t.Failed() {
					return
				}
				c, err := r.tryDial(t)
				if err != nil {
					t.Error(err)
					return
				}
				defer c.tcp.Close()
				c.send(get(fmt.Sprintf("/%d/%d", n, i+1), ""))
				a, err := readAnswer(c.in, "GET")
				if err != nil || a.status != 200 || a.body != w.body || fmt.Sprintf("%q", a.trailer) != w.trailer {
					t.Errorf("answer %d split at %d: %+v %v", n, i+1, a, err)
				}
			})
		}
	})
}

// numbers are those of a path /n/i.
func numbers(path string) (n, i int) {
	parts := strings.Split(path+"//", "/")
	n, _ = strconv.Atoi(parts[1])
	i, _ = strconv.Atoi(parts[2])
	return n, i
}

// An instance that ends, or resets, its connection at any byte of an answer never makes a whole answer of a part.
func TestAnswersCutAtEveryByte(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			m, err := readMessage(in)
			if err != nil {
				return
			}
			n, i := numbers(m.path())
			_, _ = io.WriteString(c, wholeAnswers[n].text[:i])
			if m.method() == "PUT" {
				time.Sleep(apart) // a reset takes with it what was not read
				_ = c.SetLinger(0)
			}
		})
		var instances []discovery.Instance
		for n, w := range wholeAnswers[:2] {
			for i := range w.text { // a service each, as one that fails so often is left out
				instances = append(instances, as(fmt.Sprintf("s%d-%d", n, i), at(s.Addr(), fmt.Sprintf("urlprefix-t/%d/%d", n, i))))
			}
		}
		r := start(t, k, setup{noRetries: true}, instances...)
		for n, w := range wholeAnswers[:2] {
			sideBySide(2*len(w.text), func(i int) {
				if t.Failed() {
					return
				}
				method := []string{"GET", "PUT"}[i%2]
				c, err := r.tryDial(t)
				if err != nil {
					t.Error(err)
					return
				}
				defer c.tcp.Close()
				c.send(fmt.Sprintf("%s /%d/%d HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n", method, n, i/2))
				a, err := readAnswer(c.in, method)
				if err == nil && a.status != 502 && a.status != 503 {
					t.Errorf("answer %d cut at %d, %s: %+v is whole", n, i/2, method, a)
				}
				if isTimeout(err) {
					t.Errorf("answer %d cut at %d, %s: nothing comes", n, i/2, method)
				}
			})
		}
		if asked, cuts := s.Conns(), int64(len(instances)); asked < cuts {
			t.Errorf("only %d of %d cuts were made", asked, 2*cuts)
		}
	})
}
