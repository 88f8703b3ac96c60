//go:build linux

package event

// switchOver turns both connections into a tunnel, after the instance's 101 and not before; size is its head's. What the client sent
// behind its own head has waited until now.
func (j *job) switchOver(size int) {
	c, u := j.client, j.u
	l := c.loop
	j.x.Answered(&l.answer, 0, l.now, u.used)
	head := j.x.AppendAnswer(l.message[:0], &l.answer, false, l.now)
	l.used(&u.sock, size)
	if _, ok := l.send(&c.sock, head); !ok {
		j.abandon()
		return
	}
	c.phase, u.phase = tunnelled, upTunnel
	l.disarm(&c.sock) // it may be quiet for as long as it likes
	l.disarm(&u.sock)
	j.relay()
}

// relay copies both ways until both have ended or one failed. An end in one direction is passed on, and leaves the other open.
func (j *job) relay() {
	c, u := j.client, j.u
	l := c.loop
	n, ok := l.pass(&u.sock, &c.sock, l.back)
	j.x.Bytes += n
	if ok {
		_, ok = l.pass(&c.sock, &u.sock, l.front)
	}
	if !ok || c.has(shutOut) && u.has(shutOut) {
		j.abandon()
		return
	}
	l.own(&u.sock)
}

// pass moves what is at hand in one direction. It is false where a connection is lost.
func (l *loop) pass(from, to *sock, shared []byte) (moved int64, ok bool) {
	if !l.flush(to) {
		return 0, false
	}
	for len(to.out) == 0 {
		if moved >= turnBytes {
			l.putOff(from)
			return moved, true
		}
		if len(from.in) == 0 && !l.read(from, shared[headRoom:], sharedBytes) {
			break
		}
		if _, ok := l.send(to, from.in); !ok {
			return moved, false
		}
		moved += int64(len(from.in))
		l.dropIn(from)
	}
	if from.has(broken) {
		return moved, false
	}
	if from.has(atEOF) && !to.has(shutOut) && len(to.out) == 0 && len(from.in) == 0 {
		to.state |= shutOut
		sysShutWrite(int(to.fd))
	}
	return moved, true
}
