package std

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/pointsman/pointsman/proxy"
)

// continueWait is how long an instance may take to say whether it wants a body that the client holds back; then it is sent anyway,
// as RFC 9110 section 10.1.1 tells clients to do.
const continueWait = time.Second

// brokenLimit is how many fresh connections in a row may close on a request before the instance is left out: fewer could be
// requests that break it, and these must not empty a route.
const brokenLimit = 3

// keptMessage bounds what an idle connection keeps for its next request's head.
const keptMessage = 4 << 10

// try is one attempt over one connection.
type try struct {
	*exchange
	target  *proxy.Target
	conn    *backConn
	unhook  func() bool
	upgrade bool

	stopped chan struct{} // closed to end sending; nil where nothing is sent
	sending chan struct{} // closed when sending has ended; nil where nothing is sent
	sendErr error         // valid once sending is closed
	reuse   bool
}

// close ends what is left of the attempt, and keeps the connection only where both sides of it are known to be complete.
func (a *try) close() {
	if !a.reuse {
		a.conn.Close()
	}
	a.stopSending()
	if !a.unhook() {
		a.reuse = false
	}
	if a.reuse {
		a.conn.pool.put(a.conn)
		return
	}
	a.conn.Close()
}

func (a *try) stopSending() {
	if a.sending == nil {
		return
	}
	select {
	case <-a.stopped:
	default:
		close(a.stopped)
	}
	<-a.sending
}

// sentWait is how long the end of sending is waited for once the answer is complete and the body was read to its end: the
// instance has the last byte then, only the goroutine that wrote it may not have been told.
const sentWait = 5 * time.Millisecond

// sent says whether the whole request went out.
func (a *try) sent() bool {
	if a.sending == nil {
		return a.up == nil || a.up.ahead
	}
	if !a.up.whole.Load() {
		return false
	}
	select {
	case <-a.sending:
		return a.sendErr == nil
	default:
	}
	timer := time.NewTimer(sentWait)
	defer timer.Stop()
	select {
	case <-a.sending:
		return a.sendErr == nil
	case <-timer.C:
		return false
	}
}

func (a *try) run() proxy.Failure {
	a.upgrade = a.wantsWebSocket()
	begun := time.Now()
	// The whole exchange may not hang on a write: an instance that takes nothing is as silent as one that says nothing.
	if err := a.conn.allowWrite(a.limits.Progress); err != nil {
		return a.lost(err, false)
	}
	message := a.requestHead(a.conn.message[:0], a.target, a.upgrade)
	if a.up != nil && a.up.ahead {
		message = append(message, a.up.replay...)
	}
	if cap(message) <= keptMessage {
		a.conn.message = message
	}
	if n, err := a.conn.Write(message); err != nil {
		if nothingWritten(n, a.conn, err) {
			if a.conn.kept {
				return proxy.FailedStale
			}
			a.target.Upstream.ObserveClosed(time.Now())
			return proxy.FailedConnect
		}
		return a.lost(err, false)
	}
	if err := a.conn.allow(a.limits.Answer); err != nil {
		return a.lost(err, false)
	}
	if a.up != nil && !a.up.ahead {
		a.startSending()
	}
	ans, began, err := a.await()
	if err != nil {
		return a.lost(err, began)
	}
	a.note(ans, time.Since(begun))
	if ans.status == http.StatusSwitchingProtocols {
		return a.switchOver(ans)
	}
	a.relay(ans)
	return answered
}

// startSending sends the body in a goroutine, at once or when the instance said 100.
func (a *try) startSending() {
	if a.r.Header.Get("Expect") != "" && !a.up.began.Load() {
		if !a.awaitContinue() {
			return
		}
	}
	a.up.start()
	a.sending, a.stopped = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(a.sending)
		a.sendErr = a.up.send(progressWriter{a.conn, a.limits.Progress}, a.stopped)
		if errors.Is(a.sendErr, errClientBody) {
			a.conn.Close() // ends the wait for an answer to a request that will never be whole
		}
	}()
}

