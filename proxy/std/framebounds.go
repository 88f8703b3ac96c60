package std

import (
	"sync"
)

// frameBounds holds what an HTTP/2 connection may still do. What is read and what is written pass by it, by a goroutine each.
type frameBounds struct {
	mu              sync.Mutex
	in, out         walk
	control, resets allowance
	windows         allowance
	unacknowledged  int    // WINDOW_UPDATEs that DATA frames have earned, see maxUnacknowledged
	last            uint32 // the newest stream
	inHead          bool   // a head has begun whose end is to come
	heads           int    // whole ones
	over            string // which bound was passed; empty for none
}

func newFrameBounds() *frameBounds {
	b := &frameBounds{control: newAllowance(controlRate, controlBurst), resets: newAllowance(resetRate, resetBurst), windows: newAllowance(windowRate, windowBurst)}
	b.in.skip = len(http2Preface)
	return b
}

// http2Preface is what a client's side begins with (RFC 9113 section 3.4).
const http2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// read looks at what comes from the client. It is not empty where a bound was passed.
func (b *frameBounds) read(p []byte) (over string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.in.pass(p, b.came)
	return b.over
}

func (b *frameBounds) came(f frame) bool {
	switch f.kind {
	case frameHeaders:
		b.begins(f)
		return true
	case frameContinuation:
		b.inHead = b.inHead && f.flags&flagEndHeaders == 0
		b.heads += int(f.flags & flagEndHeaders / flagEndHeaders)
	case frameData:
		if f.content > 0 || f.flags&flagEndStream != 0 {
			return true
		}
	case frameRSTStream:
		return b.within(&b.resets, 1, "streams that are given up")
	case frameWindowUpdate:
		if f.value < smallWindow {
			return b.within(&b.windows, 1, "WINDOW_UPDATE frames of a few bytes")
		}
		if b.unacknowledged > 0 {
			b.unacknowledged--
			return true
		}
	}
	return b.within(&b.control, 1, "frames without a request")
}

// begins takes a HEADERS frame: of a request, or of trailers.
func (b *frameBounds) begins(f frame) {
	if f.stream > b.last {
		b.last = f.stream
		b.control.earn(controlPerRequest)
	}
	if b.inHead = f.flags&flagEndHeaders == 0; !b.inHead {
		b.heads++
	}
}

// wrote looks at what goes to the client.
func (b *frameBounds) wrote(p []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.out.pass(p, b.went)
}

func (b *frameBounds) went(f frame) bool {
	switch f.kind {
	case frameHeaders:
		b.resets.earn(1)
	case frameData:
		kib := float64(f.length) / 1024
		b.control.earn(1 + kib*controlPerKiB)
		b.windows.earn(kib * windowPerKiB)
		b.unacknowledged = min(b.unacknowledged+2, maxUnacknowledged) // on the stream, and on the connection
	case frameRSTStream:
		const noError, internalError, cancel = 0x0, 0x2, 0x8 // RFC 9113 section 7
		if f.value != noError && f.value != internalError && f.value != cancel {
			b.within(&b.control, 1+controlPerRequest, "broken requests") // what it began earned something
		}
	}
	return true
}

func (b *frameBounds) within(a *allowance, n float64, what string) bool {
	if !a.spend(n) && b.over == "" {
		b.over = what
	}
	return b.over == ""
}

// state is what the reader waits for.
func (b *frameBounds) state() (waiting http2Wait) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.heads == 0:
		return forFirstHead
	case b.inHead || !b.in.between() && !b.in.inData():
		return forRest
	}
	return forAnything
}

// busy says whether something has come that is more than a connection's beginning.
func (b *frameBounds) busy() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.heads > 0 || b.inHead || b.over != "" || !b.in.between()
}

// http2Wait is what a connection waits for.
type http2Wait uint8

const (
	forAnything  http2Wait = iota
	forFirstHead           // of the connection
	forRest                // of a head, or of a frame that is not DATA
)
