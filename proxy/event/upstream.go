//go:build linux

package event

import (
	"golang.org/x/sys/unix"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
)

// upstreamPhase is what a connection to an instance is at.
type upstreamPhase uint8

const (
	upGone     upstreamPhase = iota
	connecting               // the handshake is under way
	settling                 // it is open, and watched for a moment before it is given what can't be repeated
	asking                   // it carries a request, whose answer has not begun
	answering                // its answer is being relayed
	kept                     // it waits in the pool
	upTunnel
)

// upstream is a connection to an instance.
type upstream struct {
	sock
	pool   *pool
	phase  upstreamPhase
	used   bool  // it has carried a request before
	opened int64 // loop's clock
	job    *job  // nil while it is kept
	find   http1.Head
	next   *upstream // in a free list
}

func (u *upstream) ready() {
	l := u.pool.loop
	if u.phase == kept {
		if u.has(canRead) || u.has(shut) { // its end, or bytes that nobody asked for
			u.pool.forget(u)
			l.endUpstream(u)
		}
		return
	}
	if u.job == nil {
		return
	}
	c := u.job.client
	l.current = &c.sock
	switch u.phase {
	case connecting:
		u.connected()
	case settling:
		if u.has(shut) || u.has(canRead) { // what speaks before it was asked is no HTTP server
			u.job.failed(proxy.FailedSettle)
		}
	case asking, answering:
		u.job.fromUpstream()
	case upTunnel:
		u.job.relay()
	}
	l.own(&u.sock)
	c.goOn()
}

// connected looks how the connect ended.
func (u *upstream) connected() {
	l := u.pool.loop
	if !u.has(canWrite) && !u.has(shut) && !u.has(broken) {
		return
	}
	if errno := sysError(int(u.fd)); errno != 0 {
		u.job.connectFailed(errno)
		return
	}
	u.opened = l.clock
	l.seat.Connect(proxy.ConnectOK)
	u.job.connected()
}

func (u *upstream) expire() {
	l := u.pool.loop
	if u.phase == kept {
		u.pool.forget(u)
		l.endUpstream(u)
		return
	}
	if u.job == nil {
		return
	}
	c := u.job.client
	l.current = &c.sock
	switch u.phase {
	case connecting:
		u.job.connectFailed(unix.ETIMEDOUT)
	case settling:
		u.job.ask()
	case asking:
		u.job.failed(proxy.FailedSilent)
	case answering:
		u.job.abandon()
	}
	l.own(&u.sock)
	c.goOn()
}

// fail comes after a panic.
func (u *upstream) fail() {
	if u.job != nil {
		c := u.job.client
		u.job.panicked()
		c.goOn()
		return
	}
	u.pool.forget(u)
	u.pool.loop.endUpstream(u)
}

// endUpstream closes a connection that is in no pool.
func (l *loop) endUpstream(u *upstream) {
	if u.phase == upGone {
		return
	}
	u.phase, u.job = upGone, nil
	u.pool.up.Disconnect()
	l.close(&u.sock)
	l.stock.buryUpstream(u)
}
