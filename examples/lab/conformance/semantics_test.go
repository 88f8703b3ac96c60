package conformance

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
)

// A client that expects 100 is told to go on, once, and one whose request is refused is not waited for.
func TestExpectContinue(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		app := fixture.Serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/no" {
				w.WriteHeader(403)
				return
			}
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "got %s", body)
		})
		r := start(t, k, setup{}, at(app, "urlprefix-t/"))
		expecting := func(path, host, framing string) string {
			return "POST " + path + " HTTP/1.1\r\nHost: " + host + "\r\nExpect: 100-Continue\r\n" + framing + "\r\n\r\n"
		}
		for _, body := range [][2]string{{"Content-Length: 5", "hello"}, {"Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"}, {"Content-Length: 100000", strings.Repeat("x", 100000)}} {
			c := r.dial(t)
			c.send(expecting("/yes", "t", body[0]))
			if line, err := c.in.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
				t.Fatalf("%s: %q %v", body[0], line, err)
			}
			if rest, err := c.in.ReadString('\n'); err != nil || rest != "\r\n" {
				t.Errorf("%s: after the 100 comes %q %v", body[0], rest, err)
			}
			c.send(body[1])
			if a := c.answer("POST"); a.status != 200 || !strings.HasPrefix(a.body, "got ") || len(a.interim) > 0 {
				t.Errorf("%s: %+v", body[0], a)
			}
			c.send(get("/yes", "Connection: close\r\n"))
			c.want(200, "got ")
		}
		for _, c := range []struct {
			path, host string
			status     int
		}{{"/no", "t", 403}, {"/yes", "nobody", 404}} {
			client := r.dial(t)
			client.send(expecting(c.path, c.host, "Content-Length: 5000000"))
			if a := client.answer("POST"); a.status != c.status {
				t.Errorf("%v: %+v", c, a)
			}
			client.ends()
		}
		c := r.dial(t)
		c.send(expecting("/yes", "t", "Content-Length: 5") + "hello") // it did not wait
		if a := c.answer("POST"); a.status != 200 || a.body != "got hello" {
			t.Errorf("%+v", a)
		}
	})
}

// A client that announces that it will wait and does not is not waited for either.
func TestBodyThatComesWithItsExpectation(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) { // knows nothing of 100
			for {
				m, err := readMessage(in)
				if err != nil {
					return
				}
				_, _ = io.WriteString(c, sized("got "+m.body))
			}
		})
		r := start(t, k, setup{}, at(s.Addr()))
		for _, pause := range []time.Duration{0, 50 * time.Millisecond, 200 * time.Millisecond} {
			for framing, body := range map[string]string{"Content-Length: 4\r\n": "body", chunkedField: "4\r\nbody\r\n0\r\n\r\n"} {
				var took time.Duration
				for range 10 { // a busy machine may hold up some of them
					c := r.dial(t)
					head := post("Expect: 100-continue\r\n"+framing, "")
					began := time.Now()
					if pause == 0 {
						c.send(head + body)
					} else {
						c.send(head)
						time.Sleep(pause)
						c.send(body)
					}
					if a := c.answer("POST"); a.status != 200 || a.body != "got body" {
						t.Errorf("%q after %v: %+v", framing, pause, a)
					}
					if took = time.Since(began); took <= pause+proxy.ContinueWait/2 {
						break
					}
				}
				if took > pause+proxy.ContinueWait/2 {
					t.Errorf("%q after %v: it took %v", framing, pause, took)
				}
			}
		}
	})
}

