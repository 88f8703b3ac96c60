//go:build linux

package event

import (
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/reactor"
)

// spliceFrom is how much of a body must still be to come for moving it inside the kernel: below it, copying costs less.
const spliceFrom = 32 << 10

// piped is what a body has in its pipe.
func (f *bodyStream) piped() int {
	if f.pipe == nil {
		return 0
	}
	return f.pipe.Filled
}

// spliceable says whether the next of a body should move inside the kernel, and sees to it that there is a pipe.
func (l *loop) spliceable(f *bodyStream) bool {
	if !f.raw() || f.body.Left() < spliceFrom || f.copies {
		return false
	}
	if f.pipe == nil {
		f.pipe = l.TakePipe()
		f.copies = f.pipe == nil
	}
	return !f.copies
}

// dropPipe takes a body's pipe away.
func (l *loop) dropPipe(f *bodyStream) {
	if f.pipe != nil {
		l.DropPipe(f.pipe)
		f.pipe = nil
	}
}

// fillPipe moves what is at hand of a body into its empty pipe. It is false where nothing came; as with Read, src.State says why.
func (l *loop) fillPipe(f *bodyStream, src *reactor.Conn) bool {
	if !f.pipe.Fill(src, int(min(f.body.Left(), reactor.PipeBytes))) {
		return false
	}
	f.skipped(f.pipe.Filled)
	return true
}

// emptyPipe gives dst what the body's pipe holds.
func (l *loop) emptyPipe(f *bodyStream, dst *reactor.Conn) (content int64, how stepEnd) {
	n, ok := f.pipe.Empty(dst)
	if !ok {
		return 0, stepLost
	}
	f.bytes += int64(n)
	if f.pipe.Filled > 0 {
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
