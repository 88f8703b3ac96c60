package std

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
)

// session is an HTTP/1 connection: one request after another. While it is idle it holds no buffer and no exchange.
type session struct {
	server     *Server
	clientConn *clientConn
	conn       net.Conn  // a clientConn, or TLS over it
	exchange   *exchange // the present one; nil between two requests

	in       readBuffer // the request's head stays in it for as long as the exchange lasts
	find     http1.Head
	deadline time.Time  // of reads
	bodyAt   int        // position in "in" at which the request's body goes on
	bodyIn   readBuffer // what came of the body, and behind it, after in
	body     http1.Body
	watching chan struct{} // closed when the watch has ended; nil without one
	// unwatched is closed when the watch is to end, which may be waiting for what is sent.
	unwatched chan struct{}
	begun     time.Time
	wroteAt   atomic.Int64 // when something was last written, since begun
	arrived   atomic.Bool  // something behind the request's head; see sends

	out      []byte // of the answer, not yet sent
	vector   [2][]byte
	buffers  net.Buffers
	chunked  bool // the answer's body goes out in chunks
	untilEnd bool // the answer's body ends with the connection
	refused  bool // the last answer was to no whole request
	unread   bool // not all of the last request's body was read
	ended    bool // there is nobody to send to
	stopped  atomic.Bool
}

func newSession(s *Server, f *clientConn, conn net.Conn) *session {
	n := &session{server: s, clientConn: f, conn: conn, begun: time.Now()}
	below := conn
	if conn == net.Conn(f) {
		below = f.Conn
	}
	from := newSource(below)
	n.in.from, n.bodyIn.from = from, from
	return n
}

// serve answers requests until the connection ends. It is true, with the connection open, where HTTP/2 begins.
func (s *session) serve() (http2 bool) {
	for first := true; ; first = false {
		n, http2, err := s.readHead(first)
		if http2 {
			return true
		}
		var refused *http1.Error
		switch head := s.in.unread(); {
		case err == nil:
			if !s.serveRequest(head[:n]) {
				s.close()
				return false
			}
			continue
		case errors.As(err, &refused):
			s.rejectHead(refused)
		case timedOut(err) && len(head) > 0:
			s.refuse(proxy.OutcomeClientTimeout, "")
		}
		s.close()
		return false
	}
}

// readHead waits for a whole head. A connection's first one has its time from the beginning, others from their first byte. A
// connection in the clear may begin with HTTP/2's preface instead.
func (s *session) readHead(first bool) (n int, http2 bool, err error) {
	limits := s.server.limits
	wait := limits.Idle
	if first {
		wait = limits.ReadHead
	}
	s.allow(wait)
	for began := first; ; {
		if head := s.in.unread(); len(head) > 0 {
			more := false
			if first && s.conn == net.Conn(s.clientConn) {
				http2, more = http1.IsPreface(head)
			}
			if !http2 && !more {
				n, err = s.find.Find(head, limits.HeadBytes)
			}
			if n > 0 || http2 || err != nil {
				return n, http2, err
			}
			if !began {
				began = true
				s.expire(time.Now().Add(limits.ReadHead))
			}
		}
		if err := s.in.fillHead(limits.HeadBytes); err != nil {
			return 0, false, err
		}
	}
}

// serveRequest answers one request, and says whether another one may follow.
func (s *session) serveRequest(head []byte) bool {
	e := s.server.takeExchange(s)
	limits := http1.Limits{HeadBytes: s.server.limits.HeadBytes, Fields: s.server.limits.HeadFields}
	if err := e.request.Parse(head, limits); err != nil {
		s.server.giveExchange(e)
		var refused *http1.Error
		if errors.As(err, &refused) {
			s.rejectHead(refused)
		}
		return false
	}
	s.exchange, s.bodyAt = e, s.in.r+len(head)
	s.body.Start(e.request.Framing)
	e.run(e.x.Begin(s.server.scope, &e.request, &s.clientConn.info, time.Now()))
	return s.conclude()
}

// rejectHead answers a head that is none.
func (s *session) rejectHead(err *http1.Error) {
	s.answer(func(e *exchange) proxy.Action {
		return e.x.BadHead(s.server.scope, &s.clientConn.info, err, time.Now())
	})
}

// refuse answers a connection that brings no request.
func (s *session) refuse(o proxy.Outcome, detail string) {
	s.answer(func(e *exchange) proxy.Action {
		return e.x.Refuse(s.server.scope, &s.clientConn.info, o, detail, time.Now())
	})
}

// answer gives the connection's last answer.
func (s *session) answer(begin func(e *exchange) proxy.Action) {
	s.exchange, s.bodyAt, s.refused = s.server.takeExchange(s), s.in.r, true
	s.exchange.request.Framing = http1.Framing{}
	s.body.Start(s.exchange.request.Framing)
	s.exchange.run(begin(s.exchange))
	s.conclude()
}

// conclude makes the session ready for the next request, or says that there is none.
func (s *session) conclude() bool {
	more := !s.ended && !s.exchange.x.CloseAfter() && s.discardRest()
	s.unread = !s.body.Done()
	s.server.giveExchange(s.exchange)
	s.exchange = nil
	giveBuffer(s.out)
	s.out, s.chunked, s.untilEnd = nil, false, false
	s.in.r = s.bodyAt
	s.in.release()
	if len(s.bodyIn.unread()) > 0 {
		s.in, s.bodyIn = s.bodyIn, s.in
	}
	s.bodyIn.release()
	return more
}

// discardRest reads what is left of a small body, after an answer that did not wait for it: what follows on the connection is the next
// request. It is false where it did not come in time, or is too much.
func (s *session) discardRest() bool {
	if s.body.Done() {
		return true
	}
	s.expire(time.Now().Add(proxy.LingerTime))
	for left := proxy.DiscardBytes; left > 0; {
		data, err := s.piece()
		left -= len(data)
		if err != nil {
			s.ended = s.ended || timedOut(err) // it had its time
			return errors.Is(err, io.EOF)
		}
	}
	return false
}

// close closes the connection.
func (s *session) close() {
	end := proxy.ClientEnd{Refused: s.refused, Unread: s.unread, Waiting: len(s.in.unread()) > 0}
	if !s.ended && end.Lingers() {
		if s.conn == net.Conn(s.clientConn) || endOf(s.conn) == nil { // TLS sends close_notify
			s.clientConn.linger()
		}
	}
	s.in.drop()
	s.bodyIn.drop()
	_ = s.conn.Close()
}

// allow lets reads take d from now.
func (s *session) allow(d time.Duration) {
	if now := time.Now(); !due(s.deadline, now, d) {
		s.expire(now.Add(d))
	}
}

// expire lets reads take until then. An error means that the connection has ended, which the next read tells.
func (s *session) expire(at time.Time) {
	s.deadline = at
	_ = s.conn.SetReadDeadline(at)
}
