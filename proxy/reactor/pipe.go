//go:build linux

package reactor

import "golang.org/x/sys/unix"

const (
	// PipeBytes is a pipe's size: what one connection may move in a turn.
	PipeBytes = TurnBytes
	// mostPipes bounds the pipes of a loop, each of which can hold PipeBytes of kernel memory for a peer that does not read, and two
	// descriptors: beyond, bytes are copied.
	mostPipes = 128
)

// Pipe carries bytes from one connection to the other inside the kernel.
type Pipe struct {
	// Filled is how many bytes are in it.
	Filled int

	r, w int
	next *Pipe
}

// pipes keeps empty pipes.
type pipes struct {
	free *Pipe
	open int
}

// TakePipe is an empty pipe; nil where there is none to be had.
func (l *Loop) TakePipe() *Pipe {
	if p := l.pipes.free; p != nil {
		l.pipes.free, p.next = p.next, nil
		return p
	}
	if l.pipes.open >= mostPipes || !l.o.Descriptors.Spare() {
		return nil
	}
	var fds [2]int
	if unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK) != nil {
		return nil
	}
	p := &Pipe{r: fds[0], w: fds[1]}
	// Refused where the user's share of pipe memory is used up: it works with what it has.
	_, _ = unix.FcntlInt(uintptr(p.w), unix.F_SETPIPE_SZ, PipeBytes)
	l.pipes.open++
	l.o.Descriptors.Add(2)
	return p
}

// DropPipe takes a pipe back; one that still holds something is closed. nil is none.
func (l *Loop) DropPipe(p *Pipe) {
	switch {
	case p == nil:
	case p.Filled > 0:
		l.closePipe(p)
	default:
		p.next, l.pipes.free = l.pipes.free, p
	}
}

func (l *Loop) closePipe(p *Pipe) {
	sysClose(p.r)
	sysClose(p.w)
	l.pipes.open--
	l.o.Descriptors.Add(-2)
}

// Fill moves what src has at hand, at most n bytes, into the pipe, which is empty. It is false where nothing came; as with Read, src.State
// says why.
func (p *Pipe) Fill(src *Conn, n int) bool {
	if !src.Has(Readable) {
		return false
	}
	n, errno := sysSplice(int(src.fd), p.w, min(n, PipeBytes))
	switch {
	case errno == unix.EAGAIN:
		src.State &^= Readable
		return false
	case errno != 0:
		src.State &^= Readable
		src.fault(errno)
		return false
	case n == 0:
		src.State = src.State&^Readable | AtEOF | ReadClosed
		return false
	}
	p.Filled = n
	return true
}

// Empty gives dst what the pipe holds, and returns how much of it dst took. It is false where the connection is lost.
func (p *Pipe) Empty(dst *Conn) (n int, ok bool) {
	n, errno := sysSplice(p.r, int(dst.fd), p.Filled)
	switch {
	case errno == unix.EAGAIN: // and only that says that the socket is full: a signal ends a splice early, too
		dst.State &^= Writable
		return 0, true
	case errno != 0:
		dst.fault(errno)
		return 0, false
	}
	p.Filled -= n
	return n, true
}
