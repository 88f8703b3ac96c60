//go:build linux

package reactor

import "golang.org/x/sys/unix"

// Read reads once behind what is left over in c.in, at most largest bytes in all: into shared where nothing is, else into a buffer
// that c owns. It is false where nothing came; c.state says whether that is for now, for good, or an error.
func (l *Loop) Read(c *Conn, shared []byte, largest int) bool {
	if !c.Has(Readable) {
		return false
	}
	dst := shared
	if len(c.In) > 0 {
		if dst = l.growIn(c, largest); len(dst) == 0 {
			return false
		}
	}
	n, errno := sysRead(int(c.fd), dst)
	switch {
	case errno == unix.EAGAIN:
		c.State &^= Readable
		return false
	case errno != 0:
		c.State &^= Readable
		c.fault(errno)
		return false
	case n == 0:
		c.State = c.State&^Readable | AtEOF | ReadClosed
		return false
	case n < len(dst) && !c.Has(ReadClosed): // a short read has emptied the socket; the next edge comes with the next byte
		c.State &^= Readable
	}
	if len(c.In) == 0 {
		c.In = dst[:n]
		return true
	}
	c.In = c.In[: len(c.In)+n : cap(c.In)]
	return true
}

// growIn makes space behind c.in, in a buffer that c owns, and returns it; none where c.in has its largest size.
func (l *Loop) growIn(c *Conn, largest int) []byte {
	have := len(c.In)
	if have >= largest {
		return nil
	}
	if c.inBuffer == nil || cap(c.In)-have < min(smallBuffer/4, largest-have) {
		b := l.buffers.take(min(largest, max(2*have, smallBuffer)))
		copy(b.b, c.In)
		l.buffers.give(c.inBuffer)
		c.inBuffer, c.In = b, b.b[:have]
	}
	return c.In[have:min(cap(c.In), max(largest, have))]
}

// Consume takes n bytes from the front of c.in.
func (l *Loop) Consume(c *Conn, n int) {
	if c.In = c.In[n:]; len(c.In) == 0 {
		l.DropIn(c)
	}
}

// DropIn drops what was read and not used.
func (l *Loop) DropIn(c *Conn) {
	c.In = nil
	if c.inBuffer != nil {
		l.buffers.give(c.inBuffer)
		c.inBuffer = nil
	}
}

// KeepIn moves what is left over out of the shared buffer. It must be called before an event is over.
func (l *Loop) KeepIn(c *Conn) {
	if len(c.In) == 0 || c.inBuffer != nil {
		return
	}
	b := l.buffers.take(len(c.In))
	c.inBuffer, c.In = b, b.b[:copy(b.b, c.In)]
}

// Send gives b to the socket and keeps what it does not take. It is false where the connection is lost; n is what the kernel took.
func (l *Loop) Send(c *Conn, b []byte) (n int, ok bool) {
	if len(c.Out) == 0 && c.Has(Writable) {
		var errno unix.Errno
		n, errno = sysSend(int(c.fd), b)
		switch {
		case errno != 0 && errno != unix.EAGAIN:
			c.fault(errno)
			return 0, false
		case n == len(b):
			return n, true
		}
		c.State &^= Writable
	}
	l.keepOut(c, b[n:])
	return n, true
}

// keepOut puts b behind what waits to be sent.
func (l *Loop) keepOut(c *Conn, b []byte) {
	have := len(c.Out)
	if c.outBuffer == nil || cap(c.Out)-have < len(b) {
		n := l.buffers.take(have + len(b))
		copy(n.b, c.Out)
		l.buffers.give(c.outBuffer)
		c.outBuffer, c.Out = n, n.b[:have]
	}
	c.Out = append(c.Out, b...)
}

// Flush sends what waits. It is false where the connection is lost.
func (l *Loop) Flush(c *Conn) bool {
	if len(c.Out) == 0 || !c.Has(Writable) {
		return true
	}
	n, errno := sysSend(int(c.fd), c.Out)
	switch {
	case errno == unix.EAGAIN:
	case errno != 0:
		c.fault(errno)
		return false
	}
	if n < len(c.Out) {
		c.State &^= Writable
		c.Out = c.Out[n:]
		return true
	}
	l.DropOut(c)
	return true
}

// DropOut drops what the socket did not take.
func (l *Loop) DropOut(c *Conn) {
	c.Out = nil
	if c.outBuffer != nil {
		l.buffers.give(c.outBuffer)
		c.outBuffer = nil
	}
}