// An instance that hints at something before it asks for the body gets the body all the same.
func TestHintsBeforeContinue(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			if _, err := readRequestHead(in); err != nil {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
			time.Sleep(30 * time.Millisecond)
			_, _ = io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n")
			body := make([]byte, 4)
			_, _ = io.ReadFull(in, body)
			_, _ = io.WriteString(c, sized("got "+string(body)))
		})
		r := start(t, k, setup{}, at(s.Addr()))
		c := r.dial(t)
		c.send(post("Expect: 100-continue\r\nContent-Length: 4\r\n", ""))
		for _, want := range []int{103, 100} {
			if a, err := readHead(c.in); err != nil || a.status != want {
				t.Fatalf("%+v %v, want %d", a, err, want)
			}
		}
		c.send("body")
		c.want(200, "got body")
	})
}

// Answers before the answer go on to HTTP/1.1 clients, and not to HTTP/1.0 ones, who do not know them.
func TestInterimAnswers(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			for {
				if _, err := readMessage(in); err != nil {
					return
				}
				_, _ = io.WriteString(c, "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n"+sized("ok"))
			}
		})
		r := start(t, k, setup{loops: 1}, at(s.Addr()))
		c := r.dial(t)
		for range 2 {
			c.send(get("/", ""))
			a := c.want(200, "ok")
			hints := 0
			for _, i := range a.interim {
				if i.status == 103 && i.field("Link") == "</a>" && i.field("X-Hop") == "" {
					hints++
				}
			}
			if hints != 1 || a.field("Link") != "" {
				t.Errorf("interim %+v, answer %+v", a.interim, a)
			}
		}
		old := r.dial(t)
		old.send("GET / HTTP/1.0\r\nHost: t\r\n\r\n")
		if a := old.want(200, "ok"); len(a.interim) > 0 {
			t.Errorf("an HTTP/1.0 client gets %+v", a.interim[0])
		}
		if n := s.Conns(); n != 1 {
			t.Errorf("%d connections, want 1", n)
		}
	})
}

// Answers without a body keep what they say of one, and the connections on both sides go on.
func TestHeadAndAnswersWithoutBody(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			for {
				m, err := readMessage(in)
				if err != nil {
					return
				}
				switch {
				case m.path() == "/204":
					_, _ = io.WriteString(c, "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n")
				case m.path() == "/304":
					_, _ = io.WriteString(c, "HTTP/1.1 304 Not Modified\r\nEtag: \"x\"\r\nContent-Length: 5\r\n\r\n")
				case m.path() == "/chunked":
					_, _ = io.WriteString(c, ok+"Transfer-Encoding: chunked\r\n\r\n")
				case m.method() == "HEAD":
					_, _ = io.WriteString(c, ok+"Content-Length: 5\r\n\r\n")
				case m.path() == "/empty":
					_, _ = io.WriteString(c, ok+"Content-Length: 0\r\n\r\n")
				default:
					_, _ = io.WriteString(c, sized("hello"))
				}
			}
		})
		r := start(t, k, setup{}, at(s.Addr(), "urlprefix-t/"))
		c := r.dial(t)
		for range 2 {
			for _, step := range []struct {
				method, path, body, field, value string
				status                           int
			}{
				{"HEAD", "/", "", "Content-Length", "5", 200}, {"GET", "/", "hello", "Content-Length", "5", 200}, {"GET", "/204", "", "X-A", "b", 204},
				{"GET", "/304", "", "Etag", `"x"`, 304}, {"GET", "/empty", "", "Content-Length", "0", 200}, {"HEAD", "/chunked", "", "X", "", 200}, {"HEAD", "/304", "", "Etag", `"x"`, 304},
			} {
				c.send(step.method + " " + step.path + " HTTP/1.1\r\nHost: t\r\n\r\n")
				a := c.answer(step.method)
				if a.status != step.status || a.body != step.body || a.field(step.field) != step.value {
					t.Errorf("%s %s: %+v", step.method, step.path, a)
				}
				if a.status == 204 && a.field("Content-Length")+a.field("Transfer-Encoding") != "" {
					t.Errorf("a 204 with a length: %q", a.fields)
				}
			}
			c.send("HEAD / HTTP/1.1\r\nHost: nobody\r\n\r\n") // an answer of the proxy's own
			if a := c.answer("HEAD"); a.status != 404 {
				t.Errorf("%+v", a)
			}
		}
		if n := s.Conns(); n != 1 {
			t.Errorf("%d connections, want 1", n)
		}
	})
}

