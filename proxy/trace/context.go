package trace

import (
	"encoding/hex"
	"math/rand/v2"
)

// TraceID and SpanID are those of W3C Trace Context; all zero is none.
type (
	TraceID [16]byte
	SpanID  [8]byte
)

// Context is where a request stands in a trace. The zero value is none.
type Context struct {
	Trace  TraceID
	Parent SpanID // whoever sent the request; zero where the trace begins here
	Span   SpanID // the request's own
	flags  byte
}

// The flags of trace context. Random is of level 2: the trace id is random, which holds for as long as the id does.
const (
	flagSampled = 1
	flagRandom  = 2
)

// traceparentLength is that of version 00.
const traceparentLength = len("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")

// ParseTraceparent reads the value of a traceparent field (Trace Context section 3.2), of this version or a later one.
func ParseTraceparent(s string) (c Context, ok bool) {
	if len(s) < traceparentLength || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return Context{}, false
	}
	var version, flags [1]byte
	if !fromHex(version[:], s[:2]) || version[0] == 0xff || !fromHex(c.Trace[:], s[3:35]) || !fromHex(c.Parent[:], s[36:52]) || !fromHex(flags[:], s[53:55]) {
		return Context{}, false
	}
	if len(s) > traceparentLength && (version[0] == 0 || s[traceparentLength] != '-') {
		return Context{}, false
	}
	c.flags = flags[0] & (flagSampled | flagRandom)
	return c, c.Trace != TraceID{} && c.Parent != SpanID{}
}

// fromHex reads lower-case hexadecimal digits, the only ones that are allowed.
func fromHex(dst []byte, s string) bool {
	for i := range dst {
		high, low := digit(s[2*i]), digit(s[2*i+1])
		if high|low > 0xf {
			return false
		}
		dst[i] = high<<4 | low
	}
	return true
}

// digit is the value of a digit; above 15 for what is none.
func digit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return 0x10
}

// AppendTraceparent appends the value of the field that says that span is the parent of what follows.
func (c *Context) AppendTraceparent(dst []byte, span SpanID) []byte {
	dst = hex.AppendEncode(append(dst, "00-"...), c.Trace[:])
	dst = hex.AppendEncode(append(dst, '-'), span[:])
	return hex.AppendEncode(append(dst, '-'), []byte{c.flags})
}

// Asks says whether the sender wants the request to be sampled.
func (c *Context) Asks() bool { return c.flags&flagSampled != 0 }

// NewSpanID is a random one.
func NewSpanID() (id SpanID) {
	n := rand.Uint64() | 1 // zero means none
	for i := range id {
		id[i] = byte(n >> (8 * i))
	}
	return id
}

// newTrace is the context of a request with which a trace begins.
func newTrace(sampled bool) (c Context) {
	a, b := NewSpanID(), NewSpanID()
	copy(c.Trace[:8], a[:])
	copy(c.Trace[8:], b[:])
	if c.Span = NewSpanID(); sampled {
		c.flags = flagSampled
	}
	return c
}
