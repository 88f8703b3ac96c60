package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// listener is an instance that writes down, byte for byte, what a proxy sends on, and answers each whole request.
type listener struct {
	net.Listener
	mu    sync.Mutex
	conns []*bytes.Buffer
	whole int // complete requests
}

func listen(t testing.TB) *listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	all := &listener{Listener: l}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go all.serve(c)
		}
	}()
	return all
}

func (l *listener) serve(c net.Conn) {
	defer c.Close()
	seen := new(bytes.Buffer)
	l.mu.Lock()
	l.conns = append(l.conns, seen)
	l.mu.Unlock()
	in := bufio.NewReader(io.TeeReader(c, lockedWriter{&l.mu, seen}))
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if req.URL.Path == "/early" {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly")
			_, _ = io.Copy(io.Discard, req.Body) // what else comes is its body
			continue
		}
		if _, err = io.Copy(io.Discard, req.Body); err != nil {
			return
		}
		l.mu.Lock()
		l.whole++
		l.mu.Unlock()
		if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); err != nil {
			return
		}
	}
}

type lockedWriter struct {
	mu *sync.Mutex
	to io.Writer
}

func (w lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
}

// take returns what came since the last time, and how many requests were whole.
func (l *listener) take() (texts []string, whole int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		if c.Len() > 0 {
			texts = append(texts, c.String())
			c.Reset()
		}
	}
	whole, l.whole = l.whole, 0
	return texts, whole
}

// dirt lists what is wrong with bytes that were sent on.
func dirt(text string) (list []string) {
	head, _, _ := strings.Cut(text, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	note := func(bad bool, what string) {
		if bad {
			list = append(list, what)
		}
	}
	parts := strings.Split(lines[0], " ")
	note(len(parts) != 3 || parts[2] != "HTTP/1.1", "request line")
	note(len(parts) > 1 && !strings.HasPrefix(parts[1], "/") && parts[1] != "*", "target")
	note(strings.ContainsFunc(head, func(r rune) bool { return r < ' ' && r != '\r' && r != '\n' && r != '\t' || r > '~' }), "control or 8-bit byte")
	note(strings.ContainsAny(strings.Join(lines, ""), "\r\n"), "bare CR or LF")
	fields := map[string][]string{}
	for _, line := range lines[1:] {
		name, value, found := strings.Cut(line, ":")
		note(!found || strings.ContainsAny(name, " _"), "field name "+name)
		fields[strings.ToLower(name)] = append(fields[strings.ToLower(name)], strings.TrimSpace(value))
	}
	note(len(fields["host"]) != 1, "hosts")
	coding, length := fields["transfer-encoding"], fields["content-length"]
	note(len(coding)+len(length) > 1 || len(coding) == 1 && coding[0] != "chunked", "framing")
	for _, name := range []string{"proxy", "keep-alive", "proxy-connection", "http2-settings", "x-hop", "x-smuggled", "te", "upgrade"} {
		note(fields[name] != nil, name)
	}
	return list
}

// talk sends bytes, and the rest of them a little later where a pause is marked, and reads what comes until the connection
// ends or has been silent.
func talk(t testing.TB, address, send string, patience time.Duration) (codes []int, ended bool) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	first, rest, paused := strings.Cut(send, pause)
	_, _ = io.WriteString(c, first)
	if paused {
		time.Sleep(50 * time.Millisecond)
		_, _ = io.WriteString(c, rest)
	}
	in := bufio.NewReader(c)
	for {
		wait := patience
		if len(codes) == 0 { // each is answered at least once
			wait = time.Minute
		}
		_ = c.SetReadDeadline(time.Now().Add(wait))
		if _, err := in.Peek(1); err != nil {
			return codes, !errors.Is(err, os.ErrDeadlineExceeded)
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			return append(codes, -1), true
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			return append(codes, -1), true
		}
		codes = append(codes, resp.StatusCode)
	}
}

func TestMalformedRequests(t *testing.T) {
	y := openYard(t)
	l := listen(t)
	y.list(&instance{service: "web", port: l.Addr().(*net.TCPAddr).Port})
	y.sees("web", 1)
	filled := strings.NewReplacer("<smug>", smuggled, "<len>", strconv.Itoa(len(smuggled)), "<len+5>", strconv.Itoa(len(smuggled)+len("0\r\n\r\n")))
	for _, c := range malformed {
		t.Run(c.name, func(t *testing.T) {
			patience := 100 * time.Millisecond
			if c.ends {
				patience = time.Minute
			}
			codes, ended := talk(t, y.proxy.Proxy, filled.Replace(c.send), patience)
			time.Sleep(20 * time.Millisecond) // what went on arrives
			texts, whole := l.take()
			lab.Within(time.Minute, func() bool { // what must have gone on does
				if strings.Contains(strings.Join(texts, ""), c.contains) {
					return true
				}
				more, n := l.take()
				texts, whole = append(texts, more...), whole+n
				return false
			})
			if len(codes) == 0 || !slices.Contains(c.codes, codes[0]) || len(codes) > max(1, c.whole) {
				t.Errorf("answers %v, want one of %v (at most %d)", codes, c.codes, max(1, c.whole))
			}
			if c.ends && !ended {
				t.Errorf("the connection stays open")
			}
			if whole > c.whole {
				t.Errorf("%d requests went on, want at most %d: %q", whole, c.whole, texts)
			}
			for _, text := range texts {
				if list := dirt(text); len(list) > 0 {
					t.Errorf("went on with %v: %q", list, text)
				}
			}
			if c.contains != "" && !strings.Contains(strings.Join(texts, ""), c.contains) {
				t.Errorf("want %q in what went on: %q", c.contains, texts)
			}
		})
	}
}
