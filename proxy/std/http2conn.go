package std

import (
	"encoding/binary"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/pointsman/pointsman/proxy"
)

// http2Conn is a client's HTTP/2 connection as net/http gets it: in the clear, where it is TLS below. It holds a client to the bounds
// of frames, and its heads to their time, neither of which net/http knows. A client that passes a bound gets a GOAWAY, and the
// connection ends.
type http2Conn struct {
	net.Conn   // a clientConn, or TLS over it
	clientConn *clientConn
	server     *Server
	bounds     *frameBounds
	in         readBuffer
	began      time.Time
	waiting    http2Wait
	out        *writeBuffer
	writing    sync.Mutex
	ended      bool // by us
	much       bool // the last read of TLS left something behind
}

// newHTTP2Conn makes one of a connection from which some bytes were read before.
func newHTTP2Conn(s *Server, f *clientConn, conn net.Conn, read []byte) *http2Conn {
	c := &http2Conn{Conn: conn, clientConn: f, server: s, bounds: newFrameBounds(), began: time.Now(), waiting: forFirstHead}
	below := conn
	if conn == net.Conn(f) {
		below = f.Conn
	}
	c.in.from = newSource(below)
	c.out = newWriteBuffer(conn)
	if len(read) > 0 {
		c.in.load(slices.Clone(read))
	}
	_ = conn.SetReadDeadline(c.until()) // an error means that the connection has ended, which the first read tells too
	return c
}

// until is when what is waited for must have come; zero is never.
func (c *http2Conn) until() time.Time {
	if wait := c.server.limits.ReadHead; wait > 0 && c.waiting != forAnything {
		return c.began.Add(wait)
	}
	return time.Time{}
}

// SetReadDeadline does nothing: the times of reads are set here.
func (c *http2Conn) SetReadDeadline(time.Time) error { return nil }

// Read is net.Conn's.
func (c *http2Conn) Read(p []byte) (n int, err error) {
	if c.ended {
		return 0, io.EOF
	}
	if len(c.in.unread()) == 0 {
		if n, err = c.fill(p); err != nil {
			c.in.drop()
			if timedOut(err) {
				err = c.end(goAwayNoError, proxy.OutcomeClientTimeout, "the head took too long")
			}
			return 0, err
		}
	}
	if n == 0 {
		n = copy(p, c.in.unread())
		c.in.skip(n)
	}
	if over := c.bounds.read(p[:n]); over != "" {
		return 0, c.end(goAwayCalm, proxy.OutcomeBadRequest, "too many "+over)
	}
	return n, nil
}

// fill waits for more: of a large piece of a body straight into p, otherwise into the buffer, which nobody holds meanwhile.
func (c *http2Conn) fill(p []byte) (direct int, err error) {
	if waiting := c.bounds.state(); waiting != c.waiting {
		if c.waiting = waiting; waiting == forRest {
			c.began = time.Now()
		}
		if err := c.Conn.SetReadDeadline(c.until()); err != nil {
			return 0, err
		}
	}
	if len(p) >= smallBuffer {
		c.in.release()
		return c.Conn.Read(p)
	}
	if c.in.from.raw != nil || c.much {
		c.much = false
		return 0, c.in.fill(0)
	}
	c.in.release()
	err = c.in.fillHead(0) // through TLS, which keeps what this leaves behind
	c.much = len(c.in.unread()) == len(c.in.from.small)
	return 0, err
}

// Write is net.Conn's.
func (c *http2Conn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.ended {
		return 0, net.ErrClosed
	}
	c.bounds.wrote(p)
	return c.out.Write(p)
}

// Why a connection ends, as RFC 9113 section 7 has it.
const (
	goAwayNoError = 0x0
	goAwayCalm    = 0xb // ENHANCE_YOUR_CALM
)

// Close is net.Conn's. What was written is sent first, without waiting for it.
func (c *http2Conn) Close() error { return c.out.Close() }

// end says why the connection ends, counts it, and ends it. Where a write stands still, or is in the middle of a frame, the client
// sees the end alone.
func (c *http2Conn) end(code uint32, o proxy.Outcome, why string) error {
	c.in.drop()
	if c.bounds.busy() { // else it was opened and not used
		e := c.server.takeExchange(nil)
		e.x.Refuse(c.server.scope, &c.clientConn.info, o, why, time.Now())
		e.x.Finish(time.Now())
		c.server.giveExchange(e)
		c.server.log.Debug().Stringer("client", c.clientConn.info.Addr()).Str("reason", why).Msg("an HTTP/2 connection was closed")
	}
	if !c.writing.TryLock() {
		c.Conn.Close()
		return io.EOF
	}
	defer c.writing.Unlock()
	c.ended = true
	if !c.bounds.out.between() {
		c.Conn.Close()
		return io.EOF
	}
	goAway := []byte{0, 0, 8, frameGoAway, 0, 0, 0, 0, 0}
	goAway = binary.BigEndian.AppendUint32(goAway, c.bounds.last)
	late := time.AfterFunc(proxy.LingerTime, func() { c.Conn.Close() }) // what was written before may stand still
	c.out.finish(binary.BigEndian.AppendUint32(goAway, code), func() {
		if late.Stop() && endOf(c.Conn) == nil {
			c.clientConn.linger()
		}
	})
	return io.EOF
}
