package std

import (
	"github.com/pointsman/pointsman/proxy/http1"
)

// A client's request has three sides, and what wraps one of them need not know the others: its body, the client's presence, and the
// response. An HTTP/1 connection and a stream of HTTP/2 are all three. One goroutine uses them, and another one may call
// readBody. After an error of any method nothing but cut is of use.

// requestBody is the body of a request, as it comes from its client.
type requestBody interface {
	// readBody is what comes next of the body, valid until the next call; io.EOF comes at its end, with the last data or alone. It
	// waits at most as long as p allows.
	readBody(p *pace) ([]byte, error)
	// trailers are those behind the body, after io.EOF.
	trailers() []http1.Field
	// stopBody makes readBody fail, now and from now on. It may be called while readBody runs.
	stopBody()
	// bodyArrived says whether a client that asked for 100 sends its body without waiting for it, as far as that is known.
	bodyArrived() bool
	// sendContinue sends 100, so that the client sends its body.
	sendContinue() error
}

// presence is the client's end of the connection or stream, for as long as the request lasts.
type presence interface {
	// watch calls gone, once at most, when the client goes away, and arrived, unless nil, each time that bodyArrived has become true or
	// more has come. readBody must not be running.
	watch(gone, arrived func())
	// unwatch ends that: neither runs any more when it returns.
	unwatch()
	// tunnel passes bytes both ways until both ways have ended.
	tunnel(u *upstreamConn)
	// cut ends a response that can't be completed, so that the client sees that.
	cut()
}

// responseWriter sends the response to a request.
type responseWriter interface {
	// head sends a response's head. A final one may wait for flush.
	head(ans *http1.Response) error
	// write sends a part of the response's body, which may wait for flush.
	write(data []byte) error
	flush() error
	// finish ends the response's body.
	finish(trailers []http1.Field) error
	// localReply sends a local reply, whole.
	localReply() error
}

// downstream is the client's side of a request, whichever version of HTTP it speaks.
type downstream interface {
	requestBody
	presence
	responseWriter
}
