package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// An answer of which the client must see that it broke off.
const cut = -1

// oddAnswers are an instance's answers as bytes, and what the client must get: a status, or a visible cut.
var oddAnswers = []struct {
	name, method, answer string
	code                 int
	body                 string
}{
	{"coding and length", "GET", ok + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, "ok"},
	{"two lengths", "GET", ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok", 502, ""},
	{"length junk", "GET", ok + "Content-Length: 2x\r\n\r\nok", 502, ""},
	{"length below zero", "GET", ok + "Content-Length: -2\r\n\r\nok", 502, ""},
	{"unknown coding", "GET", ok + "Transfer-Encoding: foo\r\n\r\nok", 502, ""},
	{"NUL in a value", "GET", ok + "X: a\x00b\r\nContent-Length: 2\r\n\r\nok", 502, ""},
	{"CR in a value", "GET", ok + "X: a\rb\r\nContent-Length: 2\r\n\r\nok", 502, ""},
	{"folded field", "GET", ok + "X: a\r\n b\r\nContent-Length: 2\r\n\r\nok", 502, ""},
	{"no colon", "GET", ok + "XA\r\nContent-Length: 2\r\n\r\nok", 502, ""},
	{"blank before a colon", "GET", ok + "X : a\r\nContent-Length: 2\r\n\r\nok", 502, ""},
	{"field named by Connection", "GET", ok + "Connection: X-Hop\r\nX-Hop: 1\r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
	{"status 2000", "GET", "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok", 502, ""},
	{"status 99", "GET", "HTTP/1.1 99 OK\r\nContent-Length: 2\r\n\r\nok", 502, ""},
	{"no status", "GET", "HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\nok", 502, ""},
	{"no reason", "GET", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
	{"garbage", "GET", "\x16\x03\x01\x02\x00\r\n\r\n", 502, ""},
	{"HTTP/0.9", "GET", "<html>hello</html>\r\n", 502, ""},
	{"nothing", "POST", "", 502, ""},
	{"body shorter than announced", "GET", ok + "Content-Length: 10\r\n\r\nok", cut, ""},
	{"no last chunk", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", cut, ""},
	{"cut in a chunk", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n8\r\nok", cut, ""},
	{"bad chunk size", "GET", ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n", cut, ""},
	{"chunk size past 64 bits", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\nok\r\n0\r\n\r\n", cut, ""},
	{"body that ends with the connection", "GET", ok + "\r\nok", 200, "ok"},
	{"bytes behind a length", "GET", ok + "Content-Length: 2\r\n\r\nok" + poison, 200, "ok"},
	{"bytes behind the last chunk", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + poison, 200, "ok"},
	{"204 with a body", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello" + poison, 204, ""},
	{"304 with a body", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello" + poison, 304, ""},
	{"HEAD with a body", "HEAD", ok + "Content-Length: 5\r\n\r\nhello" + poison, 200, ""},
	{"101 that nobody asked for", "GET", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 502, ""},
	{"103, then 200", "GET", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nok", 200, "ok"},
	{"2,000 times 103", "GET", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 2000) + ok + "Content-Length: 2\r\n\r\nok", 502, ""},
	{"field of 1 MB", "GET", ok + "X: " + strings.Repeat("a", 1<<20) + "\r\n\r\n", 502, ""},
	{"20,000 fields", "GET", ok + strings.Repeat("X: a\r\n", 20000) + "\r\n", 502, ""},
	{"lines that end in LF", "GET", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 502, ""},
}

const (
	ok     = "HTTP/1.1 200 OK\r\n"
	poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
)

// liar answers /<n> with the n-th odd answer and everything else with its path, politely.
func liar(t testing.TB) *net.TCPAddr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go lie(c)
		}
	}()
	return l.Addr().(*net.TCPAddr)
}

func lie(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if n, err := strconv.Atoi(req.URL.Path[1:]); err == nil {
			_, _ = io.WriteString(c, oddAnswers[n].answer)
			if !strings.HasSuffix(oddAnswers[n].answer, poison) { // those stay open, for the next request to find the poison
				return
			}
			continue
		}
		_, _ = fmt.Fprintf(c, ok+"Content-Length: %d\r\n\r\n%s", len(req.URL.Path), req.URL.Path)
	}
}

func TestMalformedAnswers(t *testing.T) {
	y := openYard(t)
	y.list(&instance{service: "web", port: liar(t).Port})
	y.sees("web", 1)
	for n, c := range oddAnswers {
		t.Run(c.name, func(t *testing.T) {
			code, body := y.raw(t, c.method, "/"+strconv.Itoa(n))
			if code != c.code || code == 200 && body != c.body {
				t.Errorf("got %d %.60q, want %d %q", code, body, c.code, c.body)
			}
			for i := range 3 { // whoever comes next is unharmed
				path := fmt.Sprintf("/after-%d-%d", n, i)
				if code, body := y.raw(t, "GET", path); code != 200 || body != path {
					t.Errorf("the next request got %d %.60q, want its local reply", code, body)
				}
			}
		})
	}
}

// raw asks once, on a connection of its own; the code is cut where the answer, or what should be one, broke off.
func (y *yard) raw(t testing.TB, method, path string) (code int, body string) {
	t.Helper()
	c, err := net.Dial("tcp", y.proxy.Proxy)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(c, "%s %s HTTP/1.1\r\n%sContent-Length: 0\r\n\r\n", method, path, hostLine)
	in := bufio.NewReader(c)
	for {
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			return cut, err.Error()
		}
		text, err := io.ReadAll(resp.Body)
		switch {
		case err != nil:
			return cut, err.Error()
		case resp.StatusCode >= 200:
			if resp.Header.Get("X-Hop") != "" {
				t.Error("a hop-by-hop field came through")
			}
			return resp.StatusCode, string(text)
		}
	}
}
