//go:build linux

package event

import (
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/reactor"
)

// download moves what is at hand of the answer to the client; head, if not nil, goes before it.
func (e *exchange) download(head []byte) {
	c, u := e.clientConn, e.upstreamConn
	l := c.loop
	for moved := int64(0); ; {
		if len(head) == 0 {
			switch {
			case len(c.Out) > 0 || !c.Has(reactor.Writable): // the client's writability wakes us
				u.ClearDeadline()
				if !c.HasDeadline() { // else its time runs, and neither what it sends nor more of the answer begins it anew
					l.watch(&c.conn, e.x.Timeouts().Progress)
				}
				return
			case moved >= reactor.TurnBytes:
				l.Requeue(&u.Conn)
				return
			}
		}
		n, ok := e.downloadSome(head)
		if !ok {
			return
		}
		moved += n
		head = nil
	}
}

// downloadSome takes one step. It is not ok where download has to end, for now or for good.
func (e *exchange) downloadSome(head []byte) (n int64, ok bool) {
	c, u := e.clientConn, e.upstreamConn
	l := c.loop
	if len(u.In) == 0 && len(head) == 0 {
		switch {
		case e.responseBody.piped() > 0:
			n, how := l.emptyPipe(&e.responseBody, &c.Conn)
			return n, e.downloaded(n, how)
		case e.responseBody.body.Done():
		case l.spliceable(&e.responseBody):
			if l.fillPipe(&e.responseBody, &u.Conn) {
				n, how := l.emptyPipe(&e.responseBody, &c.Conn)
				return n, e.downloaded(n, how)
			}
			return 0, e.moreToCome()
		case !l.Read(&u.Conn, l.back[reactor.HeadSpace:], reactor.SharedBytes) && !e.moreToCome():
			return 0, false
		}
	}
	n, how := l.step(&e.responseBody, &u.Conn, &c.Conn, l.back, head)
	return n, e.downloaded(n, how)
}

// moreToCome is called where nothing more of the answer is there. It is true where that is the body's end.
func (e *exchange) moreToCome() bool {
	u := e.upstreamConn
	switch {
	case !u.Has(reactor.Broken) && !u.Has(reactor.AtEOF):
		e.clientConn.ClearDeadline()
		e.upload() // it has its own deadline
		if e.upstreamConn == u {
			e.await(e.x.Timeouts().Progress)
		}
		return false
	case u.Has(reactor.Broken) || e.responseBody.body.End() != nil:
		e.x.Cut(e.clientConn.loop.Now)
		e.abandon()
		return false
	}
	return true
}

// downloaded deals with a step's end.
func (e *exchange) downloaded(n int64, how stepEnd) bool {
	e.x.Bytes += n
	if n > 0 {
		e.clientConn.ClearDeadline() // its time begins anew
	}
	switch how {
	case stepMalformed:
		e.x.Cut(e.clientConn.loop.Now)
		e.abandon()
		return false
	case stepLost:
		e.abandon()
		return false
	case stepDone:
		e.relayed()
		return false
	}
	return true
}

// relayed comes when the whole answer was given to the client's socket: the instance's connection is another request's from now on,
// if both sides of it are complete and nothing came that nobody asked for.
func (e *exchange) relayed() {
	u := e.upstreamConn
	e.upstreamConn = nil
	e.release(u)
	e.complete()
}

// release keeps the connection of an answer that has come whole, where another request may use it, and closes it otherwise.
func (e *exchange) release(u *upstreamConn) {
	l := e.clientConn.loop
	end := proxy.UpstreamEnd{Close: e.noReuse, Unsent: !e.requestBody.ended || len(u.Out) > 0, Surplus: len(u.In) > 0, Ended: u.Has(reactor.ReadClosed)}
	if end.Reusable() && (!u.Has(reactor.Readable) || u.Silent()) { // what epoll told of may be nothing
		u.pool.put(u)
	} else {
		l.endUpstream(u)
	}
	l.dropPipe(&e.requestBody)
	l.dropPipe(&e.responseBody)
}
