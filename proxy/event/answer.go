//go:build linux

package event

import (
	"time"

	"github.com/pointsman/pointsman/proxy"
)

// largeHead is what is read at first of an answer where the one before it was large: enough for a head, while the rest is not copied
// but spliced.
const largeHead = 4 << 10

// fromUpstream comes when something has happened to the instance's connection.
func (j *job) fromUpstream() {
	u := j.u
	l := j.client.loop
	if len(u.out) > 0 {
		had := len(u.out)
		if !l.flush(&u.sock) {
			j.stopped = true
			l.dropOut(&u.sock)
			u.state |= canRead // its answer may be there all the same
		} else if len(u.out) < had {
			j.tookSome()
		}
	}
	if j.upload(); j.u != u {
		return
	}
	switch u.phase {
	case asking:
		j.awaitAnswer()
	case answering:
		j.download(nil)
	}
}

// fromClient comes when something has happened to the client's connection.
func (j *job) fromClient() {
	c := j.client
	l := c.loop
	if len(c.out) > 0 {
		had := len(c.out)
		if !l.flush(&c.sock) {
			j.abandon()
			return
		}
		switch {
		case len(c.out) == had:
		case len(c.out) > 0:
			l.watch(&c.sock, l.server.limits.Progress)
		default:
			l.disarm(&c.sock)
		}
	}
	u := j.u
	if u == nil {
		return
	}
	if u.phase == asking || u.phase == answering {
		if j.upload(); j.client != c || j.u != u {
			return
		}
	}
	if u.phase == answering { // last, as a client that takes nothing of its answer has a deadline, whatever it sends
		j.download(nil)
	}
}

// awaitAnswer reads heads until the final one.
func (j *job) awaitAnswer() {
	u := j.u
	l := j.client.loop
	for {
		if len(u.in) > 0 {
			j.heard = true
			size, err := u.find.Find(u.in, proxy.AnswerBytes)
			if err == nil && size > 0 {
				err = l.answer.Parse(u.in[:size], j.request.Method, l.server.answers)
			}
			if err != nil {
				j.x.Blame(err)
				j.failed(proxy.FailedAnswer)
				return
			}
			if size > 0 {
				if !j.hear(size) {
					return
				}
				continue
			}
		}
		room := l.back[headRoom:]
		if u.pool.large {
			room = room[:largeHead]
		}
		if !l.read(&u.sock, room, proxy.AnswerBytes) {
			j.noAnswer()
			return
		}
	}
}

// noAnswer is called where nothing more of an answer is there: the connection may have ended.
func (j *job) noAnswer() {
	u := j.u
	if u.has(broken) || u.has(atEOF) {
		j.failed(proxy.EndedEarly(j.heard, u.has(reset)))
	}
}

// hear takes the head of an answer, the first size bytes of what came; it is true where another one follows.
func (j *job) hear(size int) bool {
	l := j.client.loop
	switch j.x.Classify(&l.answer) {
	case proxy.ResponseInterim:
		return j.interim(size)
	case proxy.ResponseSwitch:
		j.switchOver(size)
	case proxy.ResponseFinal:
		j.answered(size)
	default:
		j.failed(proxy.FailedAnswer)
	}
	return false
}

// interim passes an interim answer on. A client that was waiting for 100 may now send its body.
func (j *job) interim(size int) bool {
	c, u := j.client, j.u
	l := c.loop
	out := j.x.AppendInterim(l.message[:0], &l.answer)
	proceed := l.answer.Status == 100
	l.used(&u.sock, size)
	if len(out) > 0 {
		if _, ok := l.send(&c.sock, out); !ok {
			j.abandon()
			return false
		}
	}
	if proceed && j.held {
		j.held = false
		j.upload()
	}
	return j.u == u && u.phase == asking
}

