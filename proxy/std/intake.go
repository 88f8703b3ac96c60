package std

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// Buffers come in three sizes, and are held only while something is in them.
const (
	smallBuffer  = 4 << 10  // a usual head, or a usual answer, whole
	middleBuffer = 8 << 10  // a long head
	largeBuffer  = 32 << 10 // a piece of a body: above it, system calls are no longer what costs
)

var (
	smallBuffers  = sync.Pool{New: func() any { return new([smallBuffer]byte) }}
	middleBuffers = sync.Pool{New: func() any { return new([middleBuffer]byte) }}
	largeBuffers  = sync.Pool{New: func() any { return new([largeBuffer]byte) }}
)

func takeBuffer(size int) []byte {
	switch {
	case size <= smallBuffer:
		return smallBuffers.Get().(*[smallBuffer]byte)[:]
	case size <= middleBuffer:
		return middleBuffers.Get().(*[middleBuffer]byte)[:]
	case size <= largeBuffer:
		return largeBuffers.Get().(*[largeBuffer]byte)[:]
	}
	return make([]byte, size)
}

func giveBuffer(b []byte) {
	switch cap(b) {
	case smallBuffer:
		smallBuffers.Put((*[smallBuffer]byte)(b[:smallBuffer]))
	case middleBuffer:
		middleBuffers.Put((*[middleBuffer]byte)(b[:middleBuffer]))
	case largeBuffer:
		largeBuffers.Put((*[largeBuffer]byte)(b[:largeBuffer]))
	}
}

// source is a connection to read from. Where it is a bare socket, who waits for its bytes holds no buffer meanwhile. One goroutine
// at a time reads.
type source struct {
	conn net.Conn
	raw  syscall.RawConn // nil where reads go through TLS, or where there is no socket

	few     [64]byte              // for who waits without a buffer where raw is nil
	attempt func(fd uintptr) bool // once, made once: each read needs it as a func
	into    *intake
	n       int
	err     error
}

func newSource(c net.Conn) *source {
	s := &source{conn: c}
	if socket, ok := c.(syscall.Conn); ok {
		if raw, err := socket.SyscallConn(); err == nil {
			s.raw = raw
		}
	}
	s.attempt = s.once
	return s
}

// read reads into what in makes room for. A closed connection and a passed deadline are told as net.Conn does.
func (s *source) read(in *intake) (int, error) {
	if s.raw == nil {
		return s.conn.Read(in.room())
	}
	s.into, s.n, s.err = in, 0, nil
	err := s.raw.Read(s.attempt)
	s.into = nil
	if err == nil {
		err = s.err
	}
	return s.n, err
}

func (s *source) once(fd uintptr) bool {
	for {
		n, err := syscall.Read(int(fd), s.into.room())
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			s.into.release()
			return false
		case err != nil:
			s.err = os.NewSyscallError("read", err)
		case n == 0:
			s.err = io.EOF
		default:
			s.n = n
		}
		return true
	}
}

// intake is what was read from a source and not yet used. The zero value with a source is empty.
type intake struct {
	from *source
	buf  []byte // nil while nothing is held
	r, w int
	full bool // the last read left no room: much is coming
}

// unread is what is held. It is valid until the next more or release.
func (in *intake) unread() []byte { return in.buf[in.r:in.w] }

// skip marks n bytes as used.
func (in *intake) skip(n int) { in.r += n }

// room is where the next read goes. It is empty where a buffer is full, which more sees to.
func (in *intake) room() []byte {
	if in.buf == nil {
		size := smallBuffer
		if in.full {
			size = largeBuffer
		}
		in.buf, in.r, in.w = takeBuffer(size), 0, 0
	}
	return in.buf[in.w:]
}

// release gives the buffer back where nothing is held.
func (in *intake) release() {
	if in.buf != nil && in.r == in.w {
		giveBuffer(in.buf)
		in.buf, in.r, in.w = nil, 0, 0
	}
}

// drop gives the buffer back with what is held.
func (in *intake) drop() {
	in.r = in.w
	in.release()
}

// more reads once. What is held stays held, and may move: up to about most bytes of it.
func (in *intake) more(most int) error {
	switch {
	case in.r == in.w:
		in.release()
	case in.w == len(in.buf) && in.r > 0:
		in.w = copy(in.buf, in.unread())
		in.r = 0
	case in.w == len(in.buf):
		if len(in.buf) >= most {
			return io.ErrShortBuffer
		}
		in.grow()
	}
	return in.beside()
}

// begin is more for the beginning of a head, for which nothing is held meanwhile, through TLS either: that keeps what it has
// decrypted and a short read has left over.
func (in *intake) begin(most int) error {
	if in.buf != nil || in.from.raw != nil {
		return in.more(most)
	}
	n, err := in.from.conn.Read(in.from.few[:])
	if n > 0 {
		in.hold(in.from.few[:n])
		return nil // an error comes again
	}
	return err
}

// beside reads once, and moves nothing. It reads nothing where there is no room.
func (in *intake) beside() error {
	if in.buf != nil && in.w == len(in.buf) {
		return io.ErrShortBuffer
	}
	n, err := in.from.read(in)
	in.w += n
	in.full = in.buf != nil && in.w == len(in.buf)
	if n > 0 {
		return nil // an error comes again
	}
	return err
}

func (in *intake) grow() {
	bigger := takeBuffer(2 * len(in.buf))
	n := copy(bigger, in.unread())
	giveBuffer(in.buf)
	in.buf, in.r, in.w = bigger, 0, n
}

// hold takes bytes that were read before, as those of a connection that was handed over.
func (in *intake) hold(read []byte) {
	in.buf = takeBuffer(max(len(read), 1))
	in.r, in.w = 0, copy(in.buf, read)
}
