//go:build linux

package event

import (
	"time"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
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
	pace   proxy.Pace    // of that
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
	j.asked, j.waited, j.from, j.pace = 0, 0, 0, proxy.Pace{}
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

// reply gives the client a local reply.
func (j *job) reply() {
	j.ticket++
	c := j.client
	l := c.loop
	j.dropUpstream()
	j.x.BeforeLocalReply(l.server.draining.Load(), j.skipBody())
	l.message = j.x.AppendLocalReply(l.message[:0], j.x.CloseAfter(), l.now)
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
		c.loop.watch(&c.sock, c.loop.server.limits.Progress)
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