// HTTP/1.0 clients need no Host where a route takes any, get their answer with its end marked in their way, and may ask to stay.
func TestHTTP10(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		r := start(t, k, setup{}, at(echo(t).Addr(), "urlprefix-t/"))
		c := r.dial(t)
		c.send("GET /a HTTP/1.0\r\nHost: t\r\n\r\n")
		c.want(200, `GET /a HTTP/1.1 ["Host: t"] "" []`)
		c.ends()
		c = r.dial(t)
		c.send("GET /none HTTP/1.0\r\n\r\n")
		if a := c.answer("GET"); a.status != 404 && a.status != 400 {
			t.Errorf("without a host: %+v", a)
		}
		c.ends()
		c = r.dial(t)
		c.send("POST /b HTTP/1.0\r\nHost: t\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi")
		a := c.want(200, `POST /b HTTP/1.1 ["Host: t"] "hi" []`)
		if strings.EqualFold(a.field("Connection"), "keep-alive") {
			c.send("GET /c HTTP/1.0\r\nHost: t\r\n\r\n")
			c.want(200, `GET /c HTTP/1.1 ["Host: t"] "" []`)
		}
		c.ends()
	})
}

// Trailers pass both ways, without those that must not be trailers.
func TestTrailers(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		got := make(chan *message, 1)
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			for {
				m, err := readMessage(in)
				if err != nil {
					return
				}
				got <- m
				_, _ = io.WriteString(c, ok+"Transfer-Encoding: chunked\r\nTrailer: X-Down\r\n\r\n2\r\nok\r\n0\r\nX-Down: 1\r\nSet-Cookie: no\r\nContent-Length: 7\r\nTransfer-Encoding: gzip\r\n\r\n")
			}
		})
		r := start(t, k, setup{}, at(s.Addr()))
		c := r.dial(t)
		c.send("POST /t HTTP/1.1\r\nHost: t\r\nTE: trailers\r\nTrailer: X-Up\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Up: 2\r\nHost: evil\r\nContent-Length: 3\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n")
		a := c.want(200, "ok")
		if fmt.Sprintf("%q", a.trailer) != `["X-Down: 1"]` {
			t.Errorf("down: %q", a.trailer)
		}
		if m := <-got; fmt.Sprintf("%q", m.trailer) != `["X-Up: 2"]` || m.body != "x" {
			t.Errorf("up: %+v", m)
		}
	})
}

// Events arrive one by one, as they are sent.
func TestServerSentEvents(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		next := make(chan struct{})
		app := fixture.Serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for i := range 5 {
				fmt.Fprintf(w, "data: %d\n\n", i)
				w.(http.Flusher).Flush()
				select {
				case <-next:
				case <-r.Context().Done():
					return
				}
			}
		})
		r := start(t, k, setup{}, at(app))
		c := r.dial(t)
		c.send(get("/events", "Accept: text/event-stream\r\n"))
		if head, err := readHead(c.in); err != nil || head.field("Content-Type") != "text/event-stream" {
			t.Fatalf("%+v %v", head, err)
		}
		for i := range 5 {
			chunk := fmt.Sprintf("9\r\ndata: %d\n\n\r\n", i)
			buf := make([]byte, len(chunk))
			if _, err := io.ReadFull(c.in, buf); err != nil || string(buf) != chunk {
				t.Fatalf("event %d: %q %v", i, buf, err)
			}
			time.Sleep(5 * time.Millisecond)
			next <- struct{}{}
		}
		if end, err := c.in.ReadString('\n'); err != nil || end != "0\r\n" {
			t.Errorf("the end is %q %v", end, err)
		}
	})
}
