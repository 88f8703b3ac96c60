//go:build linux

package event

import (
	"time"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/reactor"
)

// largeHead is what is read at first of an answer where the one before it was large: enough for a head, while the rest is not copied
// but spliced.
const largeHead = 4 << 10

// fromUpstream comes when something has happened to the instance's connection.
func (e *exchange) fromUpstream() {
	u := e.upstreamConn
	l := e.clientConn.loop
	if len(u.Out) > 0 {
		had := len(u.Out)
		if !l.Flush(&u.Conn) {
			e.uploadStopped = true
			l.DropOut(&u.Conn)
			u.State |= reactor.Readable // its answer may be there all the same
		} else if len(u.Out) < had {
			e.tookSome()
		}
	}
	if e.upload(); e.upstreamConn != u {
		return
	}
	switch u.phase {
	case upstreamWaiting:
		e.awaitAnswer()
	case upstreamResponding:
		e.download(nil)
	}
}

// fromClient comes when something has happened to the client's connection.
func (e *exchange) fromClient() {
	c := e.clientConn
	l := c.loop
	if len(c.Out) > 0 {
		had := len(c.Out)
		if !l.Flush(&c.Conn) {
			e.abandon()
			return
		}
		switch {
		case len(c.Out) == had:
		case len(c.Out) > 0:
			l.watch(&c.conn, e.x.Timeouts().Progress)
		default:
			c.ClearDeadline()
		}
	}
	u := e.upstreamConn
	if u == nil {
		return
	}
	if u.phase == upstreamWaiting || u.phase == upstreamResponding {
		if e.upload(); e.clientConn != c || e.upstreamConn != u {
			return
		}
	}
	if u.phase == upstreamResponding { // last, as a client that takes nothing of its answer has a deadline, whatever it sends
		e.download(nil)
	}
}

// awaitAnswer reads heads until the final one.
func (e *exchange) awaitAnswer() {
	u := e.upstreamConn
	l := e.clientConn.loop
	for {
		if len(u.In) > 0 {
			e.responseBegan = true
			size, err := u.find.Find(u.In, proxy.AnswerBytes)
			if err == nil && size > 0 {
				err = l.answer.Parse(u.In[:size], e.request.Method, l.server.answers)
			}
			if err != nil {
				e.x.Blame(err)
				e.failed(proxy.FailedAnswer)
				return
			}
			if size > 0 {
				if !e.responseHead(size) {
					return
				}
				continue
			}
		}
		space := l.back[reactor.HeadSpace:]
		if u.pool.large {
			space = space[:largeHead]
		}
		if !l.Read(&u.Conn, space, proxy.AnswerBytes) {
			e.noAnswer()
			return
		}
	}
}

// noAnswer is called where nothing more of an answer is there: the connection may have ended.
func (e *exchange) noAnswer() {
	u := e.upstreamConn
	if u.Has(reactor.Broken) || u.Has(reactor.AtEOF) {
		e.failed(proxy.EndedEarly(e.responseBegan, u.Has(reactor.WasReset)))
	}
}

// responseHead takes the head of an answer, the first size bytes of what came; it is true where another one follows.
func (e *exchange) responseHead(size int) bool {
	l := e.clientConn.loop
	switch e.x.Classify(&l.answer) {
	case proxy.ResponseInterim:
		return e.interim(size)
	case proxy.ResponseSwitch:
		e.switchOver(size)
	case proxy.ResponseFinal:
		e.answered(size)
	default:
		e.failed(proxy.FailedAnswer)
	}
	return false
}

// interim passes an interim answer on. A client that was waiting for 100 may now send its body.
func (e *exchange) interim(size int) bool {
	c, u := e.clientConn, e.upstreamConn
	l := c.loop
	out := e.x.AppendInterim(l.message[:0], &l.answer)
	proceed := l.answer.Status == 100
	l.Consume(&u.Conn, size)
	if len(out) > 0 {
		if _, ok := l.Send(&c.Conn, out); !ok {
			e.abandon()
			return false
		}
	}
	if proceed && e.awaitsContinue {
		e.awaitsContinue = false
		e.upload()
	}
	return e.upstreamConn == u && u.phase == upstreamWaiting
}

// answered takes the head of the final answer.
func (e *exchange) answered(size int) {
	c, u := e.clientConn, e.upstreamConn
	l := c.loop
	ans := &l.answer
	took := time.Duration(l.Clock - e.sentAt)
	if e.x.Elsewhere(ans, took, u.reused, e.replayable(), l.Now) {
		e.dropAnswer(size)
		return
	}
	e.x.Answered(ans, took, l.Now, u.reused)
	c.ClearDeadline() // what it was waited for was its body
	if e.sentWhole {
		u.ClearDeadline() // it was that of the head, which may be much shorter than a body takes
	}
	e.x.BeforeAnswer(l.server.listen.Draining(), !e.requestBody.read())
	head := e.x.AppendAnswer(l.message[:0], ans, e.x.CloseAfter(), l.Now)
	if e.awaitsContinue {
		e.awaitsContinue, e.uploadStopped = false, true // the body is not asked for any more
	}
	e.responseBody.begin(ans.Framing, e.x.AnswerFraming(ans).Kind)
	e.responseBody.changes = e.x.ResponseChanges()
	e.noReuse = ans.Close
	u.pool.large = ans.Framing.Length >= spliceFrom+reactor.SharedBytes
	u.phase = upstreamResponding
	l.Consume(&u.Conn, size)
	l.message = keep(l.message, head)
	e.download(head)
}

// dropAnswer asks another instance although this one answered; the answer's head is size bytes long. The connection is kept where the
// whole answer is at hand, as small ones are.
func (e *exchange) dropAnswer(size int) {
	u := e.upstreamConn
	l := e.clientConn.loop
	reused := u.reused
	l.Consume(&u.Conn, size)
	e.responseBody.begin(l.answer.Framing, http1.None)
	for !e.responseBody.body.Done() && len(u.In) > 0 {
		_, n, err := e.responseBody.body.Next(u.In)
		if err != nil || n == 0 {
			break
		}
		l.Consume(&u.Conn, n)
	}
	e.noReuse = l.answer.Close || !e.responseBody.body.Done()
	e.upstreamConn = nil
	e.release(u)
	e.again(proxy.FailedStatus, reused)
}
