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

// try is one attempt over one connection.
type try struct {
	*exchange
	conn    *backConn
	reuse   bool // both sides of the connection are known to be complete
	watched bool // see asker.watch
	closed  bool
}

// attempt sends the request to the instance that the exchange names.
func (x *exchange) attempt() (f proxy.Failure, kept bool) {
	conn, f := x.connect()
	if conn == nil {
		return f, false
	}
	kept = conn.kept // afterwards the connection may be another request's
	t := try{exchange: x, conn: conn}
	defer t.close()
	switch {
	case !x.use(conn):
		return proxy.FailedClient, kept
	case x.MustSettle():
		if conn.settle() != nil {
			return proxy.FailedSettle, kept
		}
	}
	return t.run(), kept
}

// connect takes a kept connection that is alive, or opens one.
func (x *exchange) connect() (*backConn, proxy.Failure) {
	p := x.server.pools.of(x.Member.Way)
	if !x.Fresh {
		conn, dead := p.take()
		if dead > 0 {
			x.server.seat.Retry(proxy.FailedStale, dead)
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
		return nil, x.server.seat.ConnectFailed(x.Member.Upstream, err)
	}
	return conn, answered
}

// close ends the attempt, and keeps its connection where that can be used again. Doing it twice does no harm.
func (t *try) close() {
	if t.closed {
		return
	}
	t.closed = true
	if !t.reuse {
		t.conn.Close() // ends a write of the body that may be under way
	}
	if t.up != nil {
		t.up.detach()
	}
	t.unwatch()
	if t.reuse = t.use(nil) && t.reuse; t.reuse {
		t.conn.in.release()
		t.conn.pool.put(t.conn)
		return
	}
	t.conn.in.drop()
	t.conn.Close()
}

func (t *try) run() proxy.Failure {
	begun := time.Now()
	if f := t.send(); f != answered {
		return f
	}
	began, err := t.await()
	if err != nil {
		return t.lost(err, began)
	}
	now := time.Now()
	t.Answered(&t.answer, now.Sub(begun), now, t.conn.kept)
	if t.answer.Status == switching {
		t.switchOver()
	} else {
		t.relay()
	}
	return answered
}

const switching = 101

// send writes the head, with a body that was read ahead, and lets others follow.
func (t *try) send() proxy.Failure {
	buf := takeBuffer(smallBuffer)
	message := t.AppendRequest(buf[:0])
	if t.up != nil && t.up.ahead {
		message = append(message, t.up.replay...)
	}
	n, err := t.conn.Write(message)
	giveBuffer(buf)
	switch {
	case err != nil && nothingWritten(n, t.conn, err):
		return proxy.FailedStale
	case err != nil:
		return t.lost(err, false)
	case t.up == nil || t.up.ahead:
		return answered
	case t.request.Continue && !t.up.started:
		wanted := t.awaitContinue()
		if t.unwatch(); !wanted {
			return answered
		}
		if !t.asker.sends() && t.asker.proceed() != nil {
			return proxy.FailedClient
		}
	}
	err = t.up.attach(t.conn)
	switch {
	case errors.Is(err, errOutgrown): // says nothing about this instance, and can't be repeated
		t.Blame(err)
		return proxy.FailedAnswer
	case err != nil:
		return t.lost(err, false)
	}
	return answered
}

// nothingWritten says whether a failed write on a plain connection left not a byte in the kernel.
func nothingWritten(n int, conn *backConn, err error) bool {
	return n == 0 && !conn.secure && (errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET))
}

// sendsAfter is how long an instance may take to say 100 before it matters whether the client waits for that.
const sendsAfter = 10 * time.Millisecond

// awaitContinue waits for the beginning of an answer, or of a body that comes without being asked for. It is false when an answer is a
// final one: the body is then never asked for.
func (t *try) awaitContinue() bool {
	const least = len("HTTP/1.1 100")
	until := time.Now().Add(proxy.ContinueWait)
	for len(t.conn.in.unread()) < least {
		if t.asker.sends() || !time.Now().Before(until) {
			return true
		}
		patience := patient(sendsAfter)
		switch err := t.fill(&patience); {
		case err == nil:
		case timedOut(err):
			t.watch()
		default:
			return false
		}
	}
	return string(t.conn.in.unread()[len("HTTP/1.1 "):least]) == "100"
}

// await reads heads until a final one, or 101 where it was asked for. Interim answers go on. began says whether a byte came at all.
func (t *try) await() (began bool, err error) {
	limits := http1.Limits{HeadBytes: proxy.AnswerBytes, Fields: proxy.AnswerFields}
	for patience := patient(t.server.limits.Answer); ; {
		n, err := t.awaitHead(&patience)
		if err != nil {
			return began || len(t.conn.in.unread()) > 0, err
		}
		began = true
		if err := t.answer.Parse(t.conn.in.unread()[:n], t.request.Method, limits); err != nil {
			return true, err
		}
		t.conn.in.skip(n)
		switch t.Classify(&t.answer) {
		case proxy.ResponseInterim:
			if err := t.asker.head(&t.answer); err != nil {
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
func (t *try) awaitHead(p *patience) (n int, err error) {
	var find http1.Head
	for {
		if n, err = find.Find(t.conn.in.unread(), proxy.AnswerBytes); n > 0 || err != nil {
			return n, err
		}
		if err := t.fill(p); err != nil {
			return 0, err
		}
	}
}

// lost says what a failed attempt means.
func (t *try) lost(err error, began bool) proxy.Failure {
	u := t.Member.Upstream
	t.conn.Close() // ends a write of the body that is under way
	t.server.log.Debug().Err(err).Str("service", u.Service()).Str("instance", u.Address()).Msg("attempt failed")
	var malformed *http1.Error
	switch {
	case t.up != nil && t.up.failed():
		return t.up.failure()
	case t.hungUp():
		return proxy.FailedClient
	case timedOut(err):
		return proxy.FailedSilent
	case errors.As(err, &malformed) || errors.Is(err, io.ErrShortBuffer):
		t.Blame(err)
		return proxy.FailedAnswer
	}
	f := proxy.EndedEarly(began, errors.Is(err, syscall.ECONNRESET))
	if f.EmptiesPool(t.conn.kept) {
		t.conn.pool.empty()
	}
	return f
}
