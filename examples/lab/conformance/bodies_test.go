package conformance

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// largeBody is what is sent each way.
func largeBody() int {
	if lab.Long() {
		return 1 << 30
	}
	return 64 << 20
}

// Large bodies pass both ways at once, byte for byte, in memory that does not grow with them.
func TestLargeBodies(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		size := largeBody()
		a := startAlone(t, k, work{To: startApp(t).addr.String()})
		c := a.dial(t)
		c.send(get("/slow/0", ""))
		c.want(200, "ok")
		before, _ := a.memory(t)
		for _, framing := range []string{"sized", "chunked"} {
			if err := c.passes(framing, size); err != nil {
				t.Fatalf("%s: %v", framing, err)
			}
		}
		_, peak := a.memory(t)
		t.Logf("%d MiB both ways, twice: from %d to at most %d KiB in memory", size>>20, before>>10, peak>>10)
		if grown := peak - before; grown > 24<<20 && !lab.Raced {
			t.Errorf("memory grew by %d MiB", grown>>20)
		}
	})
}

// passes sends n bytes up and reads n bytes down, of which the content is known.
func (c *conn) passes(framing string, n int) error { return c.passesOn("t", framing, n) }

func (c *conn) passesOn(host, framing string, n int) error {
	c.wait(5 * time.Minute)
	head := fmt.Sprintf("POST /big/%d?%s HTTP/1.1\r\nHost: %s\r\n", n, framing, host)
	sent := make(chan error, 1)
	go func() {
		if framing == "sized" {
			c.send(fmt.Sprintf("%sContent-Length: %d\r\n\r\n", head, n))
			_, err := io.Copy(c.Conn, stream(1, n))
			sent <- err
			return
		}
		c.send(head + chunkedField + "\r\n")
		sent <- sendChunks(c, stream(1, n))
	}()
	a, err := readHead(c.in)
	if err != nil {
		return err
	}
	if err := <-sent; err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if a.status != 200 || a.field("X-Got") != strconv.Itoa(n) {
		return fmt.Errorf("%+v", a)
	}
	var body io.Reader = io.LimitReader(c.in, int64(n))
	if a.field("Transfer-Encoding") == "chunked" {
		body = &chunks{in: c.in}
	}
	return same(body, stream(uint64(n), n))
}

// sendChunks sends a body in chunks of all sizes.
func sendChunks(to io.Writer, body io.Reader) error {
	buf := make([]byte, 200_000)
	for i := 1; ; i++ {
		n, err := io.ReadFull(body, buf[:1+i*7919%len(buf)])
		if n > 0 {
			if _, err := fmt.Fprintf(to, "%x\r\n%s\r\n", n, buf[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			_, err := io.WriteString(to, "0\r\n\r\n")
			return err
		}
	}
}

// chunks reads a chunked body as it comes.
type chunks struct {
	in   *bufio.Reader
	left int64
	err  error
}

func (c *chunks) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if c.left == 0 {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return 0, noEnd(err)
		}
		if c.left, err = strconv.ParseInt(strings.TrimSuffix(line, "\r\n"), 16, 64); err != nil {
			return 0, err
		}
		if c.left == 0 {
			c.err = io.EOF
			_, err := c.in.Discard(2)
			if err != nil {
				c.err = err
			}
			return 0, c.err
		}
	}
	n, err := c.in.Read(p[:min(int64(len(p)), c.left)])
	if c.left -= int64(n); c.left == 0 && err == nil {
		_, err = c.in.Discard(2)
	}
	return n, noEnd(err)
}

