package proxy

import "github.com/pointsman/pointsman/proxy/http1"

// What both drivers decide about the two ends of a request's body: when it is read before an instance is asked, and when what is left of
// it ends the client's connection.

// ReadsAhead says that the request's body is small enough to be read whole before an instance is asked: its length is known and at most
// AheadBytes, and the client does not hold it back.
func (x *Exchange) ReadsAhead() bool {
	f := x.Request.Framing
	return f.Kind == http1.Sized && f.Length > 0 && f.Length <= AheadBytes && !x.Request.Continue
}

// BeforeAnswer notes, before an instance's answer is given, what ends the client's connection after it: the listener is draining, or the
// answer is early, as not all of the request's body is on its way to the instance; what is left of it is never read as a request. CloseAfter
// says so from now on.
func (x *Exchange) BeforeAnswer(draining, early bool) { x.Ending = x.Ending || draining || early }

// BeforeLocalReply is BeforeAnswer for a local reply: left is how much of the request's body is still to come, -1 where that is unknown. A small
// rest is read and thrown away after the answer, and the connection is kept.
func (x *Exchange) BeforeLocalReply(draining bool, left int64) {
	x.Ending = x.Ending || draining || left != 0 && !x.mayDrain(left)
}

// mayDrain says whether, after an answer that did not wait for the request's end, the rest of the body may be read and thrown away so
// that the connection can be kept: left is how much of it is still to come, -1 where that is unknown. Otherwise the connection
// ends; what is left is never read as a request.
func (x *Exchange) mayDrain(left int64) bool {
	return left < DiscardBytes && !x.CloseAfter() && (!x.Request.Continue || x.continued)
}
