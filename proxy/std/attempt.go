package std

import (
	"errors"
	"io"
	"net/http"
	"syscall"
	"time"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
)

// attempt is one attempt to have a request answered, over one connection.
type attempt struct {
	exchange *exchange
	conn     *upstreamConn
	reusable bool // both sides of the connection are known to be complete
	watched  bool // see presence.watch
	closed   bool
}

// try sends the request to the instance that the exchange names. It is ok where the client has an answer, whole or visibly cut;
// otherwise f says how the attempt failed, and reused that its connection had carried a request before.
func (e *exchange) try() (f proxy.Failure, reused, ok bool) {
	conn, f := e.connect()
	if conn == nil {
		return f, false, false
	}
	reused = conn.reused // afterwards the connection may be another request's
	a := attempt{exchange: e, conn: conn}
	defer a.close()
	if !e.use(conn) {
		return e.gone(), reused, false
	}
	if !reused && !e.x.Member.Way.Answered() {
		if f, ok := conn.stays(e.x.Watch()); !ok {
			if e.cancelled() {
				f = e.gone()
			}
			return f, reused, false
		}
	}
	f, ok = a.run()
	return f, reused, ok
}

// gone is how an attempt failed that was cancelled: the client has gone, or its body is no good.
func (e *exchange) gone() proxy.Failure {
	if e.upload != nil && e.upload.failed() {
		return e.upload.failure()
	}
	return proxy.FailedClient
}

// connect takes an idle connection that is alive, or opens one. Where it has none, it says how the attempt failed.
func (e *exchange) connect() (*upstreamConn, proxy.Failure) {
	p, timeouts := e.server.pools.of(e.x.Member.Way), e.x.Timeouts()
	if !e.x.Fresh {
		conn, closed := p.take()
		if closed > 0 {
			e.server.scope.Retry(proxy.FailedStale, closed)
		}
		if conn != nil {
			conn.below.progress = timeouts.Progress
			return conn, 0
		}
	}
	if !e.x.Room(p.pools.most, p.empty) {
		return nil, proxy.FailedFull
	}
	conn, err := p.open(timeouts)
	if err != nil {
		e.server.log.Debug().Err(err).Msg("connecting to an instance failed")
		return nil, e.server.scope.ConnectFailed(e.x.Member.Upstream, err)
	}
	return conn, 0
}

// close ends the attempt, and keeps its connection where that can be used again. Doing it twice does no harm.
func (a *attempt) close() {
	if a.closed {
		return
	}
	a.closed = true
	if !a.reusable {
		a.conn.Close() // ends a write of the body that may be under way
	}
	if u := a.exchange.upload; u != nil {
		u.detach()
	}
	a.unwatch()
	if a.reusable = a.exchange.use(nil) && a.reusable; a.reusable {
		a.conn.in.release()
		a.conn.pool.put(a.conn)
		return
	}
	a.conn.in.drop()
	a.conn.Close()
}

// run sends the request and passes the answer on. It is ok where the client has an answer, whole or visibly cut.
func (a *attempt) run() (f proxy.Failure, ok bool) {
	begun := time.Now()
	if f, ok := a.send(); !ok {
		return f, false
	}
	began, err := a.await()
	if err != nil {
		return a.classify(err, began), false
	}
	e, now := a.exchange, time.Now()
	if e.x.Elsewhere(&e.answer, now.Sub(begun), a.conn.reused, e.replayable(), now) {
		a.dropAnswer()
		return proxy.FailedStatus, false
	}
	e.x.Answered(&e.answer, now.Sub(begun), now, a.conn.reused)
	if e.answer.Status == http.StatusSwitchingProtocols {
		a.switchOver()
	} else {
		a.relay()
	}
	return 0, true
}

// dropAnswer ends an attempt whose answer goes to nobody. The connection is kept where the whole answer is at hand, as small ones are.
func (a *attempt) dropAnswer() {
	e := a.exchange
	e.answerBody.Start(e.answer.Framing)
	for !e.answerBody.Done() {
		_, n, err := e.answerBody.Next(a.conn.in.unread())
		if err != nil || n == 0 {
			return
		}
		a.conn.in.skip(n)
	}
	a.reusable = a.end().Reusable()
}

