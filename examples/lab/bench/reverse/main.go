// Command reverse is the standard library's reverse proxy with nothing around it, as the benchmark's measure of what net/http
// costs.
package main

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"sync"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "`ADDRESS` to serve")
	to := flag.String("to", "", "`ADDRESS` of the upstream")
	fields := flag.Bool("fields", false, "set the forwarding fields")
	access := flag.String("access-log", "", "`FILE` for a log in the combined format; none when empty")
	flag.Parse()
	var h http.Handler = &httputil.ReverseProxy{
		// As many kept connections as any case has clients; the default of 2 would measure connects.
		Transport: &http.Transport{MaxIdleConnsPerHost: 1024, DisableCompression: true},
		Rewrite:   rewrite(*to, *fields),
	}
	if *access != "" {
		f, err := os.Create(*access)
		if err != nil {
			fail(err)
		}
		h = logged(h, f)
	}
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		fail(err)
	}
	fail(http.Serve(l, h))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "reverse:", err)
	os.Exit(1)
}

func rewrite(to string, fields bool) func(*httputil.ProxyRequest) {
	return func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = "http", to
		if !fields {
			return
		}
		r.SetXForwarded()
		client, _, _ := net.SplitHostPort(r.In.RemoteAddr)
		var id [16]byte
		_, _ = rand.Read(id[:])
		r.Out.Header.Set("X-Real-IP", client)
		r.Out.Header.Set("X-Request-ID", hex.EncodeToString(id[:]))
		r.Out.Header.Set("Forwarded", "for="+client+";host="+r.In.Host+";proto=http")
		r.Out.Host = r.In.Host
	}
}

// logInterval is how long a line may wait in the buffer, as in nginx's configuration.
const logInterval = time.Second

// logged writes a line per request through a buffer of 64 KiB.
func logged(h http.Handler, f *os.File) http.Handler {
	var mu sync.Mutex
	w := bufio.NewWriterSize(f, 64<<10)
	go func() {
		for range time.Tick(logInterval) {
			mu.Lock()
			_ = w.Flush()
			mu.Unlock()
		}
	}()
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		counted := &counter{ResponseWriter: rw, status: http.StatusOK}
		h.ServeHTTP(counted, r)
		client, _, _ := net.SplitHostPort(r.RemoteAddr)
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(w, "%s - - [%s] \"%s %s %s\" %d %d %q %q\n", client, time.Now().Format("02/Jan/2006:15:04:05 -0700"),
			r.Method, r.RequestURI, r.Proto, counted.status, counted.bytes, r.Referer(), r.UserAgent())
	})
}

// counter notes what was answered.
type counter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (c *counter) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.bytes += int64(n)
	return n, err
}

func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }
