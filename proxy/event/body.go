//go:build linux

package event

import (
	"time"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
)

// takeBody begins with the request's body: a small one is read whole before an instance is asked.
func (j *job) takeBody() {
	f := j.request.Framing
	j.up.begin(f, f.Kind)
	// A small body waits for an instance, and goes to the next one where that fails before anything was sent.
	j.up.keeps = proxy.Idempotent(j.request.Method) || f.Kind == http1.Sized && f.Length <= proxy.AheadBytes
	if f.Empty() {
		j.up.ended = true
		j.match()
		return
	}
	if j.x.ReadsAhead() {
		j.client.phase = inBody
		j.readAhead()
		return
	}
	j.match()
}

// readAhead reads a small body to its end.
func (j *job) readAhead() {
	c := j.client
	l := c.loop
	for !j.up.body.Done() {
		if len(c.in) == 0 && !l.read(&c.sock, l.front[headRoom:], sharedBytes) {
			j.awaitBody()
			return
		}
		j.bodyCame()
		data, n, err := j.up.body.Next(c.in)
		if err != nil {
			j.bodyFailed(proxy.FailedBody)
			return
		}
		j.up.pass(data)
		l.used(&c.sock, n)
	}
	l.disarm(&c.sock)
	j.began, j.up.ended = true, true
	j.match()
}

// awaitBody is called where nothing more of the body is there: the client may have gone, or has to send some in time.
func (j *job) awaitBody() {
	c := j.client
	if c.has(broken) || c.has(atEOF) {
		j.abandon()
		return
	}
	l := c.loop
	if j.from == 0 {
		j.from = l.clock
	}
	if j.u != nil && j.u.phase == asking {
		l.disarm(&j.u.sock) // it can't answer what it has not got
	}
	wait := j.pace.Patience(&l.server.limits, j.waited, j.up.bytes)
	l.arm(&c.sock, int64(max(wait, tick)))
}

// bodyCame ends a time of waiting for the client.
func (j *job) bodyCame() {
	if j.from != 0 {
		j.waited += time.Duration(j.client.loop.clock - j.from)
		j.from = 0
	}
}

// clientLate is called when the client has let its deadline pass.
func (j *job) clientLate() {
	c := j.client
	switch {
	case j.held: // neither the instance nor the client has said anything: RFC 9110 section 10.1.1 lets the body come
		j.release()
	case len(c.out) > 0, j.x.Status != 0, c.has(shut) && (j.up.ended || j.stopped):
		j.abandon()
	default:
		j.bodyCame()
		j.bodyFailed(proxy.FailedSlow)
	}
}

// bodyFailed ends a request whose body can't be read to its end.
func (j *job) bodyFailed(f proxy.Failure) {
	if j.x.Status != 0 { // an answer has begun
		j.stopped = true
		return
	}
	if j.u != nil {
		j.failed(f)
		return
	}
	j.conclude(j.x.Failed(f, false, false, j.client.loop.now))
}

// release lets a body come that the client holds back.
func (j *job) release() {
	c := j.client
	j.held = false
	if out := j.x.AppendContinue(c.loop.message[:0]); len(out) > 0 {
		if _, ok := c.loop.send(&c.sock, out); !ok {
			j.abandon()
			return
		}
	}
	j.upload()
}

// upload moves what is at hand of the request's body to the instance.
func (j *job) upload() {
	c, u := j.client, j.u
	l := c.loop
	if j.up.ended || j.stopped || u == nil {
		return
	}
	if j.held {
		if len(c.in) == 0 && !c.has(canRead) {
			l.arm(&c.sock, int64(proxy.ContinueWait))
			return
		}
		j.held = false // it did not wait
	}
	for moved := int64(0); !j.up.ended; {
		if len(u.out) > 0 || !u.has(canWrite) { // the instance's writability wakes us; the client is not to blame
			j.bodyCame()
			l.disarm(&c.sock)
			if progress := l.server.limits.Progress; moved > 0 || u.most != progress || u.deadline == never {
				l.watch(&u.sock, progress) // else its time runs, and what the client sends does not begin it anew
			}
			return
		}
		if moved >= turnBytes {
			l.putOff(&c.sock)
			return
		}
		n, ok := j.uploadSome()
		if !ok {
			return
		}
		moved += n
	}
	j.bodyCame()
	l.disarm(&c.sock)
	j.tookSome()
}

