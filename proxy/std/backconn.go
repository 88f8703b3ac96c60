package std

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pointsman/pointsman/proxy"
)

// backConn is a connection to an instance.
type backConn struct {
	net.Conn  // below, or TLS over it
	below     *sender
	pool      *pool
	in        intake
	raw       syscall.RawConn // of below; nil where there is none
	look      *look
	opened    time.Time
	idleSince time.Time
	deadline  time.Time // of reads
	kept      bool      // has carried a request before
	secure    bool
	closed    atomic.Bool
}

func newBackConn(p *pool, c net.Conn, below *sender) *backConn {
	b := &backConn{Conn: c, below: below, pool: p, opened: time.Now(), secure: p.way.TLS() != nil}
	p.pools.files.Add(1)
	socket := newSource(below.Conn)
	b.raw, b.in.from = socket.raw, socket
	if b.secure {
		b.in.from = newSource(c)
	}
	return b
}

// Close ends the connection, and its count at the instance; more than once does no harm. Any goroutine may call it.
func (b *backConn) Close() error {
	if b.closed.Swap(true) {
		return nil
	}
	b.pool.upstream.Disconnect()
	b.pool.pools.files.Add(-1)
	b.pool.pools.leave(b)
	return b.Conn.Close()
}

// CloseWrite ends this direction.
func (b *backConn) CloseWrite() error { return endOf(b.Conn) }

// peek looks at what the socket holds without taking it: err is nil when a byte is there, io.EOF at its end, EAGAIN when nothing
// is. With wait it blocks until one of these or the read deadline; without, that deadline does not matter. One goroutine at a time.
func (b *backConn) peek(wait bool) error {
	if b.raw == nil {
		return syscall.EAGAIN
	}
	if b.look == nil {
		b.look = newLook()
	}
	b.look.wait, b.look.err = wait, nil
	var err error
	if wait {
		err = b.raw.Read(b.look.waiting)
	} else {
		err = b.raw.Control(b.look.passing)
	}
	if err != nil {
		return err
	}
	return b.look.err
}

// look is one peek at a socket. Its funcs are made once, as each request peeks.
type look struct {
	waiting func(fd uintptr) bool
	passing func(fd uintptr)
	wait    bool
	one     [1]byte
	err     error
}

func newLook() *look {
	l := new(look)
	l.waiting = l.once
	l.passing = func(fd uintptr) { l.once(fd) }
	return l
}

func (l *look) once(fd uintptr) bool {
	for {
		n, _, err := syscall.Recvfrom(int(fd), l.one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN) && l.wait:
			return false
		case err != nil:
			l.err = err
		case n == 0:
			l.err = io.EOF
		}
		return true
	}
}

// alive says whether an idle connection may carry a request: it is open, and nothing came that nobody asked for.
func (b *backConn) alive() bool {
	return len(b.in.unread()) == 0 && errors.Is(b.peek(false), syscall.EAGAIN)
}

// settle waits until the connection has been open for proxy.Settle without an end.
func (b *backConn) settle() error {
	until := b.opened.Add(proxy.Settle)
	if b.raw == nil || !time.Now().Before(until) {
		if err := b.peek(false); err != nil && !errors.Is(err, syscall.EAGAIN) {
			return fmt.Errorf("settle: %w", err)
		}
		return nil
	}
	if err := b.Conn.SetReadDeadline(until); err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	b.deadline = until
	err := b.peek(true)
	if errors.Is(err, os.ErrDeadlineExceeded) { // where this goroutine was kept waiting, an end may be there all the same
		err = b.peek(false)
	}
	if err != nil && !errors.Is(err, syscall.EAGAIN) {
		return fmt.Errorf("settle: %w", err)
	}
	return nil
}

// allow sets the read deadline d ahead.
func (b *backConn) allow(d time.Duration) error {
	now := time.Now()
	if due(b.deadline, now, d) {
		return nil
	}
	b.deadline = now.Add(d)
	return b.Conn.SetReadDeadline(b.deadline)
}

// due says whether a deadline that was set before is as good as one d from now: timers cost, and a quarter, or a second, matters
// to nobody.
func due(set, now time.Time, d time.Duration) bool {
	left := set.Sub(now)
	return left <= d && left >= d-min(d/4, time.Second)
}
