//go:build linux

package event

import (
	"time"

	"github.com/pointsman/pointsman/proxy/reactor"
)

// switchOver turns both connections into a tunnel, after the instance's 101 and not before; size is its head's. What the client sent
// behind its own head has waited until now.
func (e *exchange) switchOver(size int) {
	c, u := e.clientConn, e.upstreamConn
	l := c.loop
	e.x.Answered(&l.answer, time.Duration(l.Clock-e.sentAt), l.Now, u.reused)
	head := e.x.AppendAnswer(l.message[:0], &l.answer, false, l.Now)
	l.Consume(&u.Conn, size)
	if _, ok := l.Send(&c.Conn, head); !ok {
		e.abandon()
		return
	}
	c.phase, u.phase = clientTunnel, upstreamTunnel
	c.ClearDeadline() // it may be quiet for as long as it likes
	u.ClearDeadline()
	e.relay()
}

// relay copies both ways until both have ended or one failed. An end in one direction is passed on, and leaves the other open.
func (e *exchange) relay() {
	c, u := e.clientConn, e.upstreamConn
	l := c.loop
	n, ok := l.Relay(&u.Conn, &c.Conn, l.back[reactor.HeadSpace:])
	e.x.Bytes += n
	if ok {
		_, ok = l.Relay(&c.Conn, &u.Conn, l.front[reactor.HeadSpace:])
	}
	if !ok || c.Has(reactor.WriteClosed) && u.Has(reactor.WriteClosed) {
		e.abandon()
		return
	}
	l.KeepIn(&u.Conn)
}
