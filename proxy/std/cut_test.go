package std

import (
	"bufio"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy"
)

// An answer that ends with its connection and is cut as draining ends is reset, or it would look complete.
func TestCutByDrainShowsToAnOldClient(t *testing.T) {
	s := fixture.Play(t, func(_ int64, c *net.TCPConn, br *bufio.Reader) {
		fixture.ReadMessage(br)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
		br.ReadByte()
	})
	r := newRig(t, rigOptions{Limits: proxy.Limits{Grace: 100 * time.Millisecond}}, fixture.At(s.Addr()))
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	io.WriteString(c, "GET / HTTP/1.0\r\nHost: t\r\n\r\n")
	br := bufio.NewReader(c)
	if _, err := fixture.ReadMessage(br); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(br, make([]byte, len("hello"))); err != nil {
		t.Fatal(err)
	}
	r.stop()
	if _, err := br.ReadByte(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("%v: looks complete", err)
	}
}
