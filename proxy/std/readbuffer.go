package std

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// Buffers come in three sizes, and are taken only while something is in them.
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

	small   [64]byte              // for waiting without a buffer where raw is nil
	onReady func(fd uintptr) bool // once, made once: each read needs it as a func
	into    *readBuffer
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
	s.onReady = s.once
	return s
}

// read reads into the space that in has. A closed connection and a passed deadline are told as net.Conn does.
func (s *source) read(in *readBuffer) (int, error) {
	if s.raw == nil {
		return s.conn.Read(in.space())
	}
	s.into, s.n, s.err = in, 0, nil
	err := s.raw.Read(s.onReady)
	s.into = nil
	if err == nil {
		err = s.err
	}
	return s.n, err
}

func (s *source) once(fd uintptr) bool {
	for {
		n, err := syscall.Read(int(fd), s.into.space())
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

// readBuffer is what was read from a source and not yet used. The zero value with a source is empty.
type readBuffer struct {
	from *source
	buf  []byte // nil while nothing is in it
	r, w int
	full bool // the last read left no room: much is coming
}

// unread is what was read and not used. It is valid until the next fill or release.
func (b *readBuffer) unread() []byte { return b.buf[b.r:b.w] }

// skip marks n bytes as used.
func (b *readBuffer) skip(n int) { b.r += n }

// room is where the next read goes. It is empty where a buffer is full, which fill sees to.
func (b *readBuffer) space() []byte {
	if b.buf == nil {
		size := smallBuffer
		if b.full {
			size = largeBuffer
		}
		b.buf, b.r, b.w = takeBuffer(size), 0, 0
	}
	return b.buf[b.w:]
}

// release gives the buffer back where nothing is in it.
func (b *readBuffer) release() {
	if b.buf != nil && b.r == b.w {
		giveBuffer(b.buf)
		b.buf, b.r, b.w = nil, 0, 0
	}
}

// drop gives the buffer back, whatever is in it.
func (b *readBuffer) drop() {
	b.r = b.w
	b.release()
}

// fill reads once. Bytes that are not used yet stay, and their place in memory may change. A buffer grows up to about most bytes.
func (b *readBuffer) fill(most int) error {
	switch {
	case b.r == b.w:
		b.release()
	case b.w == len(b.buf) && b.r > 0:
		b.w = copy(b.buf, b.unread())
		b.r = 0
	case b.w == len(b.buf):
		if len(b.buf) >= most {
			return io.ErrShortBuffer
		}
		b.grow()
	}
	return b.readOnce()
}

// fillHead is fill for the beginning of a head, for which no buffer is taken meanwhile, through TLS either: that keeps what it has
// decrypted and a short read has left over.
func (b *readBuffer) fillHead(most int) error {
	if b.buf != nil || b.from.raw != nil {
		return b.fill(most)
	}
	n, err := b.from.conn.Read(b.from.small[:])
	if n > 0 {
		b.load(b.from.small[:n])
		return nil // an error comes again
	}
	return err
}

// readOnce reads without moving what is there. It reads nothing where there is no room.
func (b *readBuffer) readOnce() error {
	if b.buf != nil && b.w == len(b.buf) {
		return io.ErrShortBuffer
	}
	n, err := b.from.read(b)
	b.w += n
	b.full = b.buf != nil && b.w == len(b.buf)
	if n > 0 {
		return nil // an error comes again
	}
	return err
}

func (b *readBuffer) grow() {
	bigger := takeBuffer(2 * len(b.buf))
	n := copy(bigger, b.unread())
	giveBuffer(b.buf)
	b.buf, b.r, b.w = bigger, 0, n
}

// load takes bytes that were read before, as those of a connection that was handed over.
func (b *readBuffer) load(read []byte) {
	b.buf = takeBuffer(max(len(read), 1))
	b.r, b.w = 0, copy(b.buf, read)
}
