//go:build linux

package event

import (
	"golang.org/x/sys/unix"

	"github.com/pointsman/pointsman/proxy/http1"
)

const (
	// spliceFrom is how much of a body must still be to come for moving it inside the kernel: below it, copying costs less.
	spliceFrom = 32 << 10
	// pipeBytes is a pipe's size: what one connection may move in a turn.
	pipeBytes = turnBytes
	// mostPipes bounds the pipes of a loop, each of which can hold pipeBytes of kernel memory for a client that does not read, and
	// two descriptors: beyond, bodies are copied.
	mostPipes = 128
)

// pipe carries a body inside the kernel.
type pipe struct {
	r, w   int
	filled int // bytes in it
	next   *pipe
}

// pipes keeps empty pipes.
type pipes struct {
	free *pipe
	open int
}

// piped is what a body has in its pipe.
func (f *bodyStream) piped() int {
	if f.pipe == nil {
		return 0
	}
	return f.pipe.filled
}

// spliceable says whether the next of a body should move inside the kernel, and sees to it that there is a pipe.
func (l *loop) spliceable(f *bodyStream) bool {
	if !f.raw() || f.body.Left() < spliceFrom || f.copies {
		return false
	}
	if f.pipe == nil {
		f.copies = !l.takePipe(f)
	}
	return !f.copies
}

// takePipe gives f a pipe; it is false where there is none to be had.
func (l *loop) takePipe(f *bodyStream) bool {
	if p := l.pipes.free; p != nil {
		l.pipes.free, p.next = p.next, nil
		f.pipe = p
		return true
	}
	if l.pipes.open >= mostPipes || !l.files.Spare() {
		return false
	}
	var fds [2]int
	if unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK) != nil {
		return false
	}
	p := &pipe{r: fds[0], w: fds[1]}
	// Refused where the user's share of pipe memory is used up: it works with what it has.
	_, _ = unix.FcntlInt(uintptr(p.w), unix.F_SETPIPE_SZ, pipeBytes)
	l.pipes.open++
	l.files.Add(2)
	f.pipe = p
	return true
}

// dropPipe takes a body's pipe away; one that still holds something is closed.
func (l *loop) dropPipe(f *bodyStream) {
	p := f.pipe
	if p == nil {
		return
	}
	if f.pipe = nil; p.filled > 0 {
		l.closePipe(p)
		return
	}
	p.next, l.pipes.free = l.pipes.free, p
}

func (l *loop) closePipe(p *pipe) {
	sysClose(p.r)
	sysClose(p.w)
	l.pipes.open--
	l.files.Add(-2)
}

// fillPipe moves what is at hand of a body into its empty pipe. It is false where nothing came; as with read, src.state says why.
func (l *loop) fillPipe(f *bodyStream, src *conn) bool {
	if !src.has(canRead) {
		return false
	}
	n, errno := sysSplice(int(src.fd), f.pipe.w, int(min(f.body.Left(), pipeBytes)))
	switch {
	case errno == unix.EAGAIN:
		src.state &^= canRead
		return false
	case errno != 0:
		src.state &^= canRead
		src.fault(errno)
		return false
	case n == 0:
		src.state = src.state&^canRead | atEOF | shut
		return false
	}
	f.skipped(n)
	f.pipe.filled = n
	return true
}

// emptyPipe gives dst what the body's pipe holds.
func (l *loop) emptyPipe(f *bodyStream, dst *conn) (content int64, how stepEnd) {
	p := f.pipe
	n, errno := sysSplice(p.r, int(dst.fd), p.filled)
	switch {
	case errno == unix.EAGAIN:
		dst.state &^= canWrite
		return 0, stepSome
	case errno != 0:
		dst.fault(errno)
		return 0, stepLost
	}
	f.bytes += int64(n)
	if p.filled -= n; p.filled > 0 { // a signal ends a splice early too, so that only EAGAIN says that the socket is full
		return int64(n), stepSome
	}
	if f.body.Left() < spliceFrom {
		l.dropPipe(f)
	}
	if f.body.Done() && f.out != http1.Chunked {
		f.ended = true
		return int64(n), stepDone
	}
	return int64(n), stepSome
}
