package std

import (
	"sync"
	"time"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
)

// exchange is one request on its way: what is to be done is proxy.Exchange's to say, and done here.
type exchange struct {
	x          proxy.Exchange
	server     *Server
	body       requestBody
	client     presence
	response   responseWriter
	request    http1.Request
	answer     http1.Response
	answerBody http1.Body
	upload     *upload      // nil where the request has no body
	compressed *compressing // in front of response; nil where the answer is not compressed

	begun bool // the head of a final answer is out, or about to be

	mu         sync.Mutex
	inUse      *upstreamConn // the present attempt's, to be closed when the client goes away; nil without one
	clientGone bool
}

// takeExchange is an exchange for one request, with slices that have grown.
func (s *Server) takeExchange(from downstream) *exchange {
	e := s.exchanges.Get().(*exchange)
	e.server, e.body, e.client, e.response = s, from, from, from
	return e
}

// giveExchange takes it back, when nothing uses it any more.
func (s *Server) giveExchange(e *exchange) {
	e.body, e.client, e.response, e.upload, e.inUse = nil, nil, nil, nil, nil
	e.begun, e.clientGone = false, false
	s.exchanges.Put(e)
}

// run does what is to be done, from do on, until the request is answered or cut. A panic costs this request and nothing else.
func (e *exchange) run(do proxy.Action) {
	e.server.busy.Add(1)
	defer e.server.busy.Add(-1)
	defer e.finish()
	if do == proxy.ActionContinue {
		if !e.request.Framing.Empty() {
			e.upload = newUpload(e)
		}
		do = e.match()
	}
	if do == proxy.ActionServeFile {
		if do = e.serveFile(); do == proxy.ActionContinue {
			return
		}
	}
	for do == proxy.ActionSend {
		failure, reused, ok := e.try()
		if ok {
			return
		}
		do = e.x.AttemptFailed(proxy.FailedAttempt{Failure: failure, Reused: reused, Replayable: e.replayable()}, time.Now())
	}
	if do != proxy.ActionReply {
		e.client.cut()
		return
	}
	e.reply()
}

// replayable says whether all that was read of the request's body is still at hand.
func (e *exchange) replayable() bool { return e.upload == nil || e.upload.replayable() }

// match reads a small body, and then finds the way: what has gone while the body came is not asked.
func (e *exchange) match() proxy.Action {
	if e.x.ReadsAhead() && !e.upload.readAhead() {
		return e.x.AttemptFailed(proxy.FailedAttempt{Failure: e.upload.failure()}, time.Now())
	}
	return e.x.MatchPresent()
}

// reply gives a local reply. What is left of the request is discarded after it where it is small, and otherwise ends with the connection.
func (e *exchange) reply() {
	e.begun = true
	e.x.BeforeLocalReply(e.server.listen.Draining(), 0)
	if e.upload != nil {
		e.upload.stop()
	}
	var err error
	if p := e.x.Page(); p != nil {
		err = e.sendPage(p)
	} else {
		err = e.response.localReply()
	}
	if err != nil {
		e.client.cut()
	}
}

// finish ends what is left of the exchange, and counts it.
func (e *exchange) finish() {
	fault := recover()
	e.endCompression(fault != nil)
	if e.upload != nil {
		e.upload.stop()
	}
	if fault != nil {
		e.server.scope.Panicked(fault, "request")
		if e.x.AfterPanic(e.begun) != proxy.ActionReply || e.response.localReply() != nil {
			e.client.cut()
		}
	}
	if e.upload != nil {
		e.x.Received = e.upload.received()
	}
	e.x.Finish(time.Now())
}

// use makes c the connection that ends when the client goes away. It is false when that has happened.
func (e *exchange) use(c *upstreamConn) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.inUse = c
	return !e.clientGone
}

// cancel ends the attempt under way, as the client has gone away.
func (e *exchange) cancel() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.clientGone = true
	if e.inUse != nil {
		e.inUse.Close()
	}
}

// cancelled says whether the client has gone away.
func (e *exchange) cancelled() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.clientGone
}
