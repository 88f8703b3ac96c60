package std

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/routing"
)

// A body that has outgrown what is kept of it, while the next instance is being connected to, is not sent without its beginning.
func TestBodyOutgrowsWhatIsKeptBetweenAttempts(t *testing.T) {
	const first = proxy.ReplayBytes - 1<<10
	var conns atomic.Int64
	whole := make(chan int, 4)
	play := func(_ int64, c *net.TCPConn, br *bufio.Reader) {
		n := conns.Add(1)
		req, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		if n == 1 {
			io.CopyN(io.Discard, req.Body, first)
			c.SetLinger(0)
			return
		}
		if body, err := io.ReadAll(req.Body); err == nil {
			whole <- len(body)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	}
	one, two := fixture.Play(t, play), fixture.Play(t, play)
	again, goOn := make(chan struct{}), make(chan struct{})
	var dials atomic.Int64
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials.Add(1) == 2 {
			close(again)
			<-goOn
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	r := newRig(t, rigOptions{Options: Options{Dial: dial}, Timeouts: routing.Timeouts{Connect: time.Minute}}, fixture.At(one.Addr()), fixture.At(two.Addr()))
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	chunk := func(n int) { fmt.Fprintf(c, "%x\r\n%s\r\n", n, strings.Repeat("x", n)) }
	io.WriteString(c, "PUT / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
	chunk(first)
	<-again
	chunk(8 << 10)
	time.Sleep(500 * time.Millisecond) // it is read
	close(goOn)
	io.WriteString(c, "0\r\n\r\n")
	got, err := fixture.ReadMessage(bufio.NewReader(c))
	if err != nil || !strings.HasPrefix(got, "HTTP/1.1 502 ") {
		t.Errorf("%q %v", got, err)
	}
	if len(whole) > 0 {
		t.Errorf("an instance took %d bytes for the body", <-whole)
	}
}
