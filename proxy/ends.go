package proxy

import (
	"time"

	"github.com/pointsman/pointsman/proxy/http1"
)

// What both drivers decide about the two ends of an exchange: when a request's body is read, kept and asked for, and what becomes of
// the two connections behind the response.

// ReadsAhead says that the request's body is small enough to be read whole before an instance is asked: its length is known and at most
// AheadBytes, and the client does not wait for 100 with it.
func (x *Exchange) ReadsAhead() bool {
	f := x.Request.Framing
	return f.Kind == http1.Sized && f.Length > 0 && f.Length <= AheadBytes && !x.Request.Continue
}

// KeepsBody says that what is read of the request's body is kept, up to ReplayBytes, so that it can be sent again. A large body of a
// request that may not be repeated is not worth that: nothing of it is read before its instance has the head, and then there is no
// other attempt.
func (x *Exchange) KeepsBody() bool {
	f := x.Request.Framing
	return x.Idempotent() || f.Kind == http1.Sized && f.Length <= AheadBytes
}

// AwaitsContinue says that the request's body is not passed on yet, as the client may be waiting for 100 (RFC 9110 section 10.1.1), and for
// how much longer: the client has nothing of it sent (arrived is false) and waited, the time since the request's head went out, is below
// ContinueWait. Afterwards the listener sends the client 100 itself. Between, the instance's 100 ends the wait, other interim responses do
// not, and after a final one the body is not asked for at all.
func (x *Exchange) AwaitsContinue(arrived bool, waited time.Duration) (left time.Duration, awaits bool) {
	if !x.Request.Continue || x.continued || arrived || waited >= ContinueWait {
		return 0, false
	}
	return ContinueWait - waited, true
}

// BeforeAnswer notes, before an instance's answer is given, what ends the client's connection after it: the listener is draining, or the
// answer is early, as not all of the request's body was read from the client; what is left of it is never read as a request. What was
// read and did not get to the instance matters to the connection there, and not here. CloseAfter says so from now on.
func (x *Exchange) BeforeAnswer(draining, early bool) { x.Ending = x.Ending || draining || early }

// BeforeLocalReply is BeforeAnswer for a local reply: left is how much of the request's body is still to come, -1 where that is
// unknown. A small rest is read and thrown away after the answer, and the connection is kept.
func (x *Exchange) BeforeLocalReply(draining bool, left int64) {
	x.Ending = x.Ending || draining || left != 0 && !x.mayDiscard(left)
}

// mayDiscard says whether, after an answer that did not wait for the request's end, the rest of the body may be read and thrown away so
// that the connection can be kept: left is how much of it is still to come, -1 where that is unknown. Otherwise the connection
// ends; what is left is never read as a request.
func (x *Exchange) mayDiscard(left int64) bool {
	return left < DiscardBytes && !x.CloseAfter() && (!x.Request.Continue || x.continued)
}

// ClientEnd is what a listener knows of a client's connection that ends behind its last response.
type ClientEnd struct {
	Refused bool // no whole request was read from it
	Unread  bool // not all of the last request's body was
	Waiting bool // bytes behind it are at hand
}

// Lingers says whether the connection is read for a while, LingerTime and LingerBytes at most, and closed then: closing it with something
// unread resets it, and the client might not see the response (RFC 9112 section 9.6).
func (e ClientEnd) Lingers() bool { return e != ClientEnd{} }

// UpstreamEnd is what a listener knows of an upstream connection when the response on it is complete.
type UpstreamEnd struct {
	Close   bool // the response says that the connection ends
	Unsent  bool // not all of the request's body was given to it
	Surplus bool // bytes came behind the response, which nobody asked for
	Ended   bool // its end was seen
}

// Reusable says whether the connection may carry another request: both sides of it are complete.
func (e UpstreamEnd) Reusable() bool { return e == UpstreamEnd{} }
