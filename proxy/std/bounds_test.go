package std

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/listen"
)

func greeting(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }

func dial(t *testing.T, address string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(time.Minute))
	return c, bufio.NewReader(c)
}

// ask sends a GET and returns the answer's status, 0 for none.
func ask(c net.Conn, br *bufio.Reader) int {
	io.WriteString(c, fixture.Get("/", ""))
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// Whoever comes when there is no room is told so, those who were there are served on, and there is room again when one of them leaves.
func TestCrowdedIsToldSo(t *testing.T) {
	r := newRig(t, rigOptions{Limits: proxy.Limits{Conns: 2}}, fixture.At(fixture.Serve(t, greeting)))
	first, firstReader := dial(t, r.addr)
	second, secondReader := dial(t, r.addr)
	if a, b := ask(first, firstReader), ask(second, secondReader); a != 200 || b != 200 {
		t.Fatal(a, b)
	}
	third, thirdReader := dial(t, r.addr)
	if code := ask(third, thirdReader); code != 503 {
		t.Errorf("the third got %d", code)
	}
	if code := ask(first, firstReader); code != 200 {
		t.Errorf("the first got %d", code)
	}
	second.Close()
	for until := time.Now().Add(time.Minute); ; {
		c, br := dial(t, r.addr)
		if ask(c, br) == 200 {
			break
		}
		if time.Now().After(until) {
			t.Fatal("there is no room though one has left")
		}
	}
}

// While descriptors are short new connections wait, and open ones are served.
func TestShortOfDescriptors(t *testing.T) {
	r := newRig(t, rigOptions{}, fixture.At(fixture.Serve(t, greeting)))
	c, br := dial(t, r.addr)
	if ask(c, br) != 200 {
		t.Fatal("no answer")
	}
	r.server.listen.Files.Add(1 << 40)
	late, lateReader := dial(t, r.addr) // by chance it is the one that accepting waited for already
	last, lastReader := dial(t, r.addr)
	io.WriteString(last, fixture.Get("/", ""))
	last.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if b, err := lastReader.ReadByte(); err == nil {
		t.Errorf("served without a descriptor to spare: %q", b)
	}
	if ask(c, br) != 200 {
		t.Error("an open connection is not served")
	}
	r.server.listen.Files.Add(-1 << 40)
	last.SetReadDeadline(time.Now().Add(time.Minute))
	if line, err := lastReader.ReadString('\n'); err != nil || !strings.Contains(line, " 200 ") || ask(late, lateReader) != 200 {
		t.Errorf("%q %v", line, err)
	}
}

// A body that trickles in too slowly ends with 408, however little it stands still; one that keeps the pace goes through.
func TestBodyRate(t *testing.T) {
	r := newRig(t, rigOptions{Limits: proxy.Limits{Progress: 2 * time.Second, MinBodyRate: 1000}},
		fixture.At(fixture.Serve(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })))
	for name, c := range map[string]struct {
		head  string
		piece string
		want  string
	}{
		"small":       {"Content-Length: 100\r\n", "x", " 408 "},
		"large":       {"Content-Length: 100000\r\n", "x", " 408 "},
		"chunked":     {"Transfer-Encoding: chunked\r\n", "1\r\nx\r\n", " 408 "},
		"fast enough": {"Content-Length: 80000\r\n", strings.Repeat("x", 1000), " 200 "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, br := dial(t, r.addr)
			io.WriteString(conn, post(c.head, ""))
			done := make(chan struct{})
			defer close(done)
			go func() {
				for range 80 {
					select {
					case <-done:
						return
					case <-time.After(50 * time.Millisecond):
						io.WriteString(conn, c.piece)
					}
				}
			}()
			if line, err := br.ReadString('\n'); err != nil || !strings.Contains(line, c.want) {
				t.Errorf("%q %v, want %s", line, err, c.want)
			}
		})
	}
}

// An instance has no more connections than it may have: who comes then is told to come again.
func TestUpstreamConnectionsAreBounded(t *testing.T) {
	hold := make(chan struct{})
	arrived := make(chan struct{}, 8)
	r := newRig(t, rigOptions{Limits: proxy.Limits{UpstreamConns: 1}}, fixture.At(fixture.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-hold
	})))
	first, firstReader := dial(t, r.addr)
	io.WriteString(first, fixture.Get("/", ""))
	<-arrived
	second, secondReader := dial(t, r.addr)
	if code := ask(second, secondReader); code != 503 {
		t.Errorf("the second got %d", code)
	}
	close(hold)
	if line, err := firstReader.ReadString('\n'); err != nil || !strings.Contains(line, " 200 ") {
		t.Errorf("%q %v", line, err)
	}
	if code := ask(second, secondReader); code != 200 {
		t.Errorf("the second got %d when the first had its answer", code)
	}
}

// A connection that another listener began is served from the bytes that were read.
func TestTakeServesFromWhatWasRead(t *testing.T) {
	r := newRig(t, rigOptions{}, fixture.At(fixture.Serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RequestURI) })))
	for name, c := range map[string]struct{ read, follows string }{
		"nothing": {"", fixture.Get("/a", "") + fixture.Get("/b", "")},
		"half":    {fixture.Get("/a", "")[:7], fixture.Get("/a", "")[7:] + fixture.Get("/b", "")},
		"one":     {fixture.Get("/a", ""), fixture.Get("/b", "")},
		"two":     {fixture.Get("/a", "") + fixture.Get("/b", ""), ""},
	} {
		conn, br := handOver(t, r.server, c.read)
		io.WriteString(conn, c.follows)
		for _, want := range []string{"/a", "/b"} {
			resp, err := http.ReadResponse(br, nil)
			if code, body := read(t, resp, err); code != 200 || body != want {
				t.Errorf("%s: %d %q, want %q", name, code, body, want)
			}
		}
	}
}

// So is one that turns out to speak HTTP/2.
func TestTakeServesHTTP2(t *testing.T) {
	r := newRig(t, rigOptions{}, fixture.At(fixture.Serve(t, greeting)))
	const preface, settings = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	for _, cut := range []int{3, len(preface), len(preface + settings)} {
		conn, br := handOver(t, r.server, (preface + settings)[:cut])
		io.WriteString(conn, (preface + settings)[cut:])
		frame := make([]byte, 9)
		if _, err := io.ReadFull(br, frame); err != nil || frame[3] != 4 { // SETTINGS
			t.Errorf("after %d bytes: %v %v", cut, frame, err)
		}
	}
}

// handOver is a client's side of a connection from which bytes were read before the server took it.
func handOver(t *testing.T, s *Server, bytes string) (net.Conn, *bufio.Reader) {
	t.Helper()
	l := onLoopback(t)
	defer l.Close()
	c, br := dial(t, l.Addr().String())
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s.TakeOver(accepted, []byte(bytes), listen.Listener{})
	return c, br
}

// HTTP spoken to the HTTPS port is told so.
func TestHTTPOnTheHTTPSPort(t *testing.T) {
	r := newRig(t, rigOptions{TLS: serverTLS(t)}, fixture.At(fixture.Serve(t, greeting)))
	c, br := dial(t, r.tlsAddr)
	if code := ask(c, br); code != 400 {
		t.Errorf("got %d", code)
	}
	secure, err := tls.Dial("tcp", r.tlsAddr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer secure.Close()
	if code := ask(secure, bufio.NewReader(secure)); code != 200 {
		t.Errorf("got %d over TLS", code)
	}
}
