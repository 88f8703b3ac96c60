//go:build linux

package event

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/sockets"
)

// keepHead is the largest head whose buffer an unused job keeps.
const keepHead = 4 << 10

// job is one request on its way.
type job struct {
	x       proxy.Exchange
	request http1.Request
	head    []byte // what request's strings are views of
	client  *client
	u       *upstream // nil while no connection is used

	up, down flow
	held     bool // the client holds its body back until it is told 100
	began    bool // a byte of the body went on its way
	heard    bool // the present attempt brought something of an answer
	stopped  bool // the present attempt takes no more of the body
	farewell bool // the instance's connection can't be used again
	finished bool // x.Finish was called

	asked  int64         // loop's clock when the head was sent
	waited time.Duration // for the client's body
	from   int64         // since when it is being waited for; 0 = it is not

	ticket uint64 // another one for each life
	next   *job   // in a free list
}

// begin makes the job that of a client's request; the head is copied, as what it stands in is soon used again.
func (j *job) begin(c *client, head []byte) {
	j.client, c.job = c, j
	c.phase = busy
	j.head = append(j.head[:0], head...)
	j.x.MayHandOver = c.loop.server.handOver != nil
	j.held, j.began, j.heard, j.stopped, j.farewell = false, false, false, false, false
	j.finished = true // until x has begun
	j.asked, j.waited, j.from = 0, 0, 0
	j.up.begin(http1.Framing{}, http1.None)
	j.down.begin(http1.Framing{}, http1.None)
}

// bury ends the job's life; x was finished before.
func (j *job) bury() {
	l := j.client.loop
	if cap(j.head) > keepHead {
		j.head = nil
	}
	if cap(j.up.replay) > keepHead {
		j.up.replay = nil
	}
	l.dropPipe(&j.up)
	l.dropPipe(&j.down)
	j.client, j.u = nil, nil
	j.ticket++
	l.stock.buryJob(j)
}

// match finds an instance, and asks it. A table that was replaced between the load and the pick may have no instance left; its successor
// has.
func (j *job) match() {
	l := j.client.loop
	j.client.phase = busy
	table := l.server.common.Switch.Load()
	do := j.x.Match(table)
	for do == proxy.Reply && j.x.Outcome == proxy.NoInstance {
		next := l.server.common.Switch.Load()
		if next == table {
			break
		}
		table = next
		j.x.Outcome, j.x.Status = proxy.Forwarded, 0
		do = j.x.Match(table)
	}
	switch do {
	case proxy.Send:
		j.attempt()
	case proxy.HandOver:
		l.giveAway(j.client, j)
	default:
		j.reply()
	}
}

// attempt tries until a connection is under way or the rules say stop.
func (j *job) attempt() {
	l := j.client.loop
	do := proxy.Send
	for do == proxy.Send {
		failure, used, ok := j.try()
		if ok {
			return
		}
		do = j.x.Failed(failure, used, j.replayable(), l.now)
	}
	j.conclude(do)
}

// conclude does what is left to do where no instance is asked any more.
func (j *job) conclude(do proxy.Do) {
	if do == proxy.Abort {
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
	p := l.poolOf(j.x.Target.Upstream)
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
	if p.named {
		p.resolve(j)
		return 0, false, true
	}
	u, failure, errno := p.connectTo(j, p.to)
	if u == nil {
		if errno != 0 {
			j.countConnect(errno)
		}
		return failure, false, false
	}
	j.u = u
	return 0, false, true
}

// failed ends an attempt, and makes another one or none.
func (j *job) failed(f proxy.Failure) {
	used := j.u.used
	if used && (f == proxy.FailedSent || f == proxy.FailedReset) {
		j.u.pool.empty()
	}
	j.dropUpstream()
	j.again(f, used)
}

// again makes another attempt after one that has failed, and left no connection, or none.
func (j *job) again(f proxy.Failure, used bool) {
	if do := j.x.Failed(f, used, j.replayable(), j.client.loop.now); do == proxy.Send {
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
	j.countConnect(errno)
	j.failed(connectFailure(errno))
}

func (j *job) countConnect(errno unix.Errno) {
	if sockets.Shortage(errno) {
		j.client.loop.seat.Short(j.x.Target.Upstream, os.NewSyscallError("connect", errno))
		return
	}
	result := proxy.ConnectError
	switch errno {
	case unix.ECONNREFUSED:
		result = proxy.ConnectRefused
	case unix.ETIMEDOUT:
		result = proxy.ConnectTimeout
	}
	j.client.loop.seat.Connect(result)
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

// reply gives the client an own answer.
func (j *job) reply() {
	j.ticket++
	c := j.client
	l := c.loop
	j.dropUpstream()
	left := j.skipBody()
	closes := l.server.draining.Load() || left != 0 && !j.x.MayDrain(left)
	l.message = j.x.AppendOwn(l.message[:0], closes, l.now)
	if _, ok := l.send(&c.sock, l.message); !ok {
		j.abandon()
		return
	}
	j.complete()
}

// complete comes when the whole answer was given to the socket.
func (j *job) complete() {
	c := j.client
	if len(c.out) > 0 {
		c.phase = flushing
		c.loop.arm(&c.sock, int64(c.loop.server.limits.Progress))
		return
	}
	j.finish()
}

func (j *job) flushRest() {
	c := j.client
	had := len(c.out)
	if !c.loop.flush(&c.sock) {
		j.abandon()
		return
	}
	if len(c.out) == had {
		return
	}
	j.complete()
}

// finish ends the request: the answer is out.
func (j *job) finish() {
	c := j.client
	c.loop.disarm(&c.sock)
	j.end()
	switch unread := !j.up.read(); {
	case j.x.CloseAfter():
		j.bury()
		c.goodbye(unread)
	case unread:
		c.phase, c.waste = draining, 0
		c.loop.arm(&c.sock, int64(proxy.LingerTime))
		j.drain()
	default:
		j.bury()
		c.idle()
	}
}

// end counts and logs the request, once.
func (j *job) end() {
	if !j.finished {
		j.finished = true
		j.x.Finish(j.client.loop.now)
	}
}

// abandon ends the request and the client's connection without a further byte: the client is gone, or must see its answer cut. One to
// whom the connection's end means the answer's gets a reset.
func (j *job) abandon() {
	c := j.client
	if j.down.out == http1.UntilClose && c.fd >= 0 {
		sysReset(int(c.fd))
	}
	j.dropUpstream()
	j.end()
	j.bury()
	c.job = nil
	c.loop.endClient(c)
}

// panicked ends the request after a panic, with an answer where none has begun.
func (j *job) panicked() {
	if j.finished || j.x.Status != 0 || j.x.Request == nil {
		j.abandon()
		return
	}
	j.x.Fail()
	j.x.Ending = true
	j.reply()
}
