//go:build linux

package event

import (
	"time"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/reactor"
)

// takeBody begins with the request's body: a small one is read whole before an instance is asked.
func (e *exchange) takeBody() {
	f := e.request.Framing
	e.requestBody.begin(f, f.Kind)
	// A small body waits for an instance, and goes to the next one where that fails before anything was sent.
	e.requestBody.keeps = e.x.KeepsBody()
	if f.Empty() {
		e.requestBody.ended = true
		e.match()
		return
	}
	if e.x.ReadsAhead() {
		e.clientConn.phase = clientReadsBody
		e.readAhead()
		return
	}
	e.match()
}

// readAhead reads a small body to its end.
func (e *exchange) readAhead() {
	c := e.clientConn
	l := c.loop
	for !e.requestBody.body.Done() {
		if len(c.In) == 0 && !l.Read(&c.Conn, l.front[reactor.HeadSpace:], reactor.SharedBytes) {
			e.awaitBody()
			return
		}
		e.bodyCame()
		data, n, err := e.requestBody.body.Next(c.In)
		if err != nil {
			e.bodyFailed(proxy.FailedBody)
			return
		}
		e.requestBody.passed(data)
		l.Consume(&c.Conn, n)
	}
	c.ClearDeadline()
	e.bodyBegan, e.requestBody.ended = true, true
	e.match()
}

// awaitBody is called where nothing more of the body is there: the client may have gone, or has to send some in time.
func (e *exchange) awaitBody() {
	c := e.clientConn
	if c.Has(reactor.Broken) || c.Has(reactor.AtEOF) {
		e.abandon()
		return
	}
	l := c.loop
	if e.waitingSince == 0 {
		e.waitingSince = l.Clock
	}
	if e.upstreamConn != nil && e.upstreamConn.phase == upstreamWaiting {
		e.upstreamConn.ClearDeadline() // it can't answer what it has not got
	}
	wait := e.x.Patience(&e.pace, e.waited, e.requestBody.bytes)
	l.arm(&c.conn, max(wait, reactor.Tick))
}

// bodyCame ends a time of waiting for the client.
func (e *exchange) bodyCame() {
	if e.waitingSince != 0 {
		e.waited += time.Duration(e.clientConn.loop.Clock - e.waitingSince)
		e.waitingSince = 0
	}
}

// clientLate is called when the client has let its deadline pass.
func (e *exchange) clientLate() {
	c := e.clientConn
	switch {
	case e.awaitsContinue: // neither the instance nor the client has said anything: RFC 9110 section 10.1.1 lets the body come
		e.sendContinue()
	case len(c.Out) > 0, e.x.Status != 0, c.Has(reactor.ReadClosed) && (e.requestBody.ended || e.uploadStopped):
		e.abandon()
	default:
		e.bodyCame()
		e.bodyFailed(proxy.FailedSlow)
	}
}

// bodyFailed ends a request whose body can't be read to its end.
func (e *exchange) bodyFailed(f proxy.Failure) {
	if e.x.Status != 0 { // an answer has begun
		e.uploadStopped = true
		return
	}
	if e.upstreamConn != nil {
		e.failed(f)
		return
	}
	e.conclude(e.x.AttemptFailed(proxy.FailedAttempt{Failure: f}, e.clientConn.loop.Now))
}

// sendContinue lets a body come that the client holds back.
func (e *exchange) sendContinue() {
	c := e.clientConn
	e.awaitsContinue = false
	if out := e.x.AppendContinue(c.loop.message[:0]); len(out) > 0 {
		if _, ok := c.loop.Send(&c.Conn, out); !ok {
			e.abandon()
			return
		}
	}
	e.upload()
}

// upload moves what is at hand of the request's body to the instance.
func (e *exchange) upload() {
	c, u := e.clientConn, e.upstreamConn
	l := c.loop
	if e.requestBody.ended || e.uploadStopped || u == nil {
		return
	}
	if e.awaitsContinue {
		arrived := len(c.In) > 0 || c.Has(reactor.Readable)
		left, awaits := e.x.AwaitsContinue(arrived, time.Duration(l.Clock-e.sentAt))
		switch {
		case awaits:
			l.arm(&c.conn, left)
			return
		case !arrived:
			e.sendContinue()
			return
		}
		e.awaitsContinue = false
	}
	for moved := int64(0); !e.requestBody.ended; {
		if len(u.Out) > 0 || !u.Has(reactor.Writable) { // the instance's writability wakes us; the client is not to blame
			e.bodyCame()
			c.ClearDeadline()
			if progress := e.x.Timeouts().Progress; moved > 0 || u.stallLimit != progress || !u.HasDeadline() {
				l.watch(&u.conn, progress) // else its time runs, and what the client sends does not begin it anew
			}
			return
		}
		if moved >= reactor.TurnBytes {
			l.Requeue(&c.Conn)
			return
		}
		n, ok := e.uploadSome()
		if !ok {
			return
		}
		moved += n
	}
	e.bodyCame()
	c.ClearDeadline()
	e.tookSome()
}

