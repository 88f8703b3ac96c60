//go:build linux

package event

import (
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/listen"
	"github.com/pointsman/pointsman/proxy/reactor"
)

// clientPhase is what a client's connection is at.
type clientPhase uint8

const (
	clientGone       clientPhase = iota
	clientReadsHead              // idle, or a head is arriving
	clientReadsBody              // a small body is read before an instance is asked
	clientBusy                   // an instance has the request
	clientFlushing               // the answer is complete, but not all of it has been taken
	clientDiscarding             // the answer is out, and the rest of the request is thrown away
	clientLingering              // the last answer is out, and the client is given time to read it
	clientTunnel
)

// mostRequests is how many requests of one connection a turn answers.
const mostRequests = 16

// clientConn is a client's connection.
type clientConn struct {
	conn
	loop        *loop
	acceptor    *acceptor
	exchange    *exchange // nil between requests
	info        proxy.Client
	find        http1.Head
	phase       clientPhase
	prefaceSeen bool  // its first bytes were looked at: they are no HTTP/2
	headTimed   bool  // the deadline of a head runs
	discarded   int64 // bytes thrown away
	next        *clientConn

	admission listen.Admission
}

// Ready goes on with what the connection is at.
func (c *clientConn) Ready() {
	if c.Has(reactor.Broken) {
		c.lost()
		return
	}
	switch c.phase {
	case clientReadsHead:
		c.serve()
	case clientReadsBody:
		c.exchange.readAhead()
	case clientBusy:
		c.exchange.fromClient()
	case clientFlushing:
		c.exchange.flushRest()
	case clientDiscarding:
		c.exchange.discard()
	case clientLingering:
		c.linger()
	case clientTunnel:
		c.exchange.relay()
	}
	c.afterEvent()
}

// afterEvent serves what came behind a request that has ended, and leaves nothing in the shared buffers.
func (c *clientConn) afterEvent() {
	if c.phase == clientReadsHead && !c.Pending() && (len(c.In) > 0 || c.Has(reactor.Readable)) { // else it has its turn later
		c.serve()
	}
	l := c.loop
	if e := c.exchange; e != nil && e.upstreamConn != nil {
		l.KeepIn(&e.upstreamConn.Conn)
	}
	l.KeepIn(&c.Conn)
	if c.phase == clientBusy && c.Has(reactor.ReadClosed) && (c.exchange.requestBody.ended || c.exchange.uploadStopped) && c.Deadline() > l.Clock+int64(proxy.HalfClosed) {
		l.arm(&c.conn, proxy.HalfClosed)
	}
}

// serve begins requests for as long as they are answered at once.
func (c *clientConn) serve() {
	for n := 0; c.phase == clientReadsHead; n++ {
		if n == mostRequests {
			c.loop.Requeue(&c.Conn)
			return
		}
		size, err := c.head()
		switch {
		case err != nil || size > 0:
			c.begin(size, err)
		default:
			return
		}
	}
}

// head reads until a head is complete, and returns its size; 0 where more has to come, or the connection has ended.
func (c *clientConn) head() (size int, err error) {
	l := c.loop
	for {
		if len(c.In) > 0 {
			if !c.prefaceSeen && c.preface() {
				return 0, nil
			}
			if size, err = c.find.Find(c.In, l.server.limits.HeadBytes); size > 0 || err != nil {
				return size, err
			}
		}
		if !l.Read(&c.Conn, l.front[reactor.HeadSpace:], l.server.limits.HeadBytes) {
			c.awaitHead()
			return 0, nil
		}
	}
}

// preface deals with a connection that begins, or may begin, with HTTP/2's preface; it is true where there is nothing else to do now.
func (c *clientConn) preface() bool {
	yes, more := http1.IsPreface(c.In)
	switch {
	case yes && c.loop.server.handOver != nil:
		c.loop.handOver(c, nil)
		return true
	case more && !yes:
		if c.loop.Read(&c.Conn, c.loop.front[reactor.HeadSpace:], c.loop.server.limits.HeadBytes) {
			return c.preface()
		}
		c.awaitHead()
		return true
	}
	c.prefaceSeen = true
	return false
}

// awaitHead is called where nothing more is there. A head that has begun has to be complete in time; otherwise the connection is idle.
func (c *clientConn) awaitHead() {
	l := c.loop
	switch {
	case c.Has(reactor.Broken) || c.Has(reactor.AtEOF):
		l.endClient(c)
	case len(c.In) > 0 && !c.headTimed:
		c.headTimed = true
		l.arm(&c.conn, l.server.limits.ReadHead)
	}
}

