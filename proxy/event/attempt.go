//go:build linux

package event

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/pointsman/pointsman/proxy"
)

// match finds an instance, and asks it.
func (j *job) match() {
	j.client.phase = busy
	switch j.x.MatchPresent() {
	case proxy.ActionSend:
		j.attempt()
	case proxy.ActionHandOver:
		j.client.loop.giveAway(j.client, j)
	default:
		j.reply()
	}
}

// attempt tries until a connection is under way or the rules say stop.
func (j *job) attempt() {
	l := j.client.loop
	do := proxy.ActionSend
	for do == proxy.ActionSend {
		failure, used, ok := j.try()
		if ok {
			return
		}
		do = j.x.Failed(failure, used, j.replayable(), l.now)
	}
	j.conclude(do)
}

// conclude does what is left to do where no instance is asked any more.
func (j *job) conclude(do proxy.Action) {
	if do == proxy.ActionAbort {
		j.abandon()
		return
	}
	j.reply()
}

// replayable says whether all that was read of the request's body is still at hand.
func (j *job) replayable() bool { return !j.up.forgot }

// try takes a kept connection, or begins one. It is not ok where the attempt has failed already.
func (j *job) try() (failure proxy.Failure, used, ok bool) {
	l := j.client.loop
	p := l.poolOf(j.x.Member.Way)
	if !j.x.Fresh {
		// What can't be repeated is not sent into a connection without a last look; for the rest, what epoll told is enough.
		u, dead := p.take(!proxy.Idempotent(j.request.Method))
		if dead > 0 {
			l.seat.Retry(proxy.FailedStale, dead)
		}
		if u != nil {
			u.job, j.u = j, u
			return j.send()
		}
	}
	if !p.addr.IsValid() {
		return p.dial(j)
	}
	j.u, failure = p.connect(j)
	return failure, false, j.u != nil
}

// failed ends an attempt, and makes another one or none.
func (j *job) failed(f proxy.Failure) {
	used := j.u.used
	if f.EmptiesPool(used) {
		j.u.pool.empty()
	}
	j.dropUpstream()
	j.again(f, used)
}

// again makes another attempt after one that has failed, and left no connection, or none.
func (j *job) again(f proxy.Failure, used bool) {
	if do := j.x.Failed(f, used, j.replayable(), j.client.loop.now); do == proxy.ActionSend {
		j.attempt()
	} else {
		j.conclude(do)
	}
}

// dropUpstream closes the present attempt's connection.
func (j *job) dropUpstream() {
	l := j.client.loop
	if j.u != nil {
		l.endUpstream(j.u)
		j.u = nil
	}
	l.dropPipe(&j.up)
	l.dropPipe(&j.down)
}

// connectFailed is an attempt without a connection.
func (j *job) connectFailed(errno unix.Errno) {
	j.failed(j.client.loop.seat.ConnectFailed(j.x.Member.Upstream, os.NewSyscallError("connect", errno)))
}

// connected sends the request, unless the instance has first to show that it stays: where what can't be repeated goes to one that
// has never answered.
func (j *job) connected() {
	u := j.u
	if !j.x.MustSettle() {
		j.ask()
		return
	}
	u.phase = settling
	if u.has(shut) || u.has(canRead) {
		j.failed(proxy.FailedSettle)
		return
	}
	j.client.loop.arm(&u.sock, int64(proxy.Settle))
}

// ask sends the request over a fresh connection.
func (j *job) ask() {
	if failure, used, ok := j.send(); !ok {
		j.again(failure, used)
	}
}

// send sends the head, and of the body what is at hand.
func (j *job) send() (failure proxy.Failure, used, ok bool) {
	c, u := j.client, j.u
	l := c.loop
	u.phase, j.heard, j.stopped = asking, false, false
	j.asked = l.clock
	message, body := j.x.AppendRequest(l.message[:0]), 0
	if j.began {
		message = l.appendAgain(message, &j.up)
	}
	l.message = keep(l.message, message)
	if !j.began && j.up.raw() && !j.request.Continue {
		message, body = l.behind(message, &c.sock, l.front, j.up.body.Left())
	}
	if _, ok := l.send(&u.sock, message); !ok { // not a byte of it was taken
		used := u.used
		l.endUpstream(u)
		j.u = nil
		return proxy.FailedStale, used, false
	}
	switch {
	case j.began:
		j.up.ended = j.up.body.Done()
	case body > 0:
		j.began = true
		j.up.pass(c.in[:body])
		j.up.body.Skip(int64(body))
		l.used(&c.sock, body)
		j.up.ended = j.up.body.Done()
	}
	j.held = j.request.Continue && !j.began
	l.arm(&u.sock, int64(l.server.limits.Answer))
	j.upload()
	return 0, false, true
}
