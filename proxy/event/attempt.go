//go:build linux

package event

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/reactor"
)

// match finds an instance, and asks it.
func (e *exchange) match() {
	e.clientConn.phase = clientBusy
	switch e.x.MatchPresent() {
	case proxy.ActionSend:
		e.requestBody.most, e.requestBody.changes = e.x.MaxBody(), e.x.RequestChanges()
		e.attempt()
	case proxy.ActionHandOver:
		e.clientConn.loop.handOver(e.clientConn, e)
	default:
		e.reply()
	}
}

// attempt tries until a connection is under way or the rules say stop.
func (e *exchange) attempt() {
	l := e.clientConn.loop
	do := proxy.ActionSend
	for do == proxy.ActionSend {
		failure, reused, ok := e.try()
		if ok {
			return
		}
		do = e.x.AttemptFailed(proxy.FailedAttempt{Failure: failure, Reused: reused, Replayable: e.replayable()}, l.Now)
	}
	e.conclude(do)
}

// conclude does what is left to do where no instance is asked any more.
func (e *exchange) conclude(do proxy.Action) {
	if do == proxy.ActionAbort {
		e.abandon()
		return
	}
	e.reply()
}

// replayable says whether all that was read of the request's body is still at hand.
func (e *exchange) replayable() bool { return !e.requestBody.incomplete }

// try takes a kept connection, or begins one. It is not ok where the attempt has failed already.
func (e *exchange) try() (failure proxy.Failure, reused, ok bool) {
	l := e.clientConn.loop
	p := l.poolOf(e.x.Member.Way)
	if !e.x.Fresh {
		// What can't be repeated is not sent into a connection without a last look; for the rest, what epoll told is enough.
		u, closed := p.take(!proxy.Idempotent(e.request.Method))
		if closed > 0 {
			l.scope.Retry(proxy.FailedStale, closed)
		}
		if u != nil {
			u.exchange, e.upstreamConn = e, u
			return e.send()
		}
	}
	if !p.addr.IsValid() {
		return p.dial(e)
	}
	e.upstreamConn, failure = p.connect(e)
	return failure, false, e.upstreamConn != nil
}

// failed ends an attempt, and makes another one or none.
func (e *exchange) failed(f proxy.Failure) {
	reused := e.upstreamConn.reused
	if f.EmptiesPool(reused) {
		e.upstreamConn.pool.empty()
	}
	e.dropUpstream()
	e.again(f, reused)
}

// again makes another attempt after one that has failed, and left no connection, or none.
func (e *exchange) again(f proxy.Failure, reused bool) {
	if do := e.x.AttemptFailed(proxy.FailedAttempt{Failure: f, Reused: reused, Replayable: e.replayable()}, e.clientConn.loop.Now); do == proxy.ActionSend {
		e.attempt()
	} else {
		e.conclude(do)
	}
}

// dropUpstream closes the present attempt's connection.
func (e *exchange) dropUpstream() {
	l := e.clientConn.loop
	if e.upstreamConn != nil {
		l.endUpstream(e.upstreamConn)
		e.upstreamConn = nil
	}
	l.dropPipe(&e.requestBody)
	l.dropPipe(&e.responseBody)
}

// connectFailed is an attempt without a connection.
func (e *exchange) connectFailed(errno unix.Errno) {
	e.failed(e.clientConn.loop.scope.ConnectFailed(e.x.Member.Upstream, os.NewSyscallError("connect", errno)))
}

// connected sends the request, unless the instance has first to show that it stays: where what can't be repeated goes to one that
// has never answered.
func (e *exchange) connected() {
	u, watch := e.upstreamConn, e.x.Watch()
	u.phase = upstreamProbing
	switch {
	case watch == 0 && (e.x.Member.Way.Answered() || u.Has(reactor.ReadClosed)):
		e.sendFresh()
	case u.early():
	case watch > 0:
		e.clientConn.loop.arm(&u.conn, watch)
	default:
		e.sendFresh()
	}
}

// early says whether anything came over a fresh connection that no request went out on: its end, or bytes, which no HTTP server sends before
// it was asked. The attempt has then failed.
func (u *upstreamConn) early() bool {
	switch {
	case u.Has(reactor.ReadClosed):
		u.exchange.failed(proxy.FailedSettle)
	case u.Has(reactor.Readable):
		u.exchange.failed(proxy.FailedUnprompted)
	default:
		return false
	}
	return true
}

// sendFresh sends the request over a fresh connection.
func (e *exchange) sendFresh() {
	if failure, reused, ok := e.send(); !ok {
		e.again(failure, reused)
	}
}

// send sends the head, and of the body what is at hand.
func (e *exchange) send() (failure proxy.Failure, reused, ok bool) {
	c, u := e.clientConn, e.upstreamConn
	l := c.loop
	u.phase, e.responseBegan, e.uploadStopped = upstreamWaiting, false, false
	e.sentAt = l.Clock
	message, body := e.x.AppendRequest(l.message[:0]), 0
	if e.bodyBegan {
		message = l.appendAgain(message, &e.requestBody)
	}
	l.message = keep(l.message, message)
	if !e.bodyBegan && e.requestBody.raw() && !e.request.Continue {
		message, body = l.behind(message, &c.Conn, l.front, e.requestBody.body.Left())
	}
	if _, ok := l.Send(&u.Conn, message); !ok { // not a byte of it was taken
		reused := u.reused
		l.endUpstream(u)
		e.upstreamConn = nil
		return proxy.FailedStale, reused, false
	}
	switch {
	case e.bodyBegan:
		e.requestBody.ended = e.requestBody.body.Done()
	case body > 0:
		e.bodyBegan = true
		e.requestBody.passed(c.In[:body])
		e.requestBody.body.Skip(int64(body))
		l.Consume(&c.Conn, body)
		e.requestBody.ended = e.requestBody.body.Done()
	}
	_, e.awaitsContinue = e.x.AwaitsContinue(e.bodyBegan, 0)
	wait := e.x.Timeouts().Answer
	if e.sentWhole = e.requestBody.ended && len(u.Out) == 0; e.sentWhole {
		wait = e.x.AnswerWait(0)
	}
	l.arm(&u.conn, wait)
	e.upload()
	return 0, false, true
}

// answerLate comes when the answer has not come in time.
func (e *exchange) answerLate() {
	if !e.sentWhole {
		e.failed(proxy.FailedSilent)
		return
	}
	l := e.clientConn.loop
	waited := time.Duration(l.Clock - e.sentAt)
	if f, over := e.x.Late(waited, e.replayable() && !e.responseBegan, l.Now); over {
		e.failed(f)
		return
	}
	l.arm(&e.upstreamConn.conn, max(e.x.AnswerWait(waited), reactor.Tick))
}