// A client that does not read, and an instance that does not, hold the other side back: what lies between is bounded.
func TestBackPressure(t *testing.T) {
	const conns, each = 32, 64 << 10
	one(t, func(t testing.TB, k *kind) {
		over := make(chan struct{})
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			_ = c.SetReadBuffer(4 << 10)
			m, err := readRequestHead(in)
			if err != nil {
				return
			}
			if m.method() == "GET" {
				_, _ = io.WriteString(c, ok+"Content-Length: 1000000000\r\n\r\n")
				for piece := make([]byte, 1<<16); err == nil; {
					_, err = c.Write(piece)
				}
				return
			}
			<-over // never reads the body
		})
		t.Cleanup(func() { close(over) })
		a := startAlone(t, k, work{To: s.Addr().String()})
		quick := a.dial(t)
		before, _ := a.memory(t)
		for i := range conns {
			c := a.dial(t)
			_ = c.tcp.SetReadBuffer(4 << 10)
			if i%2 == 0 {
				c.send(get("/", "")) // and never reads
			} else {
				c.send(post("Content-Length: 1000000000\r\n", ""))
				go c.send(strings.Repeat("x", 8<<20))
			}
		}
		time.Sleep(700 * time.Millisecond)
		const most = 150 * time.Millisecond
		used := a.rests(t, 500*time.Millisecond, most)
		after, _ := a.memory(t)
		t.Logf("%d KiB for each connection that stands still", (after-before)>>10/conns)
		// The first connections of all grow the process once.
		if grown := after - before; grown > 8<<20+conns*each && !lab.Raced {
			t.Errorf("memory grew by %d KiB for %d connections", grown>>10, conns)
		}
		if used > most {
			t.Errorf("%v of CPU in half a second in which nothing moves", used)
		}
		_ = quick.tcp.Close()
	})
}

// Readers and writers that are slow, but not too slow, get everything.
func TestSlowReadersAndWriters(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		const size = 4 << 20
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			_ = c.SetReadBuffer(256 << 10)
			for {
				m, err := readRequestHead(in)
				if err != nil {
					return
				}
				if m.method() == "GET" {
					_, _ = io.WriteString(c, ok+chunkedField+"\r\n")
					_ = sendChunks(c, stream(2, size))
					continue
				}
				if err := same(&drip{r: io.LimitReader(in, size)}, stream(1, size)); err != nil {
					t.Errorf("up: %v", err)
				}
				_, _ = io.WriteString(c, sized("ok"))
			}
		})
		r := start(t, k, setup{}, at(s.Addr()))
		sideBySide(8, func(i int) {
			c, err := r.tryDial(t)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.tcp.Close()
			c.wait(2 * time.Minute)
			_ = c.tcp.SetReadBuffer(256 << 10)
			if i%2 == 0 {
				c.send(post(fmt.Sprintf("Content-Length: %d\r\n", size), ""))
				_, _ = io.Copy(c.Conn, &drip{r: stream(1, size)})
				if a, err := readAnswer(c.in, "POST"); err != nil || a.status != 200 {
					t.Errorf("%+v %v", a, err)
				}
				return
			}
			c.send(get("/", ""))
			if a, err := readHead(c.in); err != nil || a.status != 200 {
				t.Errorf("%+v %v", a, err)
				return
			}
			if err := same(&drip{r: &chunks{in: c.in}}, stream(2, size)); err != nil {
				t.Errorf("down: %v", err)
			}
		})
	})
}

// drip reads with pauses.
type drip struct {
	r io.Reader
	n int
}

func (d *drip) Read(p []byte) (int, error) {
	if d.n++; d.n%20 == 0 {
		time.Sleep(2 * time.Millisecond)
	}
	return d.r.Read(p[:min(len(p), 7<<10)])
}

// A client that goes on with a body of unknown length, behind an answer that did not wait for it, is not reset while it does: it might not
// see the answer.
func TestAnswerBeforeALongRest(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		r := start(t, k, setup{}, at(answering(t, "ok").Addr(), "urlprefix-t/yes"))
		for range 5 {
			c := r.dial(t)
			chunk := fmt.Sprintf("%x\r\n%s\r\n", 32<<10, strings.Repeat("x", 32<<10))
			c.send("POST /no HTTP/1.1\r\nHost: t\r\n"+chunkedField+"\r\n", chunk)
			time.Sleep(20 * time.Millisecond) // the answer is out
			for range 16 {
				c.send(chunk)
			}
			if a, err := readAnswer(c.in, "POST"); err != nil || a.status < 400 {
				t.Errorf("%+v %v", a, err)
			}
			if _, err := io.Copy(io.Discard, c.in); err != nil {
				t.Error(err)
			}
		}
	})
}
