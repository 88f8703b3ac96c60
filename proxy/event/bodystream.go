//go:build linux

package event

import (
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/filter"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/reactor"
)

// bodyStream is a message's body on its way from one connection to the other.
type bodyStream struct {
	body   http1.Body
	out    http1.Kind    // how it goes out: Chunked, or as it is
	ended  bool          // its end has been given to the other socket, too
	pipe   *reactor.Pipe // while it is spliced
	copies bool          // there was no pipe
	bytes  int64         // of content, so far
	most   int64         // of content that may come chunked; 0 is any number

	changes *filter.Changes // to its trailers

	keeps      bool   // what passes is kept for a repetition
	replay     []byte // what was kept
	incomplete bool   // it is not all that passed
}

// begin begins a body that comes framed as in and goes out as out.
func (f *bodyStream) begin(in http1.Framing, out http1.Kind) {
	f.body.Start(in)
	f.out, f.bytes, f.copies = out, 0, false
	f.keeps, f.replay, f.incomplete = false, f.replay[:0], false
	f.most, f.changes = 0, nil
	f.ended = f.body.Done()
}

// passed notes content that goes on its way. It must be called before the content's buffer is used again.
func (f *bodyStream) passed(data []byte) {
	f.bytes += int64(len(data))
	switch {
	case f.incomplete || len(data) == 0:
	case !f.keeps || len(f.replay)+len(data) > proxy.ReplayBytes:
		f.incomplete, f.replay = true, f.replay[:0]
	default:
		f.replay = append(f.replay, data...)
	}
}

// skipped notes content that was moved past us.
func (f *bodyStream) skipped(n int) {
	f.body.Skip(int64(n))
	f.incomplete, f.replay = true, f.replay[:0]
}

// read says whether the whole body has been read.
func (f *bodyStream) read() bool { return f.body.Done() }

// raw says whether content is at hand that goes out as it is.
func (f *bodyStream) raw() bool { return f.out != http1.Chunked && f.body.Left() != 0 }

// stepEnd is how a step of a body ended.
type stepEnd uint8

const (
	stepSome      stepEnd = iota // go on
	stepDone                     // the body and its end were given to the socket
	stepMalformed                // the body is not framed as announced
	stepTooLarge                 // more came than may
	stepLost                     // the socket that takes it is gone
)

// step sends head and what can be taken from src.in in one piece, and consumes it. shared is the buffer that src was read into.
func (l *loop) step(f *bodyStream, src, dst *reactor.Conn, shared, head []byte) (content int64, how stepEnd) {
	if f.out == http1.Chunked {
		return l.stepChunked(f, src, dst, head)
	}
	data, consumed, err := f.body.Next(src.In)
	if err != nil {
		return 0, stepMalformed
	}
	out := head
	if len(data) > 0 {
		out = l.before(head, data, src, shared)
	}
	sent := true
	if len(out) > 0 {
		_, sent = l.Send(dst, out)
	}
	f.passed(data) // the decoder has seen it, sent or not: what is left in src.in must be what comes behind it
	l.Consume(src, consumed)
	switch {
	case !sent:
		return 0, stepLost
	case f.body.Done():
		f.ended = true
		return int64(len(data)), stepDone
	}
	return int64(len(data)), stepSome
}

// stepChunked frames as many chunks as are at hand.
func (l *loop) stepChunked(f *bodyStream, src, dst *reactor.Conn, head []byte) (content int64, how stepEnd) {
	out, consumed := head, 0
	if len(head) == 0 {
		out = l.message[:0]
	}
	for !f.body.Done() {
		data, n, err := f.body.Next(src.In[consumed:])
		if err != nil {
			return 0, stepMalformed // what came before goes nowhere: nobody may take it for all
		}
		if n == 0 {
			break
		}
		consumed += n
		content += int64(len(data))
		f.passed(data)
		if f.most > 0 && f.bytes > f.most { // before a byte of it goes on: its end may be at hand, too
			l.Consume(src, consumed)
			return 0, stepTooLarge
		}
		out = http1.AppendChunk(out, data)
	}
	if f.body.Done() {
		out = l.appendLast(out, f)
	}
	l.message = keep(l.message, out)
	sent := true
	if len(out) > 0 {
		_, sent = l.Send(dst, out)
	}
	l.Consume(src, consumed)
	switch {
	case !sent:
		return 0, stepLost
	case f.body.Done():
		f.ended = true
		return content, stepDone
	}
	return content, stepSome
}

// before is head and data in one piece. Data that stands in a shared buffer has space before it, as whatever was read before it has been
// consumed: the head is copied there rather than the data behind the head.
func (l *loop) before(head, data []byte, src *reactor.Conn, shared []byte) []byte {
	if len(head) == 0 {
		return data
	}
	if at := len(shared) - cap(data); src.InShared() && at >= len(head) {
		copy(shared[at-len(head):at], head)
		return shared[at-len(head) : at+len(data)]
	}
	out := append(head, data...)
	l.message = keep(l.message, out)
	return out
}

// behind is a request's head together with the first of its body, of which most is to come: how much of it says n. Nothing is consumed.
func (l *loop) behind(head []byte, src *reactor.Conn, shared []byte, most int64) (out []byte, n int) {
	n = int(min(int64(len(src.In)), most))
	if n == 0 {
		return head, 0
	}
	return l.before(head, src.In[:n], src, shared), n
}

// mostMessage is the largest buffer for messages that a loop keeps.
const mostMessage = 128 << 10

// keep is b, or old where b has grown too large.
func keep(old, b []byte) []byte {
	if cap(b) > mostMessage {
		return old
	}
	return b[:0:cap(b)]
}

// appendAgain appends what was kept, framed as the body goes out, with its end where that has passed.
func (l *loop) appendAgain(dst []byte, f *bodyStream) []byte {
	if f.out != http1.Chunked {
		return append(dst, f.replay...)
	}
	dst = http1.AppendChunk(dst, f.replay)
	if f.body.Done() {
		dst = l.appendLast(dst, f)
	}
	return dst
}

// appendLast appends the end of a chunked body.
func (l *loop) appendLast(dst []byte, f *bodyStream) []byte {
	l.trailers = proxy.AppendTrailers(l.trailers[:0], f.body.Trailers(), f.changes)
	return http1.AppendLastChunk(dst, l.trailers)
}
