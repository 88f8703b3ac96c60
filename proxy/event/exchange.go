//go:build linux

package event

import (
	"time"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
)

// keepHead is the largest head whose buffer an unused exchange keeps.
const keepHead = 4 << 10

// exchange is one request on its way: what package proxy knows of it, its two connections and its two bodies.
type exchange struct {
	x            proxy.Exchange
	request      http1.Request
	head         []byte // what request's strings are views of
	clientConn   *clientConn
	upstreamConn *upstreamConn // nil while there is no upstream connection

	requestBody, responseBody bodyStream
	awaitsContinue            bool // the client holds its body back until it is told 100
	bodyBegan                 bool // a byte of the body went on its way
	responseBegan             bool // the present attempt brought something of an answer
	uploadStopped             bool // the present attempt takes no more of the body
	sentWhole                 bool // the present attempt's request went out at once
	noReuse                   bool // the instance's connection can't be used again
	finished                  bool // x.Finish was called

	sentAt       int64         // loop's clock when the head was sent
	waited       time.Duration // for the client's body
	pace         proxy.Pace    // of that
	waitingSince int64         // since when it is being waited for; 0 = it is not

	ticket uint64    // another one for each life
	next   *exchange // in a free list
}

// begin makes the exchange that of a client's request; the head is copied, as what it stands in is soon used again.
func (e *exchange) begin(c *clientConn, head []byte) {
	e.clientConn, c.exchange = c, e
	c.phase = clientBusy
	e.head = append(e.head[:0], head...)
	e.x.MayHandOver = c.loop.server.handOver != nil
	e.awaitsContinue, e.bodyBegan, e.responseBegan, e.uploadStopped, e.sentWhole, e.noReuse = false, false, false, false, false, false
	e.finished = true // until x has begun
	e.sentAt, e.waited, e.waitingSince, e.pace = 0, 0, 0, proxy.Pace{}
	e.requestBody.begin(http1.Framing{}, http1.None)
	e.responseBody.begin(http1.Framing{}, http1.None)
}

// recycle ends the exchange's life; x was finished before.
func (e *exchange) recycle() {
	l := e.clientConn.loop
	if cap(e.head) > keepHead {
		e.head = nil
	}
	if cap(e.requestBody.replay) > keepHead {
		e.requestBody.replay = nil
	}
	l.dropPipe(&e.requestBody)
	l.dropPipe(&e.responseBody)
	e.clientConn, e.upstreamConn = nil, nil
	e.ticket++
	l.free.putExchange(e)
}

// reply gives the client a local reply.
func (e *exchange) reply() {
	e.ticket++
	c := e.clientConn
	l := c.loop
	e.dropUpstream()
	e.x.BeforeLocalReply(l.server.listen.Draining(), e.skipBody())
	l.message = e.x.AppendLocalReply(l.message[:0], e.x.CloseAfter(), l.Now)
	if _, ok := l.Send(&c.Conn, l.message); !ok {
		e.abandon()
		return
	}
	e.complete()
}

// complete comes when the whole answer was given to the socket.
func (e *exchange) complete() {
	c := e.clientConn
	if len(c.Out) > 0 {
		c.phase = clientFlushing
		c.loop.watch(&c.conn, e.x.Timeouts().Progress)
		return
	}
	e.finish()
}

func (e *exchange) flushRest() {
	c := e.clientConn
	had := len(c.Out)
	if !c.loop.Flush(&c.Conn) {
		e.abandon()
		return
	}
	if len(c.Out) == had {
		return
	}
	e.complete()
}

// finish ends the request: the answer is out.
func (e *exchange) finish() {
	c := e.clientConn
	c.ClearDeadline()
	e.end()
	switch unread := !e.requestBody.read(); {
	case e.x.CloseAfter():
		e.recycle()
		c.closeAfterResponse(unread)
	case unread:
		c.phase, c.discarded = clientDiscarding, 0
		c.loop.arm(&c.conn, proxy.LingerTime)
		e.discard()
	default:
		e.recycle()
		c.awaitNext()
	}
}

// end counts and logs the request, once.
func (e *exchange) end() {
	if !e.finished {
		e.finished = true
		e.x.Received = e.requestBody.bytes
		e.x.Finish(e.clientConn.loop.Now)
	}
}

// abandon ends the request and the client's connection without a further byte: the client is gone, or must see its answer cut. One to
// whom the connection's end means the answer's gets a reset.
func (e *exchange) abandon() {
	c := e.clientConn
	if e.responseBody.out == http1.UntilClose && c.FD() >= 0 {
		c.ResetOnClose()
	}
	e.dropUpstream()
	e.end()
	e.recycle()
	c.exchange = nil
	c.loop.endClient(c)
}

// panicked ends the request after a panic, with an answer where none has begun.
func (e *exchange) panicked() {
	e.conclude(e.x.AfterPanic(e.finished || e.x.Status != 0))
}
