//go:build linux

package reactor

import (
	"time"

	"golang.org/x/sys/unix"
)

// Handler is what a connection belongs to. All are called by the loop, with Loop.Current the connection.
type Handler interface {
	// Ready says that events came, which State has noted.
	Ready()
	// Expire says that the deadline has passed.
	Expire()
	// Fail ends what a panic interrupted.
	Fail()
}

// Conn is a descriptor in a loop's epoll: what is known of its readiness, and what is left over of its bytes. It is joined to
// one loop, which alone touches it. It may be joined again after it was closed.
type Conn struct {
	timer
	handler Handler
	fd      int32
	handle  uint32 // index in loop.handles
	State   State
	pending bool // events came that the handler has not seen

	// In is what was read and not used yet: a view into the loop's shared buffer, which it must leave before the event is over, or
	// into inBuffer.
	In       []byte
	inBuffer *buffer
	// Out is what the socket did not take: a view into outBuffer.
	Out       []byte
	outBuffer *buffer
}

// State is what epoll said and reads and writes have not used up yet.
type State uint8

const (
	Readable    State = 1 << iota // a read may bring something
	Writable                      // a write may take something
	ReadClosed                    // the other side has sent its end, which a read may not have seen yet
	AtEOF                         // a read has seen it
	Broken                        // reset, or an error
	WriteClosed                   // we have sent our end
	WasReset                      // broken by a reset, as far as that is known
)

// note turns epoll's bits into state.
func (c *Conn) note(events uint32) {
	if events&unix.EPOLLIN != 0 {
		c.State |= Readable
	}
	if events&unix.EPOLLOUT != 0 {
		c.State |= Writable
	}
	if events&unix.EPOLLRDHUP != 0 {
		c.State |= ReadClosed | Readable
	}
	if events&unix.EPOLLHUP != 0 { // both sides have ended, or worse
		c.State |= ReadClosed | Readable | Writable
	}
	if events&unix.EPOLLERR != 0 {
		c.State |= Broken | ReadClosed | Readable | Writable
	}
}

// fault notes that a call failed. The kernel tells of a reset once only.
func (c *Conn) fault(errno unix.Errno) {
	c.State |= Broken
	if errno == unix.ECONNRESET {
		c.State |= WasReset
	}
}

// Has says whether all of r hold.
func (c *Conn) Has(r State) bool { return c.State&r == r }

// FD is the descriptor; it is below 0 after the end.
func (c *Conn) FD() int { return int(c.fd) }

// Pending says whether c will have its turn for events that it has not seen.
func (c *Conn) Pending() bool { return c.pending }

// InShared says whether In, where it is not empty, is a view into the loop's shared buffer.
func (c *Conn) InShared() bool { return c.inBuffer == nil }

// Deadline is when c expires, on the loop's Clock; HasDeadline says whether it does.
func (c *Conn) Deadline() int64 { return c.deadline }

// HasDeadline says whether c expires.
func (c *Conn) HasDeadline() bool { return c.deadline != never }

// ClearDeadline lets c take as long as it likes.
func (c *Conn) ClearDeadline() { c.deadline = never }

// SetDeadline sets when c expires, d from now.
func (l *Loop) SetDeadline(c *Conn, d time.Duration) { l.timers.arm(c, l.Clock+int64(d)) }

// Silent asks the kernel whether the connection is open and holds nothing to be read, whatever events have told.
func (c *Conn) Silent() bool {
	_, errno := sysPeek(int(c.fd))
	if errno != unix.EAGAIN {
		return false
	}
	c.State &^= Readable
	return true
}

// CloseWrite sends our end, behind what the socket has taken.
func (c *Conn) CloseWrite() {
	c.State |= WriteClosed
	sysShutWrite(int(c.fd))
}

// ResetOnClose makes the end a reset: the one cut that shows where a message ends with its connection.
func (c *Conn) ResetOnClose() { sysReset(int(c.fd)) }

// TakeError is the socket's pending error, as of a connect that has ended.
func (c *Conn) TakeError() unix.Errno { return sysError(int(c.fd)) }
