package admin

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// MostConns is how many connections an address of this package has open at a time: two Prometheus servers, a few load balancers and
// people. Two such addresses take half of the least that listen.ReserveFiles keeps for the process.
const MostConns = 16

// crowd is a listener whose connections are bounded in number. Nobody can keep others out by holding connections: where one too many
// comes, the connection that has done nothing for the longest is closed. Only if there is an answer being made on each of them does
// the new one wait.
type crowd struct {
	net.Listener
	most int

	mu     sync.Mutex
	room   sync.Cond // a connection has ended, or does nothing any more
	open   map[*conn]struct{}
	closed bool
}

func newCrowd(l net.Listener, most int) *crowd {
	c := &crowd{Listener: l, most: most, open: map[*conn]struct{}{}}
	c.room.L = &c.mu
	return c
}

// conn is a connection of a crowd. All but the connection itself is guarded by the crowd's lock.
type conn struct {
	net.Conn
	crowd   *crowd
	busy    bool      // a request was read and is not answered
	writing bool      // and its client is to take a part of the answer
	since   time.Time // when it began to wait for its client
}

// Accept waits for a connection, and then until there is room for it.
func (c *crowd) Accept() (net.Conn, error) {
	accepted, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.open) >= c.most && !c.closed {
		if idle := c.longest(); idle != nil {
			delete(c.open, idle)
			_ = idle.Conn.Close()
		} else {
			c.room.Wait()
		}
	}
	if c.closed {
		_ = accepted.Close()
		return nil, net.ErrClosed
	}
	guest := &conn{Conn: accepted, crowd: c, since: time.Now()}
	c.open[guest] = struct{}{}
	return guest, nil
}

// longest is the connection that has waited for its client for the longest: for a request, or if none does, for an answer to be taken.
func (c *crowd) longest() (found *conn) {
	for one := range c.open {
		if one.busy && !one.writing {
			continue
		}
		if found == nil || found.busy && !one.busy || found.busy == one.busy && one.since.Before(found.since) {
			found = one
		}
	}
	return found
}

// Close ends accepting, for whoever waits for room too.
func (c *crowd) Close() error {
	c.mu.Lock()
	c.closed = true
	c.room.Broadcast()
	c.mu.Unlock()
	return c.Listener.Close()
}

// state is told by net/http what a connection does. Active means that a request's head was read.
func (c *crowd) state(of net.Conn, s http.ConnState) {
	if one, ok := of.(*conn); ok && (s == http.StateActive || s == http.StateIdle) {
		one.waits(func() { one.busy = s == http.StateActive })
	}
}

// waits changes what a connection does, and lets it count as waiting from now on.
func (c *conn) waits(change func()) {
	c.crowd.mu.Lock()
	change()
	c.since = time.Now()
	c.crowd.mu.Unlock()
	c.crowd.room.Signal() // only Accept waits, and only one goroutine accepts
}

// piece is how much of an answer is written at a time, so that a client that takes one after the other is seen to do so.
const piece = 64 << 10

func (c *conn) Write(b []byte) (n int, err error) {
	for {
		part := b[n:min(len(b), n+piece)]
		c.waits(func() { c.writing = true })
		m, err := c.Conn.Write(part)
		c.waits(func() { c.writing = false })
		if n += m; err != nil || n == len(b) {
			return n, err
		}
	}
}

func (c *conn) Close() error {
	c.waits(func() { delete(c.crowd.open, c) })
	return c.Conn.Close()
}
