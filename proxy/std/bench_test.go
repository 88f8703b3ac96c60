package std

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// BenchmarkProxy is the whole way over loopback: a client, the proxy, an instance. Client and instance are bare sockets that allocate
// nothing, so that the allocations are the proxy's; cpu-µs/op is of all three, the same two in each case. ReverseProxy is the standard
// library's behind the same kind of server.
func BenchmarkProxy(b *testing.B) {
	for _, work := range []struct {
		name         string
		post, answer int
	}{{"GET-28B", 0, 28}, {"POST-1KiB", 1 << 10, 28}, {"GET-64KiB", 0, 64 << 10}} {
		app := fixture.Play(b, func(_ int64, c *net.TCPConn, br *bufio.Reader) { repeatAnswer(c, br, work.post, work.answer) })
		b.Run(work.name+"/pointsman", func(b *testing.B) {
			rig := newRig(b, rigOptions{}, fixture.At(app.Addr()))
			load(b, rig.addr, work.post, work.answer)
		})
		b.Run(work.name+"/ReverseProxy", func(b *testing.B) {
			load(b, reverseProxy(b, app.Addr()).String(), work.post, work.answer)
		})
	}
}

// reverseProxy serves the standard library's proxy, with as many idle connections as the load uses.
func reverseProxy(b *testing.B, instance net.Addr) net.Addr {
	transport := &http.Transport{MaxIdleConnsPerHost: 1024, DisableCompression: true}
	b.Cleanup(transport.CloseIdleConnections)
	to := &url.URL{Scheme: "http", Host: instance.String()}
	bare := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to); r.SetXForwarded() }}
	return fixture.Serve(b, bare.ServeHTTP)
}

// repeatAnswer answers requests of one kind until the connection ends.
func repeatAnswer(c net.Conn, br *bufio.Reader, post, answer int) {
	text := append(fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n", answer), bytes.Repeat([]byte{'x'}, answer)...)
	for skipMessage(br, post) == nil {
		if _, err := c.Write(text); err != nil {
			return
		}
	}
}

// skipMessage reads a head and a body of n bytes.
func skipMessage(br *bufio.Reader, n int) error {
	for {
		line, err := br.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == len("\r\n") {
			break
		}
	}
	_, err := br.Discard(n)
	return err
}

// clientsPerCore keep the proxy busy without a queue of requests before it.
const clientsPerCore = 8

// load measures keep-alive clients in a closed loop.
func load(b *testing.B, address string, post, answer int) {
	request := []byte("GET /some/path?q=1 HTTP/1.1\r\nHost: example.com\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n")
	if post > 0 {
		request = append(fmt.Appendf(nil, "POST /some/path?q=1 HTTP/1.1\r\nHost: example.com\r\nUser-Agent: bench\r\nAccept: */*\r\nContent-Length: %d\r\n\r\n", post),
			bytes.Repeat([]byte{'y'}, post)...)
	}
	var failed atomic.Pointer[error]
	b.ReportAllocs()
	b.SetParallelism(clientsPerCore)
	b.ResetTimer()
	before := cpuTime(b)
	b.RunParallel(func(pb *testing.PB) {
		c, err := net.Dial("tcp", address)
		if err == nil {
			defer c.Close()
			br := bufio.NewReader(c)
			for err == nil && pb.Next() {
				if _, err = c.Write(request); err == nil {
					err = skipMessage(br, answer)
				}
			}
		}
		if err != nil {
			failed.Store(&err)
		}
	})
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
	if err := failed.Load(); err != nil {
		b.Error(*err)
	}
}

// cpuTime is what this process has used so far.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