// tookSome comes when the instance's socket has taken some of the request.
func (e *exchange) tookSome() {
	l, u := e.clientConn.loop, e.upstreamConn
	switch {
	case u.phase != upstreamWaiting:
	case len(u.Out) > 0:
		l.watch(&u.conn, e.x.Timeouts().Progress)
	default:
		e.await(e.x.Timeouts().Answer)
	}
}

// await gives the instance d for what it has to send next. What the kernel still holds of a body it has not got: while it takes of
// that, its time begins anew.
func (e *exchange) await(d time.Duration) {
	l := e.clientConn.loop
	if e.requestBody.bytes > proxy.AheadBytes {
		l.watch(&e.upstreamConn.conn, d)
	} else {
		l.arm(&e.upstreamConn.conn, d)
	}
}

// uploadSome takes one step. It is not ok where upload has to end for now.
func (e *exchange) uploadSome() (n int64, ok bool) {
	c, u := e.clientConn, e.upstreamConn
	l := c.loop
	if len(c.In) == 0 {
		switch {
		case e.requestBody.piped() > 0:
			return e.uploaded(l.emptyPipe(&e.requestBody, &u.Conn))
		case e.requestBody.body.Done():
		case l.spliceable(&e.requestBody):
			if !l.fillPipe(&e.requestBody, &c.Conn) {
				e.awaitBody()
				return 0, false
			}
			e.bodyCame()
			e.bodyBegan = true
			return e.uploaded(l.emptyPipe(&e.requestBody, &u.Conn))
		case !l.Read(&c.Conn, l.front[reactor.HeadSpace:], reactor.SharedBytes):
			e.awaitBody()
			return 0, false
		}
	}
	e.bodyCame()
	e.bodyBegan = true
	return e.uploaded(l.step(&e.requestBody, &c.Conn, &u.Conn, l.front, nil))
}

// uploaded deals with a step's end.
func (e *exchange) uploaded(n int64, how stepEnd) (int64, bool) {
	l := e.clientConn.loop
	switch how {
	case stepMalformed:
		e.bodyFailed(proxy.FailedBody)
		return n, false
	case stepTooLarge:
		e.bodyFailed(proxy.FailedLarge)
		return n, false
	case stepLost: // its answer may be there all the same
		e.uploadStopped = true
		e.upstreamConn.State |= reactor.Readable
		l.Requeue(&e.upstreamConn.Conn)
		return n, false
	}
	if n > 0 {
		e.tookSome()
	}
	return n, true
}

// skipBody throws away what is at hand of the request's body, and returns how much is still to come, -1 where that is unknown.
func (e *exchange) skipBody() int64 {
	c := e.clientConn
	for len(c.In) > 0 && !e.requestBody.body.Done() {
		_, n, err := e.requestBody.body.Next(c.In)
		if err != nil {
			return -1
		}
		c.loop.Consume(&c.Conn, n)
	}
	switch {
	case e.requestBody.body.Done():
		return 0
	case e.request.Framing.Kind == http1.Sized:
		return e.requestBody.body.Left()
	}
	return -1
}

// discard throws the rest of a request away whose answer is out, so that the next one can come.
func (e *exchange) discard() {
	c := e.clientConn
	l := c.loop
	for {
		before := len(c.In)
		left := e.skipBody()
		c.discarded += int64(before - len(c.In))
		if left == 0 && e.requestBody.body.Done() {
			e.recycle()
			c.awaitNext()
			return
		}
		if before > 0 && len(c.In) > 0 || c.discarded > proxy.DiscardBytes { // not framed as announced, or too much
			e.recycle()
			c.closeAfterResponse(true)
			return
		}
		if !l.Read(&c.Conn, l.front[reactor.HeadSpace:], reactor.SharedBytes) {
			if c.Has(reactor.AtEOF) || c.Has(reactor.Broken) {
				e.stopDiscarding()
			}
			return
		}
	}
}

// stopDiscarding gives the connection up.
func (e *exchange) stopDiscarding() {
	c := e.clientConn
	e.recycle()
	c.exchange = nil
	c.loop.endClient(c)
}
