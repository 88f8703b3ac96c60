package std

import (
	"github.com/pointsman/pointsman/proxy/http1"
)

// downstream is who made a request: an HTTP/1 connection, or a stream of HTTP/2. One goroutine uses it, and another one calls next. After
// an error of any method nothing but cut is of use.
type downstream interface {
	// readBody is what comes next of the request's body, valid until the next call; io.EOF stands at its end, with the last data or
	// alone. It waits at most as long as p allows.
	readBody(p *pace) ([]byte, error)
	// trailers are those behind the body, after io.EOF.
	trailers() []http1.Field
	// stopBody makes next fail, now and from now on. It may be called while next runs.
	stopBody()
	// bodyArrived says whether a client that was to hold its body back sends it all the same, as far as that is known.
	bodyArrived() bool
	// sendContinue tells a client that holds its body back to send it.
	sendContinue() error

	// watch calls gone, once at most, when the client goes away. next must not be running.
	watch(gone func())
	// unwatch ends that: gone does not run any more when it returns.
	unwatch()

	// head sends an answer's head. A final one may wait for flush.
	head(ans *http1.Response) error
	// write sends a part of the answer's body, which may wait for flush.
	write(data []byte) error
	flush() error
	// finish ends the answer's body.
	finish(trailers []http1.Field) error
	// localReply sends a local reply, whole.
	localReply() error
	// tunnel passes bytes both ways until both ways have ended.
	tunnel(b *upstreamConn)
	// cut ends what can't be answered, so that it shows.
	cut()
}
