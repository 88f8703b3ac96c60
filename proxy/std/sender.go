package std

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/pointsman/pointsman/proxy/listen"
)

// sender is a connection, below TLS, whose writes end where the other side stands still. One goroutine at a time writes.
type sender struct {
	net.Conn
	progress time.Duration // that it may stand still
	free     atomic.Bool   // for as long as it likes
	deadline time.Time     // of writes, which is when to look
}

// Write sets its own deadline.
func (s *sender) Write(p []byte) (n int, err error) {
	if err = s.patience(len(p)); err != nil {
		return 0, err
	}
	n, err = s.Conn.Write(p)
	var taking listen.Taking
	for wrote := n; timedOut(err) && s.mayGoOn(&taking, wrote > 0); n += wrote {
		wrote, err = s.Conn.Write(p[n:])
	}
	return n, err
}

// writeAll writes several pieces, in one system call where that is possible.
func (s *sender) writeAll(pieces *net.Buffers) error {
	if err := s.patience(0); err != nil {
		return err
	}
	wrote, err := pieces.WriteTo(s.Conn)
	var taking listen.Taking
	for timedOut(err) && s.mayGoOn(&taking, wrote > 0) {
		wrote, err = pieces.WriteTo(s.Conn)
	}
	return err
}

// patience sets the deadline of a write of n bytes.
func (s *sender) patience(n int) error {
	if s.free.Load() {
		return nil
	}
	wait := listen.LookAfter(s.progress)
	now := time.Now()
	if n < 1<<20 && due(s.deadline, now, wait) {
		return nil
	}
	s.deadline = now.Add(wait)
	return s.Conn.SetWriteDeadline(s.deadline)
}

// mayGoOn looks after a write that the deadline has ended, and sets the next one where the other side does not stand still.
func (s *sender) mayGoOn(taking *listen.Taking, wrote bool) bool {
	if wrote {
		*taking = listen.Taking{}
	}
	if s.free.Load() || taking.Stands(listen.Held(s.Conn)) {
		return false
	}
	s.deadline = time.Now().Add(listen.LookAfter(s.progress))
	return s.Conn.SetWriteDeadline(s.deadline) == nil
}

// CloseWrite ends this direction.
func (s *sender) CloseWrite() error { return endOf(s.Conn) }
