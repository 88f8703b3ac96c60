//go:build linux

package event

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/pointsman/pointsman/proxy/listen"
)

// owner is what a connection belongs to: a client, an upstream connection, a listener, the loop's own wake-up.
type owner interface {
	// ready says that events came; s has noted them.
	ready()
	// expire says that the deadline has passed.
	expire()
	// fail ends what a panic interrupted.
	fail()
}

// conn is a descriptor in a loop's epoll: what is known of its readiness, and what is left over of its bytes.
type conn struct {
	timer
	owner   owner
	fd      int32
	handle  uint32 // index in loop.handles
	state   state
	pending bool // events came that the owner has not seen

	stallLimit time.Duration // that nothing may be taken for; 0: nobody looks, see watch
	taking     listen.Taking

	// in is what was read and not used yet: a view into the loop's shared buffer, which it must leave before the event is over, or
	// into inBuffer.
	in        []byte
	inBuffer  *buffer
	out       []byte // what the socket did not take; a view into outBuffer
	outBuffer *buffer
}

// state is what epoll said and reads and writes have not used up yet.
type state uint8

const (
	canRead  state = 1 << iota // a read may bring something
	canWrite                   // a write may take something
	shut                       // the other side has sent its end, which a read may not have seen yet
	atEOF                      // a read has seen it
	failed                     // reset, or an error
	shutOut                    // we have sent our end
	reset                      // broken by a reset, as far as that is known
)

// note turns epoll's bits into state.
func (s *conn) note(events uint32) {
	if events&unix.EPOLLIN != 0 {
		s.state |= canRead
	}
	if events&unix.EPOLLOUT != 0 {
		s.state |= canWrite
	}
	if events&unix.EPOLLRDHUP != 0 {
		s.state |= shut | canRead
	}
	if events&unix.EPOLLHUP != 0 { // both sides have ended, or worse
		s.state |= shut | canRead | canWrite
	}
	if events&unix.EPOLLERR != 0 {
		s.state |= failed | shut | canRead | canWrite
	}
}

// fault notes that a call failed. The kernel tells of a reset once only.
func (s *conn) fault(errno unix.Errno) {
	s.state |= failed
	if errno == unix.ECONNRESET {
		s.state |= reset
	}
}

// has says whether all of r hold.
func (s *conn) has(r state) bool { return s.state&r == r }

// handle finds a connection by what epoll returns; the generation tells a stale event from one for the descriptor's successor.
type handle struct {
	conn       *conn
	generation uint32
}

// join gives s a handle and puts it into epoll.
func (l *loop) join(s *conn, o owner, fd int, events uint32) unix.Errno {
	if len(l.freeHandles) == 0 {
		l.handles = append(l.handles, handle{})
		l.freeHandles = append(l.freeHandles, uint32(len(l.handles)-1))
	}
	id := l.freeHandles[len(l.freeHandles)-1]
	p := &l.handles[id]
	errno := pollAdd(l.ep, fd, events, uint64(p.generation)<<32|uint64(id))
	if errno != 0 {
		return errno
	}
	l.freeHandles = l.freeHandles[:len(l.freeHandles)-1]
	p.conn = s
	s.owner, s.fd, s.handle, s.slot = o, int32(fd), id, unlinked
	s.deadline = never
	return 0
}

// data is what epoll was given for s.
func (l *loop) data(s *conn) uint64 {
	return uint64(l.handles[s.handle].generation)<<32 | uint64(s.handle)
}

// leave takes s out of everything but epoll, from which closing takes it, and returns its descriptor. Nothing happens the second
// time: it returns -1.
func (l *loop) leave(s *conn) int {
	fd := int(s.fd)
	if fd < 0 {
		return -1
	}
	l.timers.unlink(s)
	p := &l.handles[s.handle]
	p.conn = nil
	p.generation++
	l.freeHandles = append(l.freeHandles, s.handle)
	l.dropIn(s)
	l.dropOut(s)
	s.fd, s.state, s.pending = -1, 0, false
	return fd
}

// close ends s. It may be closed already.
func (l *loop) close(s *conn) {
	if fd := l.leave(s); fd >= 0 {
		sysClose(fd)
		l.files.Add(-1)
	}
}

// arm sets when s expires, d nanoseconds from now.
func (l *loop) arm(s *conn, d int64) {
	s.stallLimit = 0
	l.timers.arm(s, l.clock+d)
}

// watch lets s expire where the other side takes nothing of what it was sent for as long as most, from now on.
func (l *loop) watch(s *conn, most time.Duration) {
	s.stallLimit, s.taking = most, listen.Taking{}
	l.timers.arm(s, l.clock+int64(listen.LookAfter(most)))
}

