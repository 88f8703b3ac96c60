//go:build linux

package event

import (
	"golang.org/x/sys/unix"

	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/reactor"
	"github.com/pointsman/pointsman/proxy/record"
)

// upstreamPhase is what a connection to an instance is at.
type upstreamPhase uint8

const (
	upstreamGone       upstreamPhase = iota
	upstreamConnecting               // the handshake is under way
	upstreamProbing                  // it is open, and watched for a moment before it is given what can't be repeated
	upstreamWaiting                  // it carries a request, whose answer has not begun
	upstreamResponding               // its answer is being relayed
	upstreamIdle                     // it waits in the pool
	upstreamTunnel
)

// upstreamConn is a connection to an instance.
type upstreamConn struct {
	conn
	pool     *pool
	phase    upstreamPhase
	reused   bool      // it has carried a request before
	opened   int64     // loop's clock
	exchange *exchange // nil while it is kept
	find     http1.Head
	next     *upstreamConn // in a free list
}

// Ready goes on with what the connection is at.
func (u *upstreamConn) Ready() {
	l := u.pool.loop
	if u.phase == upstreamIdle {
		if u.Has(reactor.Readable) || u.Has(reactor.ReadClosed) { // its end, or bytes that nobody asked for
			u.pool.forget(u)
			l.endUpstream(u)
		}
		return
	}
	if u.exchange == nil {
		return
	}
	c := u.exchange.clientConn
	l.Current = &c.Conn
	switch u.phase {
	case upstreamConnecting:
		u.connected()
	case upstreamProbing:
		u.early()
	case upstreamWaiting, upstreamResponding:
		u.exchange.fromUpstream()
	case upstreamTunnel:
		u.exchange.relay()
	}
	l.KeepIn(&u.Conn)
	c.afterEvent()
}

// connected looks how the connect ended.
func (u *upstreamConn) connected() {
	l := u.pool.loop
	if !u.Has(reactor.Writable) && !u.Has(reactor.ReadClosed) && !u.Has(reactor.Broken) {
		return
	}
	if errno := u.TakeError(); errno != 0 {
		u.exchange.connectFailed(errno)
		return
	}
	u.opened = l.Clock
	l.scope.Connect(record.ConnectOK)
	u.exchange.connected()
}

// Expire ends what takes too long.
func (u *upstreamConn) Expire() {
	l := u.pool.loop
	if !l.standsStill(&u.conn) {
		return
	}
	if u.phase == upstreamIdle {
		u.pool.forget(u)
		l.endUpstream(u)
		return
	}
	if u.exchange == nil {
		return
	}
	c := u.exchange.clientConn
	l.Current = &c.Conn
	switch u.phase {
	case upstreamConnecting:
		u.exchange.connectFailed(unix.ETIMEDOUT)
	case upstreamProbing:
		u.exchange.sendFresh()
	case upstreamWaiting:
		u.exchange.answerLate()
	case upstreamResponding:
		u.exchange.x.Cut(l.Now)
		u.exchange.abandon()
	}
	l.KeepIn(&u.Conn)
	c.afterEvent()
}

// Fail comes after a panic.
func (u *upstreamConn) Fail() {
	if u.exchange != nil {
		c := u.exchange.clientConn
		u.exchange.panicked()
		c.afterEvent()
		return
	}
	u.pool.forget(u)
	u.pool.loop.endUpstream(u)
}

// endUpstream closes a connection that is in no pool.
func (l *loop) endUpstream(u *upstreamConn) {
	if u.phase == upstreamGone {
		return
	}
	u.phase, u.exchange = upstreamGone, nil
	u.pool.up.Disconnect()
	l.CloseConn(&u.Conn)
	l.free.putUpstream(u)
}
