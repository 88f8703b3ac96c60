package std

import (
	"net"
	"net/http"
	"time"

	"github.com/pointsman/pointsman/proxy/http1"
)

// outBuffer is where the answer goes on.
func (s *session) outBuffer() []byte {
	if s.out == nil {
		s.out = takeBuffer(smallBuffer)[:0]
	}
	return s.out
}

// head is responseWriter's.
func (s *session) head(ans *http1.Response) error {
	if ans.Status < 200 && ans.Status != http.StatusSwitchingProtocols {
		s.out = s.exchange.x.AppendInterim(s.outBuffer(), ans)
		return s.flush()
	}
	if s.exchange.upload != nil && !s.exchange.upload.whole.Load() { // what is left of the request ends with the connection
		s.exchange.x.BeforeAnswer(false, true)
	}
	framing := s.exchange.x.AnswerFraming(ans).Kind
	s.chunked, s.untilEnd = framing == http1.Chunked, framing == http1.UntilClose
	if s.untilEnd {
		s.clientConn.untilEnd.Store(true)
	}
	s.out = s.exchange.x.AppendAnswer(s.outBuffer(), ans, s.exchange.x.CloseAfter(), time.Now())
	return nil
}

// write is responseWriter's.
func (s *session) write(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	s.out = s.outBuffer()
	if s.chunked {
		s.out = http1.AppendChunkHead(s.out, int64(len(data)))
	}
	const end = "\r\n"
	if len(s.out)+len(data)+len(end) <= cap(s.out) {
		s.out = append(s.out, data...)
	} else if err := s.send(data); err != nil {
		return err
	}
	if s.chunked {
		s.out = append(s.out, end...)
	}
	return nil
}

// flush is responseWriter's.
func (s *session) flush() error {
	if len(s.out) == 0 {
		return nil
	}
	return s.send(nil)
}

// send writes what waits and then data.
func (s *session) send(data []byte) error {
	var err error
	s.clientConn.progress = s.exchange.x.Timeouts().Progress
	switch {
	case len(s.out) == 0:
		_, err = s.conn.Write(data)
	case len(data) == 0:
		_, err = s.conn.Write(s.out)
	default:
		s.vector = [2][]byte{s.out, data}
		s.buffers = s.vector[:]
		if s.conn == net.Conn(s.clientConn) {
			err = s.clientConn.writeAll(&s.buffers)
		} else {
			_, err = s.buffers.WriteTo(s.conn)
		}
		s.vector = [2][]byte{}
	}
	s.out = s.out[:0]
	s.wroteAt.Store(int64(time.Since(s.begun)))
	s.ended = s.ended || err != nil
	return err
}

// finish is responseWriter's.
func (s *session) finish(trailers []http1.Field) error {
	if s.chunked {
		s.out = http1.AppendLastChunk(s.outBuffer(), trailers)
	}
	err := s.flush()
	if s.untilEnd && err == nil {
		s.clientConn.untilEnd.Store(false)
	}
	return err
}

// localReply is responseWriter's. A small rest of the request is discarded after it; a larger one ends with the connection.
func (s *session) localReply() error {
	left := s.left()
	s.exchange.x.Ending = s.exchange.x.Ending || left != 0 && s.stopped.Load() // nothing more can be read
	s.exchange.x.BeforeLocalReply(false, left)
	s.out = s.exchange.x.AppendLocalReply(s.outBuffer(), s.exchange.x.CloseAfter(), time.Now())
	return s.flush()
}

// left is how much of the request's body is still to come, -1 where that is unknown.
func (s *session) left() int64 {
	switch {
	case s.body.Done():
		return 0
	case s.exchange.request.Framing.Kind == http1.Sized:
		return s.body.Left()
	}
	return -1
}

// tunnel is presence's.
func (s *session) tunnel(b *upstreamConn) {
	if s.flush() != nil {
		return
	}
	if rest := s.in.buf[s.bodyAt:s.in.w]; len(rest) > 0 { // the head stays where it is, for the log
		s.bodyIn.load(rest)
		s.bodyAt = s.in.w
	}
	b.below.free.Store(true)
	s.exchange.x.Bytes += tunnel(s.conn, &s.bodyIn, b, &b.in)
	s.ended = true
}

// cut is presence's. An end is taken for completeness where a body ends with the connection: there it is a reset.
func (s *session) cut() {
	s.ended = true
	if s.untilEnd {
		s.clientConn.reset()
	}
	s.clientConn.Close()
}
