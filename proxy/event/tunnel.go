//go:build linux

package event

// switchOver turns both connections into a tunnel, after the instance's 101 and not before; size is its head's. What the client sent
// behind its own head has waited until now.
func (e *exchange) switchOver(size int) {
	c, u := e.clientConn, e.upstreamConn
	l := c.loop
	e.x.Answered(&l.answer, 0, l.now, u.reused)
	head := e.x.AppendAnswer(l.message[:0], &l.answer, false, l.now)
	l.consume(&u.conn, size)
	if _, ok := l.send(&c.conn, head); !ok {
		e.abandon()
		return
	}
	c.phase, u.phase = clientTunnel, upstreamTunnel
	l.disarm(&c.conn) // it may be quiet for as long as it likes
	l.disarm(&u.conn)
	e.relay()
}

// relay copies both ways until both have ended or one failed. An end in one direction is passed on, and leaves the other open.
func (e *exchange) relay() {
	c, u := e.clientConn, e.upstreamConn
	l := c.loop
	n, ok := l.relay(&u.conn, &c.conn, l.back)
	e.x.Bytes += n
	if ok {
		_, ok = l.relay(&c.conn, &u.conn, l.front)
	}
	if !ok || c.has(shutOut) && u.has(shutOut) {
		e.abandon()
		return
	}
	l.keepIn(&u.conn)
}

// relay moves what is at hand in one direction. It is false where a connection is lost.
func (l *loop) relay(from, to *conn, shared []byte) (moved int64, ok bool) {
	if !l.flush(to) {
		return 0, false
	}
	for len(to.out) == 0 {
		if moved >= turnBytes {
			l.requeue(from)
			return moved, true
		}
		if len(from.in) == 0 && !l.read(from, shared[headSpace:], sharedBytes) {
			break
		}
		if _, ok := l.send(to, from.in); !ok {
			return moved, false
		}
		moved += int64(len(from.in))
		l.dropIn(from)
	}
	if from.has(failed) {
		return moved, false
	}
	if from.has(atEOF) && !to.has(shutOut) && len(to.out) == 0 && len(from.in) == 0 {
		to.state |= shutOut
		sysShutWrite(int(to.fd))
	}
	return moved, true
}
