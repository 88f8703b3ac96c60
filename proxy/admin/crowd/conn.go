package crowd

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// conn is a connection of a crowd. All but the connection itself is guarded by the crowd's lock.
type conn struct {
	net.Conn
	crowd   *crowd
	busy    bool      // a request was read and is not answered
	writing bool      // and its client is to take a part of the answer
	since   time.Time // when it began to wait for its client
	asked   bool      // a request was read
	read    atomic.Bool
	files   Files // where it is counted while it is apart; may be nil
}

// state is told by net/http what a connection does. Active means that a request's head was read.
func (c *crowd) state(of net.Conn, s http.ConnState) {
	if one, ok := ofCrowd(of); ok && (s == http.StateActive || s == http.StateIdle) {
		one.waits(func() { one.busy, one.asked, one.crowd.silent = s == http.StateActive, true, 0 })
	}
}

// ofCrowd is the connection of a crowd that net/http knows, be it over TLS.
func ofCrowd(c net.Conn) (one *conn, ok bool) {
	if over, is := c.(*tls.Conn); is {
		c = over.NetConn()
	}
	one, ok = c.(*conn)
	return one, ok
}

// waits changes what a connection does, and lets it count as waiting from now on.
func (c *conn) waits(change func()) {
	c.crowd.mu.Lock()
	change()
	c.since = time.Now()
	c.crowd.mu.Unlock()
	c.crowd.room.Signal() // only Accept waits, and only one goroutine accepts
}

// Piece is how much of an answer is written at a time, so that a client that takes one after the other is seen to do so.
const Piece = 64 << 10

// Read notes when a connection is read from for the first time.
func (c *conn) Read(b []byte) (int, error) {
	if !c.read.Load() {
		c.waits(func() { c.read.Store(true) })
	}
	return c.Conn.Read(b)
}

func (c *conn) Write(b []byte) (n int, err error) {
	for {
		part := b[n:min(len(b), n+Piece)]
		c.waits(func() { c.writing = true })
		m, err := c.Conn.Write(part)
		c.waits(func() { c.writing = false })
		if n += m; err != nil || n == len(b) {
			return n, err
		}
	}
}

func (c *conn) Close() error {
	c.waits(c.leave)
	return c.Conn.Close()
}

// leave ends counting the connection.
func (c *conn) leave() {
	delete(c.crowd.open, c)
	if _, is := c.crowd.apart[c]; is {
		delete(c.crowd.apart, c)
		if c.files != nil {
			c.files.Add(-1)
		}
	}
}
