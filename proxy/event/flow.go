//go:build linux

package event

import (
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
)

// turnBytes is how much of one connection's body a turn moves.
const turnBytes = 256 << 10

// flow is a body on its way from one socket to another.
type flow struct {
	body   http1.Body
	out    http1.Kind // how it goes out: Chunked, or as it is
	ended  bool       // its end has been given to the other socket, too
	pipe   *pipe      // while it is spliced
	copies bool       // there was no pipe
	bytes  int64      // of content, so far

	keeps  bool   // what passes is kept for a repetition
	replay []byte // what was kept
	forgot bool   // it is not all that passed
}

// begin begins a body that comes framed as in and goes out as out.
func (f *flow) begin(in http1.Framing, out http1.Kind) {
	f.body.Start(in)
	f.out, f.bytes, f.copies = out, 0, false
	f.keeps, f.replay, f.forgot = false, f.replay[:0], false
	f.ended = f.body.Done()
}

// pass notes content that goes on its way. It must be called before the content's buffer is used again.
func (f *flow) pass(data []byte) {
	f.bytes += int64(len(data))
	switch {
	case f.forgot || len(data) == 0:
	case !f.keeps || len(f.replay)+len(data) > proxy.ReplayBytes:
		f.forgot, f.replay = true, f.replay[:0]
	default:
		f.replay = append(f.replay, data...)
	}
}

// skip notes content that was moved past us.
func (f *flow) skip(n int) {
	f.body.Skip(int64(n))
	f.forgot, f.replay = true, f.replay[:0]
}

// read says whether the whole body has been read.
func (f *flow) read() bool { return f.body.Done() }

// raw says whether content is at hand that goes out as it is.
func (f *flow) raw() bool { return f.out != http1.Chunked && f.body.Left() != 0 }

// put is how a step of a flow ended.
type put uint8

const (
	putSome    put = iota // go on
	putDone               // the body and its end were given to the socket
	putGarbled            // the body is not framed as announced
	putLost               // the socket that takes it is gone
)

// step sends head and what can be taken from src.in in one piece, and uses it up. shared is the buffer that src was read into.
func (l *loop) step(f *flow, src, dst *sock, shared, head []byte) (content int64, how put) {
	if f.out == http1.Chunked {
		return l.stepChunked(f, src, dst, head)
	}
	data, used, err := f.body.Next(src.in)
	if err != nil {
		return 0, putGarbled
	}
	out := head
	if len(data) > 0 {
		out = l.before(head, data, src, shared)
	}
	sent := true
	if len(out) > 0 {
		_, sent = l.send(dst, out)
	}
	f.pass(data) // the decoder has seen it, sent or not: what is left in src.in must be what comes behind it
	l.used(src, used)
	switch {
	case !sent:
		return 0, putLost
	case f.body.Done():
		f.ended = true
		return int64(len(data)), putDone
	}
	return int64(len(data)), putSome
}

// stepChunked frames as many chunks as are at hand.
func (l *loop) stepChunked(f *flow, src, dst *sock, head []byte) (content int64, how put) {
	out, used := head, 0
	if len(head) == 0 {
		out = l.message[:0]
	}
	for !f.body.Done() {
		data, n, err := f.body.Next(src.in[used:])
		if err != nil {
			return 0, putGarbled // what came before goes nowhere: nobody may take it for all
		}
		if n == 0 {
			break
		}
		used += n
		content += int64(len(data))
		f.pass(data)
		out = http1.AppendChunk(out, data)
	}
	if f.body.Done() {
		out = l.appendLast(out, f)
	}
	l.message = keep(l.message, out)
	sent := true
	if len(out) > 0 {
		_, sent = l.send(dst, out)
	}
	l.used(src, used)
	switch {
	case !sent:
		return 0, putLost
	case f.body.Done():
		f.ended = true
		return content, putDone
	}
	return content, putSome
}

// before is head and data in one piece. Data that stands in a shared buffer has room before it, as whatever was read before it has been
// used: the head is copied there rather than the data behind the head.
func (l *loop) before(head, data []byte, src *sock, shared []byte) []byte {
	if len(head) == 0 {
		return data
	}
	if at := len(shared) - cap(data); src.inOwned == nil && at >= len(head) {
		copy(shared[at-len(head):at], head)
		return shared[at-len(head) : at+len(data)]
	}
	out := append(head, data...)
	l.message = keep(l.message, out)
	return out
}

// behind is a request's head together with the first of its body, of which most is to come: how much of it says n. Nothing is used up.
func (l *loop) behind(head []byte, src *sock, shared []byte, most int64) (out []byte, n int) {
	n = int(min(int64(len(src.in)), most))
	if n == 0 {
		return head, 0
	}
	return l.before(head, src.in[:n], src, shared), n
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
func (l *loop) appendAgain(dst []byte, f *flow) []byte {
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
func (l *loop) appendLast(dst []byte, f *flow) []byte {
	l.trailers = proxy.AppendTrailers(l.trailers[:0], f.body.Trailers())
	return http1.AppendLastChunk(dst, l.trailers)
}
