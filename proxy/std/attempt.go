package std

import (
	"errors"
	"io"
	"syscall"
	"time"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
)

// answered stands for no failure: who asked has an answer, whole or visibly cut.
const answered = proxy.Failure(255)

// attempt is one attempt over one connection.
type attempt struct {
	*exchange
	upstreamConn *upstreamConn
	reusable     bool // both sides of the connection are known to be complete
	watched      bool // see downstream.watch
	closed       bool
}

// try sends the request to the instance that the exchange names.
func (x *exchange) try() (f proxy.Failure, reused bool) {
	conn, f := x.connect()
	if conn == nil {
		return f, false
	}
	reused = conn.reused // afterwards the connection may be another request's
	t := attempt{exchange: x, upstreamConn: conn}
	defer t.close()
	switch {
	case !x.use(conn):
		return proxy.FailedClient, reused
	case x.MustSettle():
		if conn.staysOpen() != nil {
			return proxy.FailedSettle, reused
		}
	}
	return t.run(), reused
}

// connect takes an idle connection that is alive, or opens one.
func (x *exchange) connect() (*upstreamConn, proxy.Failure) {
	p := x.server.pools.of(x.Member.Way)
	if !x.Fresh {
		conn, closed := p.take()
		if closed > 0 {
			x.server.recorder.Retry(proxy.FailedStale, closed)
		}
		if conn != nil {
			return conn, answered
		}
	}
	if !x.Room(p.pools.most, p.empty) {
		return nil, proxy.FailedFull
	}
	conn, err := p.open()
	if err != nil {
		x.server.log.Debug().Err(err).Msg("connect")
		return nil, x.server.recorder.ConnectFailed(x.Member.Upstream, err)
	}
	return conn, answered
}

// close ends the attempt, and keeps its connection where that can be used again. Doing it twice does no harm.
func (a *attempt) close() {
	if a.closed {
		return
	}
	a.closed = true
	if !a.reusable {
		a.upstreamConn.Close() // ends a write of the body that may be under way
	}
	if a.up != nil {
		a.up.detach()
	}
	a.unwatch()
	if a.reusable = a.use(nil) && a.reusable; a.reusable {
		a.upstreamConn.in.release()
		a.upstreamConn.pool.put(a.upstreamConn)
		return
	}
	a.upstreamConn.in.drop()
	a.upstreamConn.Close()
}

func (a *attempt) run() proxy.Failure {
	begun := time.Now()
	if f := a.send(); f != answered {
		return f
	}
	began, err := a.await()
	if err != nil {
		return a.classify(err, began)
	}
	now := time.Now()
	a.Answered(&a.answer, now.Sub(begun), now, a.upstreamConn.reused)
	if a.answer.Status == switching {
		a.switchOver()
	} else {
		a.relay()
	}
	return answered
}

const switching = 101

// send writes the head, with a body that was read ahead, and lets others follow.
func (a *attempt) send() proxy.Failure {
	buf := takeBuffer(smallBuffer)
	message := a.AppendRequest(buf[:0])
	if a.up != nil && a.up.ahead {
		message = append(message, a.up.replay...)
	}
	n, err := a.upstreamConn.Write(message)
	giveBuffer(buf)
	switch {
	case err != nil && nothingWritten(n, a.upstreamConn, err):
		return proxy.FailedStale
	case err != nil:
		return a.classify(err, false)
	case a.up == nil || a.up.ahead:
		return answered
	case a.request.Continue && !a.up.started:
		wanted := a.awaitContinue()
		if a.unwatch(); !wanted {
			return answered
		}
		if !a.downstream.bodyArrived() && a.downstream.sendContinue() != nil {
			return proxy.FailedClient
		}
	}
	err = a.up.attach(a.upstreamConn)
	switch {
	case errors.Is(err, errOutgrown): // says nothing about this instance, and can't be repeated
		a.Blame(err)
		return proxy.FailedAnswer
	case err != nil:
		return a.classify(err, false)
	}
	return answered
}

// nothingWritten says whether a failed write on a plain connection left not a byte in the kernel.
func nothingWritten(n int, conn *upstreamConn, err error) bool {
	return n == 0 && !conn.secure && (errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET))
}

// sendsAfter is how long an instance may take to say 100 before it matters whether the client waits for that.
const sendsAfter = 10 * time.Millisecond

// awaitContinue waits for the beginning of an answer, or of a body that comes without being asked for. It is false when an answer is a
// final one: the body is then never asked for.
func (a *attempt) awaitContinue() bool {
	const least = len("HTTP/1.1 100")
	until := time.Now().Add(proxy.ContinueWait)
	for len(a.upstreamConn.in.unread()) < least {
		if a.downstream.bodyArrived() || !time.Now().Before(until) {
			return true
		}
		patience := patient(sendsAfter)
		switch err := a.fill(&patience); {
		case err == nil:
		case timedOut(err):
			a.watch()
		default:
			return false
		}
	}
	return string(a.upstreamConn.in.unread()[len("HTTP/1.1 "):least]) == "100"
}

// await reads heads until a final one, or 101 where it was asked for. Interim answers go on. began says whether a byte came at all.
func (a *attempt) await() (began bool, err error) {
	limits := http1.Limits{HeadBytes: proxy.AnswerBytes, Fields: proxy.AnswerFields}
	for patience := patient(a.server.limits.Answer); ; {
		n, err := a.awaitHead(&patience)
		if err != nil {
			return began || len(a.upstreamConn.in.unread()) > 0, err
		}
		began = true
		if err := a.answer.Parse(a.upstreamConn.in.unread()[:n], a.request.Method, limits); err != nil {
			return true, err
		}
		a.upstreamConn.in.skip(n)
		switch a.Classify(&a.answer) {
		case proxy.ResponseInterim:
			if err := a.downstream.head(&a.answer); err != nil {
				return true, err
			}
		case proxy.ResponseInvalid:
			return true, proxy.ErrNonsense
		default:
			return true, nil
		}
	}
}

// awaitHead measures the next head.
func (a *attempt) awaitHead(p *patience) (n int, err error) {
	var find http1.Head
	for {
		if n, err = find.Find(a.upstreamConn.in.unread(), proxy.AnswerBytes); n > 0 || err != nil {
			return n, err
		}
		if err := a.fill(p); err != nil {
			return 0, err
		}
	}
}

// classify says what a failed attempt means.
func (a *attempt) classify(err error, began bool) proxy.Failure {
	u := a.Member.Upstream
	a.upstreamConn.Close() // ends a write of the body that is under way
	a.server.log.Debug().Err(err).Str("service", u.Service()).Str("instance", u.Address()).Msg("attempt failed")
	var malformed *http1.Error
	switch {
	case a.up != nil && a.up.failed():
		return a.up.failure()
	case a.cancelled():
		return proxy.FailedClient
	case timedOut(err):
		return proxy.FailedSilent
	case errors.As(err, &malformed) || errors.Is(err, io.ErrShortBuffer):
		a.Blame(err)
		return proxy.FailedAnswer
	}
	f := proxy.EndedEarly(began, errors.Is(err, syscall.ECONNRESET))
	if f.EmptiesPool(a.upstreamConn.reused) {
		a.upstreamConn.pool.empty()
	}
	return f
}
