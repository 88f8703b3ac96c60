package std

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/proxy"
)

// answersAs plays one answer per connection, then closes.
func answersAs(answer string) func(int64, net.Conn, *bufio.Reader) {
	return func(_ int64, c net.Conn, br *bufio.Reader) {
		if _, err := readRaw(br); err == nil {
			io.WriteString(c, answer)
		}
	}
}

func TestAnswersAsBytes(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for _, c := range []struct {
		name, answer string
		status       int // 0: any, as only the cut matters
		body         string
		cut          bool
	}{
		{"plain", ok + "Content-Length: 2\r\n\r\nok", 200, "ok", false},
		{"length and coding", ok + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, "ok", false},
		{"two lengths", ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok", 502, "", false},
		{"two lengths the same", ok + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", 502, "", false},
		{"length junk", ok + "Content-Length: 2x\r\n\r\nok", 502, "", false},
		{"length negative", ok + "Content-Length: -2\r\n\r\nok", 502, "", false},
		{"length plus", ok + "Content-Length: +2\r\n\r\nok", 502, "", false},
		{"coding unknown", ok + "Transfer-Encoding: foo\r\n\r\nok", 502, "", false},
		{"NUL", ok + "X: a\x00b\r\nContent-Length: 2\r\n\r\nok", 502, "", false},
		{"CR", ok + "X: a\rb\r\nContent-Length: 2\r\n\r\nok", 502, "", false},
		{"fold", ok + "X: a\r\n b\r\nContent-Length: 2\r\n\r\nok", 502, "", false},
		{"no colon", ok + "XA\r\nContent-Length: 2\r\n\r\nok", 502, "", false},
		{"space before colon", ok + "X : a\r\nContent-Length: 2\r\n\r\nok", 502, "", false},
		{"status 2000", "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok", 502, "", false},
		{"status 99", "HTTP/1.1 99 OK\r\nContent-Length: 2\r\n\r\nok", 502, "", false},
		{"status 600", "HTTP/1.1 600 OK\r\nContent-Length: 2\r\n\r\nok", 502, "", false},
		{"no status", "HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\nok", 502, "", false},
		{"no reason", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
		{"garbage", "\x16\x03\x01\x02\x00\r\n\r\n", 502, "", false},
		{"http 0.9", "<html>hello</html>\r\n", 502, "", false},
		{"cut length", ok + "Content-Length: 10\r\n\r\nok", 0, "", true},
		{"cut chunked", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", 0, "", true},
		{"cut in chunk", ok + "Transfer-Encoding: chunked\r\n\r\n8\r\nok", 0, "", true},
		{"bad chunk", ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n", 0, "", true},
		{"chunk overflow", ok + "Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\nok\r\n0\r\n\r\n", 0, "", true},
		{"close delimited", ok + "\r\nok", 200, "ok", false},
		{"extra after length", ok + "Content-Length: 2\r\n\r\nokEXTRA", 200, "ok", false},
		{"extra after chunked", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nEXTRA", 200, "ok", false},
		{"204 with body", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", 204, "", false},
		{"304 with body", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello", 304, "", false},
		{"101 not asked for", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 502, "", false},
		{"1xx flood", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 17) + ok + "Content-Length: 2\r\n\r\nok", 502, "", false},
		{"1 MB head", ok + "X: " + strings.Repeat("a", 1<<20) + "\r\n\r\n", 502, "", false},
		{"20000 fields", ok + strings.Repeat("X: a\r\n", 20000) + "\r\n", 502, "", false},
		{"LF only", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 502, "", false},
		{"hop by hop", ok + "Connection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, answersAs(c.answer))
			r := newRig(t, rigOptions{}, at(s.addr()))
			resp, err := client(t).Get(r.url("/g"))
			if err != nil {
				if !c.cut {
					t.Fatal(err)
				}
				return
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if (err != nil) != c.cut {
				t.Errorf("body %q, error %v, want cut=%v", body, err, c.cut)
			}
			if c.status != 0 && resp.StatusCode != c.status {
				t.Errorf("status %d, want %d", resp.StatusCode, c.status)
			}
			if c.body != "" && string(body) != c.body {
				t.Errorf("body %q, want %q", body, c.body)
			}
			if resp.Header.Get("X-Hop") != "" || resp.Header.Get("Keep-Alive") != "" {
				t.Errorf("hop-by-hop fields came through: %v", resp.Header)
			}
			// Whatever came behind an answer must not reach the next client: the connection was dropped.
			clean := c.name == "plain" || c.name == "hop by hop" || c.name == "no reason"
			if pool := r.server.pools.of(r.target()); pool.kept() != 0 && !clean {
				t.Error("the connection was kept")
			}
		})
	}
}

func (p *pool) kept() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.idle)
}

// target is the only instance.
func (r *rig) target() *proxy.Target {
	route, ok := r.switcher.Load().Match("x", "/")
	if !ok {
		r.t.Fatal("no route")
	}
	return &route.Targets[0]
}

// An HTTP/1.0 client knows the end of a body by the end of the connection: a cut one must be a reset.
func TestCutShowsOnHTTP10(t *testing.T) {
	s := newScript(t, answersAs("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"))
	r := newRig(t, rigOptions{}, at(s.addr()))
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET /g HTTP/1.0\r\nHost: t\r\n\r\n")
	if got, err := io.ReadAll(c); err == nil {
		t.Errorf("a clean end after %q", got)
	}
}

// Bytes that arrive on an idle connection were asked for by nobody: the next request must not get them.
func TestLatePoisonReachesNobody(t *testing.T) {
	s := newScript(t, func(n int64, c net.Conn, br *bufio.Reader) {
		for {
			if _, err := readRaw(br); err != nil {
				return
			}
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			if n == 0 {
				time.Sleep(20 * time.Millisecond)
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
			}
		}
	})
	r := newRig(t, rigOptions{}, at(s.addr()))
	cl := client(t)
	for range 3 {
		resp, err := cl.Post(r.url("/g"), "text/plain", strings.NewReader("x"))
		if code, body := read(t, resp, err); code != 200 || body != "ok" {
			t.Fatalf("%d %q", code, body)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if n := s.conns.Load(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

// An answer that comes before the request's body reaches the client, and the rest of the body is no request.
func TestEarlyAnswer(t *testing.T) {
	s := newScript(t, func(_ int64, c net.Conn, br *bufio.Reader) {
		for {
			if line, err := br.ReadString('\n'); err != nil || line == "\r\n" {
				break
			}
		}
		io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
		time.Sleep(200 * time.Millisecond)
	})
	r := newRig(t, rigOptions{}, at(s.addr()))
	got, closed := r.raw(time.Second, post("Content-Length: 8192\r\n", ""), smuggled)
	if codes := statuses(got); len(codes) != 1 || codes[0] != 413 || !closed || !strings.HasSuffix(got, "big") {
		t.Errorf("got %q closed=%v", got, closed)
	}
	resp, err := client(t).Post(r.url("/up"), "text/plain", io.LimitReader(zeros{}, 20<<20))
	if err != nil {
		t.Skipf("this client gives up at its own failed write: %v", err)
	}
	if code, body := read(t, resp, err); code != 413 || body != "big" {
		t.Errorf("%d %q", code, body)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestNoRouteWithBody(t *testing.T) {
	r := newRig(t, rigOptions{}, at(app(t, func(w http.ResponseWriter, _ *http.Request) {}), "urlprefix-only.example/"))
	got, _ := r.raw(1500*time.Millisecond, "POST /none HTTP/1.1\r\nHost: t\r\nContent-Length: 46\r\n\r\n", smuggled)
	if codes := statuses(got); len(codes) != 1 || codes[0] != 404 {
		t.Errorf("got %v", codes)
	}
}
