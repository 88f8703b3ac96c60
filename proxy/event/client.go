//go:build linux

package event

import (
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
)

// clientPhase is what a client's connection is at.
type clientPhase uint8

const (
	clientGone clientPhase = iota
	inHead                 // idle, or a head is arriving
	inBody                 // a small body is read before an instance is asked
	busy                   // an instance has the request
	flushing               // the answer is complete, but not all of it has been taken
	draining               // the answer is out, and the rest of the request is thrown away
	lingering              // the last answer is out, and the client is given time to read it
	tunnelled
)

// mostRequests is how many requests of one connection a turn answers.
const mostRequests = 16

// client is a client's connection.
type client struct {
	sock
	loop  *loop
	door  *door
	job   *job // nil between requests
	known proxy.Client
	find  http1.Head
	phase clientPhase
	begun bool  // its first bytes were looked at: they are no HTTP/2
	late  bool  // the deadline of a head runs
	waste int64 // bytes thrown away
	next  *client

	refused bool // there was no room for it
}

func (c *client) ready() {
	if c.has(broken) {
		c.lost()
		return
	}
	switch c.phase {
	case inHead:
		c.serve()
	case inBody:
		c.job.readAhead()
	case busy:
		c.job.fromClient()
	case flushing:
		c.job.flushRest()
	case draining:
		c.job.drain()
	case lingering:
		c.linger()
	case tunnelled:
		c.job.relay()
	}
	c.goOn()
}

// goOn serves what came behind a request that has ended, and leaves nothing in the shared buffers.
func (c *client) goOn() {
	if c.phase == inHead && !c.fresh && (len(c.in) > 0 || c.has(canRead)) { // else it has its turn later
		c.serve()
	}
	l := c.loop
	if j := c.job; j != nil && j.u != nil {
		l.own(&j.u.sock)
	}
	l.own(&c.sock)
	if c.phase == busy && c.has(shut) && (c.job.up.ended || c.job.stopped) && c.deadline > l.clock+int64(proxy.HalfClosed) {
		l.arm(&c.sock, int64(proxy.HalfClosed))
	}
}

// serve begins requests for as long as they are answered at once.
func (c *client) serve() {
	for n := 0; c.phase == inHead; n++ {
		if n == mostRequests {
			c.loop.putOff(&c.sock)
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
func (c *client) head() (size int, err error) {
	l := c.loop
	for {
		if len(c.in) > 0 {
			if !c.begun && c.preface() {
				return 0, nil
			}
			if size, err = c.find.Find(c.in, l.server.limits.HeadBytes); size > 0 || err != nil {
				return size, err
			}
		}
		if !l.read(&c.sock, l.front[headRoom:], l.server.limits.HeadBytes) {
			c.await()
			return 0, nil
		}
	}
}

// preface deals with a connection that begins, or may begin, with HTTP/2's preface; it is true where there is nothing else to do now.
func (c *client) preface() bool {
	yes, more := http1.IsPreface(c.in)
	switch {
	case yes && c.loop.server.handOver != nil:
		c.loop.giveAway(c, nil)
		return true
	case more && !yes:
		if c.loop.read(&c.sock, c.loop.front[headRoom:], c.loop.server.limits.HeadBytes) {
			return c.preface()
		}
		c.await()
		return true
	}
	c.begun = true
	return false
}

// await is called where nothing more is there. A head that has begun has to be complete in time; otherwise the connection is idle.
func (c *client) await() {
	l := c.loop
	switch {
	case c.has(broken) || c.has(atEOF):
		l.endClient(c)
	case len(c.in) > 0 && !c.late:
		c.late = true
		l.arm(&c.sock, int64(l.server.limits.ReadHead))
	}
}

// begin begins a request, whose head is the first size bytes of what came, or err.
func (c *client) begin(size int, err error) {
	l := c.loop
	l.disarm(&c.sock)
	c.late, c.begun = false, true
	j := l.stock.job()
	j.begin(c, c.in[:size])
	l.used(&c.sock, size)
	if err == nil {
		err = j.request.Parse(j.head, l.server.heads)
	}
	if err != nil {
		j.finished = false
		j.x.BadHead(l.seat, &c.known, err.(*http1.Error), l.now) //nolint:errorlint,forcetypeassert // http1 has no other errors
		j.reply()
		return
	}
	j.finished = false
	if j.x.Begin(l.seat, &j.request, &c.known, l.now) == proxy.ActionReply {
		j.up.begin(j.request.Framing, http1.None)
		j.reply()
		return
	}
	j.takeBody()
}

// idle waits for the next request.
func (c *client) idle() {
	c.job, c.phase = nil, inHead
	c.loop.arm(&c.sock, int64(c.loop.server.limits.Idle))
}

// expire ends what takes too long.
func (c *client) expire() {
	l := c.loop
	switch c.phase {
	case inHead:
		if c.late && len(c.in) > 0 { // half a head
			c.turnAway(proxy.OutcomeClientTimeout)
		} else {
			l.endClient(c)
		}
	case inBody, busy:
		c.job.clientLate()
	case flushing:
		c.job.abandon()
	case draining:
		c.job.stopDraining()
	case lingering:
		l.endClient(c)
	}
	c.goOn()
}

// turnAway answers a connection without a request.
func (c *client) turnAway(o proxy.Outcome) {
	l := c.loop
	j := l.stock.job()
	j.begin(c, nil)
	j.finished = false
	j.x.Refuse(l.seat, &c.known, o, "", l.now)
	j.reply()
}

// lost ends a connection that was reset.
func (c *client) lost() {
	if c.job != nil {
		c.job.abandon()
		return
	}
	c.loop.endClient(c)
}

// fail comes after a panic.
func (c *client) fail() {
	if c.job != nil {
		c.job.panicked()
		c.goOn()
		return
	}
	c.loop.endClient(c)
}

// endClient closes a connection.
func (l *loop) endClient(c *client) {
	if c.phase == clientGone {
		return
	}
	c.phase = clientGone
	l.close(&c.sock)
	l.uncount(c)
	l.stock.buryClient(c)
}

// uncount takes a connection that has ended out of the counts.
func (l *loop) uncount(c *client) {
	if c.refused {
		c.refused = false
		l.server.refused.Add(-1)
	}
	l.open.Add(-1)
}

// goodbye ends a connection behind its last answer: at once where all that the client sent was read, else the close would reset
// the connection, and the client might not see the answer.
func (c *client) goodbye(unread bool) {
	l := c.loop
	c.job = nil
	if c.begun && !unread && len(c.in) == 0 && (!c.has(canRead) || c.has(atEOF)) {
		l.endClient(c)
		return
	}
	c.phase = lingering
	sysShutWrite(int(c.fd))
	l.arm(&c.sock, int64(proxy.LingerTime))
	c.linger()
}

// linger throws away what comes, for a while.
func (c *client) linger() {
	l := c.loop
	for turn := 0; ; {
		c.waste += int64(len(c.in))
		turn += len(c.in)
		l.dropIn(&c.sock)
		switch {
		case c.waste > proxy.LingerBytes:
			l.endClient(c)
			return
		case turn >= turnBytes:
			l.putOff(&c.sock)
			return
		case l.read(&c.sock, l.front[headRoom:], sharedBytes):
		default:
			if c.has(atEOF) || c.has(broken) {
				l.endClient(c)
			}
			return
		}
	}
}
