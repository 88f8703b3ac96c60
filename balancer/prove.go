package balancer

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"syscall"
	"time"
)

// faultOf is how a connection failed that was to stay open and silent.
func faultOf(err error) fault {
	if errors.Is(err, errUnprompted) {
		return faultUnprompted
	}
	return faultClosed
}

// watch looks at a bare connection for settleTime, and no longer than until the instance has answered.
func (w *Way) watch(c net.Conn) error {
	for left := settleTime - proofTime; left > 0 && !w.Answered(); left -= settleStep {
		if err := staysOpen(c, min(left, settleStep)); err != nil {
			return err
		}
	}
	return nil
}

// stays says how a fresh connection failed that was to stay open and silent.
func (w *Way) stays(c net.Conn) (fault, error) {
	d := proofTime
	if w.unprompted() {
		d = SpeakTime
	}
	err := staysOpen(c, d)
	if errors.Is(err, errUnprompted) && w.Answered() { // it speaks HTTP, and is there
		return 0, nil
	}
	return faultOf(err), err
}

// HandshakeCut says whether a TLS handshake failed by the end of its connection, as one with a published port does before the application
// listens, and not by what the instance said.
func HandshakeCut(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// prove connects, tells the way, and returns the connection if it stays open.
func (r *Reviver) prove(ctx context.Context, w *Way) (net.Conn, fault, error) {
	c, f, err := r.connect(ctx, w)
	if err != nil {
		return nil, f, err
	}
	w.accepted()
	if f, err := w.stays(c); err != nil {
		c.Close()
		return nil, f, err
	}
	return c, 0, nil
}

// connect opens a connection as requests over the way would.
func (r *Reviver) connect(ctx context.Context, w *Way) (net.Conn, fault, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	c, err := r.dial(ctx, w.upstream.address)
	config := w.TLS()
	if err != nil || config == nil {
		return c, faultRefused, err
	}
	secure := tls.Client(c, config)
	err = secure.HandshakeContext(ctx)
	switch {
	case err == nil:
		return secure, 0, nil
	case HandshakeCut(err):
		c.Close()
		return nil, faultClosed, err
	}
	c.Close()
	return nil, faultHandshake, err
}

// staysOpen watches a connection for so long.
func staysOpen(c net.Conn, d time.Duration) error {
	if err := c.SetReadDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	var b [1]byte
	n, err := c.Read(b[:])
	var timeout net.Error
	switch {
	case n > 0:
		return errUnprompted
	case errors.As(err, &timeout) && timeout.Timeout():
		return nil
	case errors.Is(err, io.EOF):
		return errClosed
	}
	return err
}
