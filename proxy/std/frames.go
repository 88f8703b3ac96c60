package std

import (
	"encoding/binary"
	"time"
)

// Frame types and flags (RFC 9113 section 6) that the bounds know.
const (
	frameData         = 0x0
	frameHeaders      = 0x1
	frameRSTStream    = 0x3
	frameGoAway       = 0x7
	frameWindowUpdate = 0x8
	frameContinuation = 0x9

	flagEndStream  = 0x1
	flagEndHeaders = 0x4
	flagPadded     = 0x8

	frameHeaderBytes = 9
)

// What an HTTP/2 client may send beside requests, their bodies and what answers let it say. Each of these frames costs us about what a
// small request costs, and says nothing that anybody waits for.
const (
	// controlRate is how many a second: one for each of the 250 streams that may be open at a time. controlBurst is four for each, which is
	// what browsers send when they open and order many streams at once.
	controlRate, controlBurst = 250, 1000
	// controlPerRequest is how many more each request allows: windows, priorities, the request's own end.
	controlPerRequest = 4
	// An answer's DATA frame allows one more (a PING that measures the way), and one for each KiB in it (clients open the windows again as
	// they read, most of them after half a window, some after each frame).
	controlPerKiB = 1
	// maxUnacknowledged bounds what a client that acknowledges nothing may save up. A burst of acknowledgements is no flood: frames get
	// small when windows are nearly used up, and thousands of them may be answered at once by a client that stood still.
	maxUnacknowledged = 1 << 16
	// resetRate is how many streams a second a client may give up beyond those that got an answer: of streams that live for a second,
	// 250 at a time, all of them.
	resetRate, resetBurst = 250, 500
	// windowRate is how many WINDOW_UPDATEs of less than smallWindow a second: each may make us send a frame as small. A client that
	// acknowledges small messages one by one sends two for each. windowPerKiB is how many more each KiB of an answer allows: where a
	// client acknowledges frame by frame, windows that are nearly used up make frames small, and small ones are acknowledged by few bytes.
	// One that asks for an answer byte by byte gains nothing by it.
	windowRate, windowBurst = 2000, 2000
	windowPerKiB            = 1
	smallWindow             = 256
)

// allowance is a token bucket.
type allowance struct {
	left, most, rate float64
	filled           time.Time
}

func newAllowance(rate, burst float64) allowance {
	return allowance{left: burst, most: burst, rate: rate, filled: time.Now()}
}

// spend is false where nothing is left.
func (a *allowance) spend(n float64) bool {
	if a.left < n {
		now := time.Now()
		a.earn(now.Sub(a.filled).Seconds() * a.rate)
		a.filled = now
	}
	if a.left < n {
		return false
	}
	a.left -= n
	return true
}

func (a *allowance) earn(n float64) { a.left = min(a.most, a.left+n) }

// walk finds the frames in bytes that pass in pieces.
type walk struct {
	head [frameHeaderBytes + 4]byte // of a frame, with as much of its payload as judging it takes
	have int
	skip int // bytes to come that are not looked at
	data bool
}

// between says that a frame has ended and none has begun.
func (w *walk) between() bool { return w.have == 0 && w.skip == 0 }

// inData says that what comes next is the payload of a DATA frame.
func (w *walk) inData() bool { return w.data && w.skip > 0 }

// pass walks over b and calls judge with each frame's header, once that and what need asks for have passed. It stops where judge is
// false, and says so.
func (w *walk) pass(b []byte, judge func(f frame) bool) bool {
	for len(b) > 0 {
		if w.skip > 0 {
			n := min(w.skip, len(b))
			w.skip -= n
			b = b[n:]
			continue
		}
		n := copy(w.head[w.have:w.need()], b)
		w.have += n
		b = b[n:]
		if w.have < frameHeaderBytes || w.have < w.need() {
			continue
		}
		f := w.frame()
		w.skip, w.data, w.have = f.length-(w.have-frameHeaderBytes), f.kind == frameData, 0
		if !judge(f) {
			return false
		}
	}
	return true
}

// need is how many bytes judging the frame takes: a padded one's first byte says how much of it is padding, and a WINDOW_UPDATE's
// four are the increment.
func (w *walk) need() int {
	if w.have < frameHeaderBytes {
		return frameHeaderBytes
	}
	length := int(w.head[0])<<16 | int(w.head[1])<<8 | int(w.head[2])
	switch w.head[3] {
	case frameData:
		if w.head[4]&flagPadded != 0 {
			return frameHeaderBytes + min(1, length)
		}
	case frameWindowUpdate, frameRSTStream:
		return frameHeaderBytes + min(4, length)
	}
	return frameHeaderBytes
}

// frame is a frame's header, and what is known of its payload.
type frame struct {
	kind, flags byte
	length      int
	stream      uint32
	content     int    // bytes of a DATA frame that are no padding
	value       uint32 // a WINDOW_UPDATE's increment, a RST_STREAM's code
}

func (w *walk) frame() frame {
	h := &w.head
	f := frame{kind: h[3], flags: h[4], length: int(h[0])<<16 | int(h[1])<<8 | int(h[2]), stream: binary.BigEndian.Uint32(h[5:]) & (1<<31 - 1)}
	f.content = f.length
	switch {
	case f.kind == frameData && f.flags&flagPadded != 0:
		f.content = f.length - 1 - int(h[frameHeaderBytes])
	case w.have == len(h):
		f.value = binary.BigEndian.Uint32(h[frameHeaderBytes:]) & (1<<31 - 1)
	}
	return f
}
