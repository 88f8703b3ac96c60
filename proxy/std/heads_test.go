package std

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// clear2 is a client that speaks HTTP/2 by prior knowledge.
func clear2(t *testing.T) *http.Client {
	tr := &http.Transport{Protocols: new(http.Protocols), DisableCompression: true}
	tr.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: time.Minute}
}

// Over HTTP/2 an answer's head says what was concluded about its body, and not what a field says that does not count (RFC 9112 section 6.3).
func TestHTTP2AnswerHeadFollowsTheFraming(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	answers := map[string]struct { // net/http counts what is shorter than its buffer
		method, answer string
		status         int
		length, body   string
	}{
		"/length":           {"GET", ok + "Content-Length: 2\r\n\r\nok", 200, "2", "ok"},
		"/coding-wins":      {"GET", ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, "2", "ok"},
		"/coding-first":     {"GET", ok + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, "2", "ok"},
		"/head":             {"HEAD", ok + "Content-Length: 5\r\n\r\n", 200, "5", ""},
		"/head-coding-wins": {"HEAD", ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 200, "", ""},
		"/not-modified":     {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, "5", ""},
		"/no-content":       {"GET", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, "", ""},
		"/interim":          {"GET", "HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\nLink: </a>\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nok", 200, "2", "ok"},
	}
	s := fixture.Play(t, func(_ int64, c *net.TCPConn, br *bufio.Reader) {
		for {
			head, err := fixture.ReadMessage(br)
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, answers[strings.Fields(head)[1]].answer)
		}
	})
	r := newRig(t, rigOptions{}, fixture.At(s.Addr()))
	h2 := clear2(t)
	for path, want := range answers {
		req, _ := http.NewRequest(want.method, r.url(path), nil)
		resp, err := h2.Do(req)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		var body []byte
		if want.status != 304 { // net/http misses the body there that a length stands for
			body, err = io.ReadAll(resp.Body)
		}
		resp.Body.Close()
		if err != nil || resp.StatusCode != want.status || string(body) != want.body || resp.Header.Get("Content-Length") != want.length {
			t.Errorf("%s: %d, length %q, body %q %v, want %+v", path, resp.StatusCode, resp.Header.Get("Content-Length"), body, err, want)
		}
	}
}

// A length of nothing that a client sent over HTTP/2 reaches the instance, as a signature may cover it; one that was not sent is not made up.
func TestHTTP2RequestKeepsItsLengthOfNothing(t *testing.T) {
	got := make(chan string, 1)
	s := fixture.Play(t, func(_ int64, c *net.TCPConn, br *bufio.Reader) {
		for {
			head, err := fixture.ReadMessage(br)
			if err != nil {
				return
			}
			got <- head
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	r := newRig(t, rigOptions{}, fixture.At(s.Addr()))
	for _, method := range []string{"GET", "HEAD", "DELETE", "OPTIONS", "PROPFIND", "REPORT", "PUT"} {
		for _, length := range []string{"", "0"} {
			conn, _ := dial(t, r.addr)
			request2(t, conn, method, length)
			want := length == "0" || method == "PUT"
			if head := <-got; strings.Contains(head, "\r\nContent-Length: 0\r\n") != want || strings.Contains(head, "Transfer-Encoding") {
				t.Errorf("%s with length %q becomes %q", method, length, head)
			}
		}
	}
}

// request2 sends a request without a body over HTTP/2, with a Content-Length field unless it is "".
func request2(t *testing.T, conn net.Conn, method, length string) {
	t.Helper()
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	for _, f := range [][2]string{{":method", method}, {":scheme", "http"}, {":authority", "t"}, {":path", "/"}, {"content-length", length}} {
		if f[1] != "" {
			_ = enc.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
		}
	}
	_, _ = io.WriteString(conn, http2.ClientPreface)
	framer := http2.NewFramer(conn, nil)
	_ = framer.WriteSettings()
	if err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndStream: true, EndHeaders: true}); err != nil {
		t.Fatal(err)
	}
}