// standsStill looks at s, whose time is over, and gives it more where it is being watched and does not stand still.
func (l *loop) standsStill(s *conn) bool {
	if s.stallLimit == 0 || s.taking.Stands(listen.HeldFD(int(s.fd))) {
		return true
	}
	l.timers.arm(s, l.clock+int64(listen.LookAfter(s.stallLimit)))
	return false
}

// disarm lets s take as long as it likes.
func (l *loop) disarm(s *conn) { s.deadline = never }

// read reads once behind what is left over in s.in, at most largest bytes in all: into shared where nothing is, else into a buffer
// that s owns. It is false where nothing came; s.state says whether that is for now, for good, or an error.
func (l *loop) read(s *conn, shared []byte, largest int) bool {
	if !s.has(canRead) {
		return false
	}
	dst := shared
	if len(s.in) > 0 {
		if dst = l.growIn(s, largest); len(dst) == 0 {
			return false
		}
	}
	n, errno := sysRead(int(s.fd), dst)
	switch {
	case errno == unix.EAGAIN:
		s.state &^= canRead
		return false
	case errno != 0:
		s.state &^= canRead
		s.fault(errno)
		return false
	case n == 0:
		s.state = s.state&^canRead | atEOF | shut
		return false
	case n < len(dst) && !s.has(shut): // a short read has emptied the socket; the next edge comes with the next byte
		s.state &^= canRead
	}
	if len(s.in) == 0 {
		s.in = dst[:n]
		return true
	}
	s.in = s.in[: len(s.in)+n : cap(s.in)]
	return true
}

// growIn makes space behind s.in, in a buffer that s owns, and returns it; none where s.in has its largest size.
func (l *loop) growIn(s *conn, largest int) []byte {
	have := len(s.in)
	if have >= largest {
		return nil
	}
	if s.inBuffer == nil || cap(s.in)-have < min(smallBuffer/4, largest-have) {
		b := l.buffers.take(min(largest, max(2*have, smallBuffer)))
		copy(b.b, s.in)
		l.buffers.give(s.inBuffer)
		s.inBuffer, s.in = b, b.b[:have]
	}
	return s.in[have:min(cap(s.in), max(largest, have))]
}

// consume takes n bytes from the front of s.in.
func (l *loop) consume(s *conn, n int) {
	if s.in = s.in[n:]; len(s.in) == 0 {
		l.dropIn(s)
	}
}

func (l *loop) dropIn(s *conn) {
	s.in = nil
	if s.inBuffer != nil {
		l.buffers.give(s.inBuffer)
		s.inBuffer = nil
	}
}

// keepIn moves what is left over out of the shared buffer. It must be called before an event is over.
func (l *loop) keepIn(s *conn) {
	if len(s.in) == 0 || s.inBuffer != nil {
		return
	}
	b := l.buffers.take(len(s.in))
	s.inBuffer, s.in = b, b.b[:copy(b.b, s.in)]
}

// send gives b to the socket and keeps what it does not take. It is false where the connection is lost; n is what the kernel took.
func (l *loop) send(s *conn, b []byte) (n int, ok bool) {
	if len(s.out) == 0 && s.has(canWrite) {
		var errno unix.Errno
		n, errno = sysSend(int(s.fd), b)
		switch {
		case errno != 0 && errno != unix.EAGAIN:
			s.fault(errno)
			return 0, false
		case n == len(b):
			return n, true
		}
		s.state &^= canWrite
	}
	l.keepOut(s, b[n:])
	return n, true
}

// keepOut puts b behind what waits to be sent.
func (l *loop) keepOut(s *conn, b []byte) {
	have := len(s.out)
	if s.outBuffer == nil || cap(s.out)-have < len(b) {
		n := l.buffers.take(have + len(b))
		copy(n.b, s.out)
		l.buffers.give(s.outBuffer)
		s.outBuffer, s.out = n, n.b[:have]
	}
	s.out = append(s.out, b...)
}

// flush sends what waits. It is false where the connection is lost.
func (l *loop) flush(s *conn) bool {
	if len(s.out) == 0 || !s.has(canWrite) {
		return true
	}
	n, errno := sysSend(int(s.fd), s.out)
	switch {
	case errno == unix.EAGAIN:
	case errno != 0:
		s.fault(errno)
		return false
	}
	if n < len(s.out) {
		s.state &^= canWrite
		s.out = s.out[n:]
		return true
	}
	l.dropOut(s)
	return true
}

func (l *loop) dropOut(s *conn) {
	s.out = nil
	if s.outBuffer != nil {
		l.buffers.give(s.outBuffer)
		s.outBuffer = nil
	}
}
