package std

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/pointsman/pointsman/proxy"
)

// backConn is a connection to an instance.
type backConn struct {
	net.Conn
	pool      *pool
	raw       syscall.RawConn // below TLS; nil where there is none
	look      *look
	br        *bufio.Reader
	head      []byte // reused for each answer's head
	message   []byte // reused for each request
	opened    time.Time
	idleSince time.Time
	deadline  time.Time // of reads
	patience  time.Time // of writes
	kept      bool      // has carried a request before
	secure    bool
}

// backBuffer holds a usual answer whole; longer bodies bypass it.
const backBuffer = 4 << 10

func newBackConn(p *pool, c net.Conn) *backConn {
	b := &backConn{Conn: c, pool: p, br: bufio.NewReaderSize(c, backBuffer), opened: time.Now(), secure: p.key.tls}
	below := c
	if t, ok := c.(*tls.Conn); ok {
		below = t.NetConn()
	}
	if s, ok := below.(syscall.Conn); ok {
		if raw, err := s.SyscallConn(); err == nil {
			b.raw = raw
		}
	}
	return b
}

// peek looks at what the socket holds without taking it: err is nil when a byte is there, io.EOF at its end, EAGAIN when nothing
// is. With wait it blocks until one of these or the read deadline. One goroutine at a time.
func (b *backConn) peek(wait bool) error {
	if b.raw == nil {
		return syscall.EAGAIN
	}
	if b.look == nil {
		b.look = new(look)
		b.look.at = b.look.once // made once: each request peeks
	}
	b.look.wait, b.look.err = wait, nil
	if err := b.raw.Read(b.look.at); err != nil {
		return err
	}
	return b.look.err
}

// look is one peek at a socket.
type look struct {
	at   func(fd uintptr) bool
	wait bool
	one  [1]byte
	err  error
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
	return b.br.Buffered() == 0 && errors.Is(b.peek(false), syscall.EAGAIN)
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
	if err := b.peek(true); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("settle: %w", err)
	}
	return nil
}

// allow sets the read deadline d ahead, and not again within a second of the last time: timers cost.
func (b *backConn) allow(d time.Duration) error {
	now := time.Now()
	until := now.Add(d)
	if left := until.Sub(b.deadline); left >= 0 && left < time.Second && d > 2*time.Second {
		return nil
	}
	b.deadline = until
	return b.Conn.SetReadDeadline(until)
}

// allowWrite sets the write deadline d ahead, as sparingly as allow.
func (b *backConn) allowWrite(d time.Duration) error {
	until := time.Now().Add(d)
	if left := until.Sub(b.patience); left >= 0 && left < time.Second && d > 2*time.Second {
		return nil
	}
	b.patience = until
	return b.SetWriteDeadline(until)
}
