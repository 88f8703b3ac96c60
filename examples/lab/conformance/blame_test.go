package conformance

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// logged collects what a listener says.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) lines(with string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, with) {
			n++
		}
	}
	return n
}

// What an instance did wrong stands in the log at the default level, once in a while for each instance and reason, and in a metric.
func TestWhyAnAnswerIsRefused(t *testing.T) {
	every(t, func(t *testing.T, k *kind) {
		for reason, answer := range map[string]string{
			"more than one Transfer-Encoding field":                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			"malformed status line":                                "HTTP/1.1 OK\r\n\r\n",
			"header too large":                                     "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", 70<<10) + "\r\n\r\n",
			"unexpected 101 response":                              "HTTP/1.1 101 Go\r\nUpgrade: x\r\n\r\n",
			"the connection was closed within the response header": "HTTP/1.1 200 OK\r\nA: ",
			"the connection was closed before a response":          "",
		} {
			part(t, reason, func(t testing.TB) {
				app := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
					if _, err := readMessage(in); err == nil {
						_, _ = io.WriteString(c, answer)
						_ = c.CloseWrite()
						_, _ = io.Copy(io.Discard, in)
					}
				})
				said := &logged{}
				r := start(t, k, setup{log: zerolog.New(said).Level(zerolog.InfoLevel), limits: limits{Answer: 5 * time.Second}}, at(app.Addr()))
				const requests = 2 // a third one in a row would find it ejected
				for range requests {
					c := r.dial(t)
					c.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n")
					if got := c.answer("POST"); got.status != 502 && got.status != 503 {
						t.Errorf("%d %s", got.status, got.body)
					}
				}
				if n := said.lines(reason); n != 1 {
					t.Errorf("%d lines: %s", n, said.text.String())
				}
				sum := 0.0
				for _, label := range []string{reason, "unexpected 101 response, or too many 1xx responses"} {
					sum += r.counter("pointsman_upstream_failures_total", label)
				}
				if sum < 1 {
					t.Errorf("%v failures are counted", sum)
				}
			})
		}
	})
}