// tookSome comes when the instance's socket has taken some of the request.
func (j *job) tookSome() {
	l, u := j.client.loop, j.u
	switch {
	case u.phase != asking:
	case len(u.out) > 0:
		l.watch(&u.sock, l.server.limits.Progress)
	default:
		j.await(l.server.limits.Answer)
	}
}

// await gives the instance d for what it has to send next. What the kernel still holds of a body it has not got: while it takes of
// that, its time begins anew.
func (j *job) await(d time.Duration) {
	l := j.client.loop
	if j.up.bytes > proxy.AheadBytes {
		l.watch(&j.u.sock, d)
	} else {
		l.arm(&j.u.sock, int64(d))
	}
}

// uploadSome takes one step. It is not ok where upload has to end for now.
func (j *job) uploadSome() (n int64, ok bool) {
	c, u := j.client, j.u
	l := c.loop
	if len(c.in) == 0 {
		switch {
		case j.up.held() > 0:
			return j.uploaded(l.emptyPipe(&j.up, &u.sock))
		case j.up.body.Done():
		case l.spliceable(&j.up):
			if !l.fillPipe(&j.up, &c.sock) {
				j.awaitBody()
				return 0, false
			}
			j.bodyCame()
			j.began = true
			return j.uploaded(l.emptyPipe(&j.up, &u.sock))
		case !l.read(&c.sock, l.front[headRoom:], sharedBytes):
			j.awaitBody()
			return 0, false
		}
	}
	j.bodyCame()
	j.began = true
	return j.uploaded(l.step(&j.up, &c.sock, &u.sock, l.front, nil))
}

// uploaded deals with a step's end.
func (j *job) uploaded(n int64, how put) (int64, bool) {
	l := j.client.loop
	switch how {
	case putGarbled:
		j.bodyFailed(proxy.FailedBody)
		return n, false
	case putLost: // its answer may be there all the same
		j.stopped = true
		j.u.state |= canRead
		l.putOff(&j.u.sock)
		return n, false
	}
	if n > 0 {
		j.tookSome()
	}
	return n, true
}

// skipBody throws away what is at hand of the request's body, and returns how much is still to come, -1 where that is unknown.
func (j *job) skipBody() int64 {
	c := j.client
	for len(c.in) > 0 && !j.up.body.Done() {
		_, n, err := j.up.body.Next(c.in)
		if err != nil {
			return -1
		}
		c.loop.used(&c.sock, n)
	}
	switch {
	case j.up.body.Done():
		return 0
	case j.request.Framing.Kind == http1.Sized:
		return j.up.body.Left()
	}
	return -1
}

// drain throws the rest of a request away whose answer is out, so that the next one can come.
func (j *job) drain() {
	c := j.client
	l := c.loop
	for {
		before := len(c.in)
		left := j.skipBody()
		c.waste += int64(before - len(c.in))
		if left == 0 && j.up.body.Done() {
			j.bury()
			c.idle()
			return
		}
		if before > 0 && len(c.in) > 0 || c.waste > proxy.DiscardBytes { // not framed as announced, or too much
			j.stopDraining()
			return
		}
		if !l.read(&c.sock, l.front[headRoom:], sharedBytes) {
			if c.has(atEOF) || c.has(broken) {
				j.stopDraining()
			}
			return
		}
	}
}

// stopDraining gives the connection up.
func (j *job) stopDraining() {
	c := j.client
	j.bury()
	c.job = nil
	c.loop.endClient(c)
}