// awaitContinue waits for a first byte of an answer. It is false when that is a final answer: the body is then never asked for.
func (a *try) awaitContinue() bool {
	if err := a.conn.SetReadDeadline(time.Now().Add(continueWait)); err != nil {
		return true
	}
	a.conn.deadline = time.Time{}
	start, err := a.conn.br.Peek(len("HTTP/1.1 100"))
	if deadlineErr := a.conn.allow(a.limits.Answer); deadlineErr != nil || err != nil {
		return errors.Is(err, os.ErrDeadlineExceeded)
	}
	return string(start[9:]) == "100"
}

// progressWriter gives each write its own deadline.
type progressWriter struct {
	*backConn
	progress time.Duration
}

func (w progressWriter) Write(p []byte) (int, error) {
	if err := w.allowWrite(w.progress); err != nil {
		return 0, err
	}
	return w.Conn.Write(p)
}

// await reads heads until a final one, or 101 where it was asked for. Interim answers go on to the client.
func (a *try) await() (ans answer, began bool, err error) {
	for range maxInterim + 1 {
		ans, now, err := readAnswer(a.conn.br, &a.conn.head, a.r.Method)
		began = began || now
		switch {
		case err != nil:
			return ans, began, err
		case ans.status >= 200:
			return ans, began, nil
		case ans.status == http.StatusSwitchingProtocols:
			if !a.upgrade || !strings.EqualFold(ans.field("Upgrade"), "websocket") {
				return ans, began, malformed("it switches to what was not asked for")
			}
			return ans, began, nil
		}
		a.interim(ans)
	}
	return ans, began, malformed("too many interim answers")
}

// interim passes a 1xx on. 100 is net/http's affair: it sends it when the body is first read.
func (a *try) interim(ans answer) {
	if ans.status == http.StatusContinue || !a.r.ProtoAtLeast(1, 1) || a.r.Header.Get("Expect") != "" {
		return // with Expect, net/http may be writing its own 100 at this moment
	}
	h := a.w.Header()
	kept := h.Clone()
	clear(h)
	setFields(h, proxy.AppendResponseFields(nil, ans.fields, false))
	a.w.WriteHeader(ans.status)
	clear(h)
	for name, values := range kept {
		h[name] = values
	}
}

// lost says what a failed attempt means.
func (a *try) lost(err error, began bool) proxy.Failure {
	u := a.target.Upstream
	a.conn.Close()
	a.stopSending()
	a.log.Debug().Err(err).Str("service", u.Service()).Str("instance", u.Address()).Msg("attempt failed")
	switch {
	case a.r.Context().Err() != nil, errors.Is(a.sendErr, errClientBody):
		return proxy.FailedClient
	case errors.Is(err, os.ErrDeadlineExceeded):
		return proxy.FailedSilent
	case began || errors.Is(err, errMalformed):
		return proxy.FailedAnswer
	}
	switch {
	case a.conn.kept:
		a.conn.pool.empty()
	case !u.Answered() || a.conn.pool.broken.add() >= brokenLimit:
		u.ObserveClosed(time.Now())
	}
	if errors.Is(err, syscall.ECONNRESET) {
		return proxy.FailedReset
	}
	return proxy.FailedSent
}

// note records that the instance answered.
func (a *try) note(ans answer, d time.Duration) {
	a.upwards = d
	u := a.target.Upstream
	if ans.status < 400 { // an error may end its connection for reasons of its own
		u.ObserveKeep(!ans.ends, time.Now())
	}
	if !a.conn.kept {
		a.conn.pool.broken.clear()
	}
	if u.ObserveAnswer(0, d) {
		a.metrics.FirstAnswer(a.target.Instance, u, time.Now())
	}
	a.metrics.Service(a.route.Name).Answer(d)
}
