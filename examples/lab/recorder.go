package lab

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Call is one request that a Recorder has seen.
type Call struct {
	Method, Path, Query string
	Body                string // of a write, its beginning
	At                  time.Time
}

// maxBody is more than any registration of a test has.
const maxBody = 64 << 10

// About says whether a write speaks of something, in its path or its body.
func (c Call) About(text string) bool {
	return strings.Contains(c.Path, text) || strings.Contains(c.Body, text)
}

// reads keeps a copy of what a write begins with.
func (c *Call) reads(req *http.Request) {
	if c.read() || req.Body == nil {
		return
	}
	head, _ := io.ReadAll(io.LimitReader(req.Body, maxBody))
	c.Body = string(head)
	rest := req.Body
	req.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), rest), rest}
}

func (c Call) read() bool { return c.Method == http.MethodGet || c.Method == http.MethodHead }

// Recorder is an HTTP proxy before Consul or the Docker socket that writes down every request. Streams (events, blocking
// queries) pass through as they come.
type Recorder struct {
	Address string // host:port, or a path

	mu     sync.Mutex
	calls  []Call
	answer func(http.ResponseWriter, *http.Request) bool
}

// Record starts a Recorder before a TCP address.
func Record(t testing.TB, to string) *Recorder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return record(t, l, "tcp", to)
}

// RecordUnix starts a Recorder before a Unix socket, on a Unix socket.
func RecordUnix(t testing.TB, to string) *Recorder {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "rec")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "sock"))
	if err != nil {
		t.Fatal(err)
	}
	return record(t, l, "unix", to)
}

func record(t testing.TB, l net.Listener, network, to string) *Recorder {
	r := &Recorder{Address: l.Addr().String()}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, to)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(p *httputil.ProxyRequest) { p.Out.URL.Scheme, p.Out.URL.Host = "http", "recorded" },
		Transport:     &http.Transport{DialContext: dial, DisableCompression: true},
		FlushInterval: -1, // events must not wait for a buffer to fill
		ErrorLog:      log.New(io.Discard, "", 0),
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		call := Call{Method: req.Method, Path: req.URL.Path, Query: req.URL.RawQuery, At: time.Now()}
		call.reads(req)
		r.mu.Lock()
		r.calls = append(r.calls, call)
		answer := r.answer
		r.mu.Unlock()
		if answer == nil || !answer(w, req) {
			proxy.ServeHTTP(w, req)
		}
	})}}
	server.Start()
	t.Cleanup(func() { server.CloseClientConnections(); server.Config.Close() })
	return r
}

// Answer lets a function answer in place of the real part: it returns false to let a request through. Nil ends that.
func (r *Recorder) Answer(f func(http.ResponseWriter, *http.Request) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

// Calls returns what has come since, for which keep says yes (all for nil).
func (r *Recorder) Calls(since time.Time, keep func(Call) bool) []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []Call
	for _, c := range r.calls {
		if c.At.After(since) && (keep == nil || keep(c)) {
			list = append(list, c)
		}
	}
	return list
}

// Writes are the calls since a moment that change something: all but GET and HEAD.
func (r *Recorder) Writes(since time.Time) []Call {
	return r.Calls(since, func(c Call) bool { return !c.read() })
}
