package std

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/pointsman/pointsman/proxy/http1"
)

// readBody is requestBody's.
func (s *session) readBody(p *pace) ([]byte, error) {
	data, ready, err := s.step()
	for !ready && err == nil {
		s.expire(p.begin())
		if s.stopped.Load() {
			return nil, os.ErrDeadlineExceeded
		}
		if err = s.read(); timedOut(err) { // this goroutine may have been kept waiting, with something there to be read
			s.expire(time.Now().Add(lookAgain))
			err = s.read()
		}
		p.end()
		if err == nil {
			data, ready, err = s.step()
		}
	}
	p.count(len(data))
	return data, err
}

// lookAgain is how long a read may take whose bytes are there, if there are any.
const lookAgain = time.Millisecond

// piece is next without a pace.
func (s *session) piece() ([]byte, error) {
	for {
		data, ready, err := s.step()
		if ready || err != nil {
			return data, err
		}
		if err := s.read(); err != nil {
			return nil, err
		}
	}
}

// step takes a step through what has been read of the body. It is not ready where more must be read.
func (s *session) step() (data []byte, ready bool, err error) {
	for {
		src := s.in.buf[s.bodyAt:s.in.w]
		early := len(src) > 0 // it came with the head
		if !early {
			src = s.bodyIn.unread()
		}
		data, n, err := s.body.Next(src)
		if early {
			s.bodyAt += n
		} else {
			s.bodyIn.skip(n)
		}
		switch {
		case err != nil:
			return nil, false, err
		case s.body.Done():
			return data, true, io.EOF
		case len(data) > 0:
			return data, true, nil
		case n == 0:
			return nil, false, nil
		}
	}
}

// read reads more of the body.
func (s *session) read() error {
	err := s.bodyIn.fill(largeBuffer)
	if errors.Is(err, io.EOF) {
		return s.body.End()
	}
	return err
}

// trailers is requestBody's.
func (s *session) trailers() []http1.Field { return s.body.Trailers() }

// stopBody is requestBody's.
func (s *session) stopBody() {
	s.stopped.Store(true)
	_ = s.conn.SetReadDeadline(past)
}

// past is before every deadline.
var past = time.Unix(1, 0)

// bodyArrived is requestBody's. While the client is watched, the watch tells.
func (s *session) bodyArrived() bool {
	if s.watching == nil {
		s.arrived.Store(s.bodyAt < s.in.w || len(s.bodyIn.unread()) > 0)
	}
	return s.arrived.Load()
}

// sendContinue is requestBody's.
func (s *session) sendContinue() error {
	s.out = s.exchange.x.AppendContinue(s.outBuffer())
	return s.flush()
}