// answered takes the head of the final answer.
func (j *job) answered(size int) {
	c, u := j.client, j.u
	l := c.loop
	ans := &l.answer
	j.x.Answered(ans, time.Duration(l.clock-j.asked), l.now, u.used)
	l.disarm(&c.sock) // what it was waited for was its body
	early := !j.up.ended || len(u.out) > 0
	j.x.BeforeAnswer(l.server.draining.Load(), early)
	head := j.x.AppendAnswer(l.message[:0], ans, j.x.CloseAfter(), l.now)
	if j.held {
		j.held, j.stopped = false, true // the body is not asked for any more
	}
	j.down.begin(ans.Framing, j.x.AnswerFraming(ans).Kind)
	j.farewell = ans.Close || early
	u.pool.large = ans.Framing.Length >= spliceFrom+sharedBytes
	u.phase = answering
	l.used(&u.sock, size)
	l.message = keep(l.message, head)
	j.download(head)
}

// download moves what is at hand of the answer to the client; head, if not nil, goes before it.
func (j *job) download(head []byte) {
	c, u := j.client, j.u
	l := c.loop
	for moved := int64(0); ; {
		if len(head) == 0 {
			switch {
			case len(c.out) > 0 || !c.has(canWrite): // the client's writability wakes us
				l.disarm(&u.sock)
				if c.deadline == never { // else its time runs, and neither what it sends nor more of the answer begins it anew
					l.watch(&c.sock, l.server.limits.Progress)
				}
				return
			case moved >= turnBytes:
				l.putOff(&u.sock)
				return
			}
		}
		n, ok := j.downloadSome(head)
		if !ok {
			return
		}
		moved += n
		head = nil
	}
}

// downloadSome takes one step. It is not ok where download has to end, for now or for good.
func (j *job) downloadSome(head []byte) (n int64, ok bool) {
	c, u := j.client, j.u
	l := c.loop
	if len(u.in) == 0 && len(head) == 0 {
		switch {
		case j.down.held() > 0:
			n, how := l.emptyPipe(&j.down, &c.sock)
			return n, j.downloaded(n, how)
		case j.down.body.Done():
		case l.spliceable(&j.down):
			if l.fillPipe(&j.down, &u.sock) {
				n, how := l.emptyPipe(&j.down, &c.sock)
				return n, j.downloaded(n, how)
			}
			return 0, j.moreToCome()
		case !l.read(&u.sock, l.back[headRoom:], sharedBytes) && !j.moreToCome():
			return 0, false
		}
	}
	n, how := l.step(&j.down, &u.sock, &c.sock, l.back, head)
	return n, j.downloaded(n, how)
}

// moreToCome is called where nothing more of the answer is there. It is true where that is the body's end.
func (j *job) moreToCome() bool {
	u := j.u
	switch {
	case !u.has(broken) && !u.has(atEOF):
		l := j.client.loop
		l.disarm(&j.client.sock)
		j.upload() // it has its own deadline
		if j.u == u {
			j.await(l.server.limits.Progress)
		}
		return false
	case u.has(broken) || j.down.body.End() != nil:
		j.abandon()
		return false
	}
	return true
}

// downloaded deals with a step's end.
func (j *job) downloaded(n int64, how put) bool {
	j.x.Bytes += n
	if n > 0 {
		j.client.deadline = never // its time begins anew
	}
	switch how {
	case putGarbled:
		j.abandon()
		return false
	case putLost:
		j.abandon()
		return false
	case putDone:
		j.relayed()
		return false
	}
	return true
}

// relayed comes when the whole answer was given to the client's socket: the instance's connection is another request's from now on,
// if both sides of it are complete and nothing came that nobody asked for.
func (j *job) relayed() {
	u := j.u
	j.u = nil
	l := j.client.loop
	if j.farewell || !j.up.ended || len(u.out) > 0 || len(u.in) > 0 || u.has(shut) || u.has(canRead) && !u.silent() {
		l.endUpstream(u)
	} else {
		u.pool.put(u)
	}
	l.dropPipe(&j.up)
	l.dropPipe(&j.down)
	j.complete()
}