// begin begins a request, whose head is the first size bytes of what came, or err.
func (c *clientConn) begin(size int, err error) {
	l := c.loop
	c.ClearDeadline()
	c.headTimed, c.prefaceSeen = false, true
	e := l.free.takeExchange()
	e.begin(c, c.In[:size])
	l.Consume(&c.Conn, size)
	if err == nil {
		err = e.request.Parse(e.head, l.server.heads)
	}
	if err != nil {
		e.finished = false
		e.x.BadHead(l.scope, &c.info, err.(*http1.Error), l.Now) //nolint:errorlint,forcetypeassert // http1 has no other errors
		e.reply()
		return
	}
	e.finished = false
	switch e.x.Begin(l.scope, &e.request, &c.info, l.Now) {
	case proxy.ActionReply:
		e.requestBody.begin(e.request.Framing, http1.None)
		e.reply()
	case proxy.ActionHandOver:
		l.handOver(c, e)
	default:
		e.takeBody()
	}
}

// awaitNext waits for the next request.
func (c *clientConn) awaitNext() {
	c.exchange, c.phase = nil, clientReadsHead
	c.loop.arm(&c.conn, c.loop.server.limits.Idle)
}

// Expire ends what takes too long.
func (c *clientConn) Expire() {
	l := c.loop
	if !l.standsStill(&c.conn) {
		return
	}
	switch c.phase {
	case clientReadsHead:
		if c.headTimed && len(c.In) > 0 { // half a head
			c.refuse(proxy.OutcomeClientTimeout)
		} else {
			l.endClient(c)
		}
	case clientReadsBody, clientBusy:
		c.exchange.clientLate()
	case clientFlushing:
		c.exchange.abandon()
	case clientDiscarding:
		c.exchange.stopDiscarding()
	case clientLingering:
		l.endClient(c)
	}
	c.afterEvent()
}

// refuse answers a connection without a request.
func (c *clientConn) refuse(o proxy.Outcome) {
	l := c.loop
	e := l.free.takeExchange()
	e.begin(c, nil)
	e.finished = false
	e.x.Refuse(l.scope, &c.info, o, "", l.Now)
	e.reply()
}

// lost ends a connection that was reset.
func (c *clientConn) lost() {
	if c.exchange != nil {
		c.exchange.abandon()
		return
	}
	c.loop.endClient(c)
}

// Fail comes after a panic.
func (c *clientConn) Fail() {
	if c.exchange != nil {
		c.exchange.panicked()
		c.afterEvent()
		return
	}
	c.loop.endClient(c)
}

// endClient closes a connection.
func (l *loop) endClient(c *clientConn) {
	if c.phase == clientGone {
		return
	}
	c.phase = clientGone
	l.CloseConn(&c.Conn)
	l.uncount(c.admission)
	l.free.putClient(c)
}

// closeAfterResponse ends a connection behind its last answer: at once where all that the client sent was read, else the close would reset
// the connection, and the client might not see the answer.
func (c *clientConn) closeAfterResponse(unread bool) {
	l := c.loop
	c.exchange = nil
	end := proxy.ClientEnd{Refused: !c.prefaceSeen, Unread: unread, Waiting: len(c.In) > 0 || c.Has(reactor.Readable) && !c.Has(reactor.AtEOF)}
	if !end.Lingers() {
		l.endClient(c)
		return
	}
	c.phase = clientLingering
	c.CloseWrite()
	l.arm(&c.conn, proxy.LingerTime)
	c.linger()
}

// linger throws away what comes, for a while.
func (c *clientConn) linger() {
	l := c.loop
	for turn := 0; ; {
		c.discarded += int64(len(c.In))
		turn += len(c.In)
		l.DropIn(&c.Conn)
		switch {
		case c.discarded > proxy.LingerBytes:
			l.endClient(c)
			return
		case turn >= reactor.TurnBytes:
			l.Requeue(&c.Conn)
			return
		case l.Read(&c.Conn, l.front[reactor.HeadSpace:], reactor.SharedBytes):
		default:
			if c.Has(reactor.AtEOF) || c.Has(reactor.Broken) {
				l.endClient(c)
			}
			return
		}
	}
}
