package std

import (
	"runtime/debug"
	"sync"
	"time"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
)

// exchange is one request on its way, whoever asked: what is to be done is proxy.Exchange's to say, and done here.
type exchange struct {
	proxy.Exchange
	server     *Server
	downstream downstream
	request    http1.Request
	answer     http1.Response
	body       http1.Body // the answer's
	up         *upload    // nil where the request has no body

	begun bool // the head of a final answer is out, or about to be

	mu         sync.Mutex
	conn       *upstreamConn // of the present attempt; nil without one
	clientGone bool          // the client went away
}

// takeExchange is an exchange for one request, with slices that have grown.
func (s *Server) takeExchange(a downstream) *exchange {
	x := s.exchanges.Get().(*exchange)
	x.server, x.downstream = s, a
	return x
}

// giveExchange takes it back, when nothing uses it any more.
func (s *Server) giveExchange(x *exchange) {
	x.downstream, x.up, x.conn = nil, nil, nil
	x.begun, x.clientGone = false, false
	s.exchanges.Put(x)
}

// run does what is to be done, from do on, until the request is answered or cut. A panic costs this request and nothing else.
func (x *exchange) run(do proxy.Action) {
	x.server.busy.Add(1)
	defer x.server.busy.Add(-1)
	defer x.finish()
	if do == proxy.ActionContinue {
		if !x.request.Framing.Empty() {
			x.up = newUpload(x)
		}
		do = x.match()
	}
	for do == proxy.ActionSend {
		failure, reused := x.try()
		if failure == answered {
			return
		}
		do = x.Failed(failure, reused, x.up == nil || x.up.replayable(), time.Now())
	}
	if do != proxy.ActionReply {
		x.downstream.cut()
		return
	}
	x.reply()
}

// match reads a small body, and then finds the way: what has gone while the body came is not asked.
func (x *exchange) match() proxy.Action {
	if x.ReadsAhead() && !x.up.readAhead() {
		return x.Failed(x.up.failure(), false, false, time.Now())
	}
	return x.MatchPresent()
}

// reply gives a local reply. What is left of the request is discarded after it where it is small, and otherwise ends with the connection.
func (x *exchange) reply() {
	x.begun = true
	x.BeforeLocalReply(x.server.draining.Load(), 0)
	if x.up != nil {
		x.up.stop()
	}
	if x.downstream.localReply() != nil {
		x.downstream.cut()
	}
}

// finish ends what is left of the exchange, and counts it.
func (x *exchange) finish() {
	fault := recover()
	if x.up != nil {
		x.up.stop()
	}
	if fault != nil {
		x.server.recorder.Panic()
		x.server.log.Error().Interface("panic", fault).Bytes("stack", debug.Stack()).Msg("request ended in a panic")
		x.Ending = true
		if x.begun || x.Fail() != proxy.ActionReply || x.downstream.localReply() != nil {
			x.downstream.cut()
		}
	}
	x.Finish(time.Now())
}

// use makes c the connection that ends when the client goes away. It is false when that has happened.
func (x *exchange) use(c *upstreamConn) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.conn = c
	return !x.clientGone
}

// cancel ends the attempt under way, as the client has gone away.
func (x *exchange) cancel() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.clientGone = true
	if x.conn != nil {
		x.conn.Close()
	}
}

// cancelled says whether the client has gone away.
func (x *exchange) cancelled() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.clientGone
}
