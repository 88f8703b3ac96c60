package std

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pointsman/pointsman/proxy"
)

// upstreamConn is a connection to an instance.
type upstreamConn struct {
	net.Conn  // below, or TLS over it
	below     *sender
	pool      *pool
	in        readBuffer
	raw       syscall.RawConn // of below; nil where there is none
	peeker    *peeker
	opened    time.Time
	idleSince time.Time
	deadline  time.Time   // of reads
	reused    bool        // has carried a request before
	config    *tls.Config // of its handshake; nil without TLS
	closed    atomic.Bool
}

func newUpstreamConn(p *pool, c net.Conn, below *sender, config *tls.Config) *upstreamConn {
	b := &upstreamConn{Conn: c, below: below, pool: p, opened: time.Now(), config: config}
	p.pools.files.Add(1)
	socket := newSource(below.Conn)
	b.raw, b.in.from = socket.raw, socket
	if b.config != nil {
		b.in.from = newSource(c)
	}
	return b
}

// Close ends the connection, and its count at the instance; more than once does no harm. Any goroutine may call it.
func (c *upstreamConn) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	c.pool.upstream.Disconnect()
	c.pool.pools.files.Add(-1)
	c.pool.pools.leave(c)
	return c.Conn.Close()
}

// CloseWrite ends this direction.
func (c *upstreamConn) CloseWrite() error { return endOf(c.Conn) }

// peek looks at what the socket holds without taking it: err is nil when a byte is there, io.EOF at its end, EAGAIN when nothing
// is. With wait it blocks until one of these or the read deadline; without, that deadline does not matter. One goroutine at a time.
func (c *upstreamConn) peek(wait bool) error {
	if c.raw == nil {
		return syscall.EAGAIN
	}
	if c.peeker == nil {
		c.peeker = newPeeker()
	}
	c.peeker.wait, c.peeker.err = wait, nil
	var err error
	if wait {
		err = c.raw.Read(c.peeker.waiting)
	} else {
		err = c.raw.Control(c.peeker.passing)
	}
	if err != nil {
		return err
	}
	return c.peeker.err
}

// peeker is one peek at a socket. Its funcs are made once, as each request peeks.
type peeker struct {
	waiting func(fd uintptr) bool
	passing func(fd uintptr)
	wait    bool
	one     [1]byte
	err     error
}

func newPeeker() *peeker {
	l := new(peeker)
	l.waiting = l.once
	l.passing = func(fd uintptr) { l.once(fd) }
	return l
}

func (p *peeker) once(fd uintptr) bool {
	for {
		n, _, err := syscall.Recvfrom(int(fd), p.one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN) && p.wait:
			return false
		case err != nil:
			p.err = err
		case n == 0:
			p.err = io.EOF
		}
		return true
	}
}

// alive says whether an idle connection may carry a request: it is open, and nothing came that nobody asked for.
func (c *upstreamConn) alive() bool {
	return len(c.in.unread()) == 0 && errors.Is(c.peek(false), syscall.EAGAIN)
}

// arrived says whether bytes, an end or a reset came that nobody has read yet. Where this goroutine was kept waiting, a deadline may have
// passed all the same, which then says nothing about the instance.
func (c *upstreamConn) arrived() bool { return !errors.Is(c.peek(false), syscall.EAGAIN) }

// stays waits until the connection has been open for so long without an end, and without a byte, which no HTTP server sends before it was
// asked; else f says how the attempt failed. Over TLS bytes may be the handshake's, and say nothing.
func (c *upstreamConn) stays(watch time.Duration) (f proxy.Failure, ok bool) {
	err := c.watch(c.opened.Add(watch))
	switch {
	case err == nil && c.config == nil:
		return proxy.FailedUnprompted, false
	case err == nil, errors.Is(err, syscall.EAGAIN), watch == 0:
		return 0, true
	}
	return proxy.FailedSettle, false
}

// watch is what peek says of the connection at a time, or before as soon as it says anything.
func (c *upstreamConn) watch(until time.Time) error {
	if c.raw == nil || !time.Now().Before(until) {
		return c.peek(false)
	}
	if err := c.Conn.SetReadDeadline(until); err != nil {
		return err
	}
	c.deadline = until
	err := c.peek(true)
	if errors.Is(err, os.ErrDeadlineExceeded) { // where this goroutine was kept waiting, an end may be there all the same
		return c.peek(false)
	}
	return err
}

// allow sets the read deadline d ahead.
func (c *upstreamConn) allow(d time.Duration) error {
	now := time.Now()
	if due(c.deadline, now, d) {
		return nil
	}
	c.deadline = now.Add(d)
	return c.Conn.SetReadDeadline(c.deadline)
}

// due says whether a deadline that was set before is as good as one d from now: timers cost, and a quarter, or a second, matters
// to nobody.
func due(set, now time.Time, d time.Duration) bool {
	left := set.Sub(now)
	return left <= d && left >= d-min(d/4, time.Second)
}