// end is what is known of the connection when the answer is complete.
func (a *attempt) end() proxy.UpstreamEnd {
	e := a.exchange
	return proxy.UpstreamEnd{Close: e.answer.Close, Unsent: e.upload != nil && !e.upload.complete(), Surplus: len(a.conn.in.unread()) > 0}
}

// send writes the head, with a body that was read ahead, and lets others follow.
func (a *attempt) send() (f proxy.Failure, ok bool) {
	e, u := a.exchange, a.exchange.upload
	buf := takeBuffer(smallBuffer)
	message := e.x.AppendRequest(buf[:0])
	if u != nil && u.ahead {
		message = append(message, u.replay...)
	}
	n, err := a.conn.Write(message)
	giveBuffer(buf)
	switch {
	case err != nil && nothingWritten(n, a.conn, err):
		return proxy.FailedStale, false
	case err != nil:
		return a.classify(err, false), false
	case u == nil || u.ahead:
		return 0, true
	}
	if asked, err := a.awaitContinue(); err != nil {
		return a.classify(err, true), false
	} else if !asked {
		return 0, true
	}
	err = u.attach(a.conn)
	switch {
	case errors.Is(err, errOutgrown): // says nothing about this instance, and can't be repeated
		e.x.Blame(err)
		return proxy.FailedAnswer, false
	case err != nil:
		return a.classify(err, false), false
	}
	return 0, true
}

// nothingWritten says whether a failed write on a plain connection left not a byte in the kernel.
func nothingWritten(n int, conn *upstreamConn, err error) bool {
	return n == 0 && conn.config == nil && (errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET))
}

// await reads heads until a final one, or 101 where it was asked for. Interim answers go on. began says whether a byte came at all.
func (a *attempt) await() (began bool, err error) {
	e := a.exchange
	patience := patient(e.x.Timeouts().Answer)
	if e.upload == nil || e.upload.ahead {
		patience.ask = patience.begun.Add(e.x.AnswerWait(0))
	}
	for {
		n, err := a.awaitHead(&patience)
		if err != nil {
			return began || len(a.conn.in.unread()) > 0, err
		}
		began, patience.ask = true, time.Time{}
		interim, err := a.takeHead(n)
		if err != nil || !interim {
			return true, err
		}
	}
}

// takeHead takes the next head, n bytes long. An interim one goes on to the client.
func (a *attempt) takeHead(n int) (interim bool, err error) {
	e := a.exchange
	limits := http1.Limits{HeadBytes: proxy.AnswerBytes, Fields: proxy.AnswerFields}
	if err := e.answer.Parse(a.conn.in.unread()[:n], e.request.Method, limits); err != nil {
		return false, err
	}
	a.conn.in.skip(n)
	switch e.x.Classify(&e.answer) {
	case proxy.ResponseInterim:
		return true, a.sent(e.response.head(&e.answer))
	case proxy.ResponseInvalid:
		return false, proxy.ErrInvalidResponse
	}
	return false, nil
}

// awaitHead measures the next head.
func (a *attempt) awaitHead(p *patience) (n int, err error) {
	var find http1.Head
	for {
		if n, err = find.Find(a.conn.in.unread(), proxy.AnswerBytes); n > 0 || err != nil {
			return n, err
		}
		if err := a.fill(p); err != nil {
			return 0, err
		}
	}
}

// classify says what a failed attempt means.
func (a *attempt) classify(err error, began bool) proxy.Failure {
	e, u := a.exchange, a.exchange.x.Member.Upstream
	a.conn.Close() // ends a write of the body that is under way
	e.server.log.Debug().Err(err).Str("service", u.Service()).Str("instance", u.Address()).Msg("an attempt failed")
	var malformed *http1.Error
	switch {
	case e.upload != nil && e.upload.failed():
		return e.upload.failure()
	case e.cancelled():
		return proxy.FailedClient
	case errors.Is(err, errLate):
		return proxy.FailedLate
	case timedOut(err):
		return proxy.FailedSilent
	case errors.As(err, &malformed) || errors.Is(err, io.ErrShortBuffer):
		e.x.Blame(err)
		return proxy.FailedAnswer
	}
	f := proxy.EndedEarly(began, errors.Is(err, syscall.ECONNRESET))
	if f.EmptiesPool(a.conn.reused) {
		a.conn.pool.empty()
	}
	return f
}
