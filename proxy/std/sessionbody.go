package std

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/pointsman/pointsman/proxy/http1"
)

// next is asker's.
func (s *session) next(p *pace) ([]byte, error) {
	data, ready, err := s.step()
	for !ready && err == nil {
		s.expire(p.begin())
		if s.stopped.Load() {
			return nil, os.ErrDeadlineExceeded
		}
		err = s.read()
		p.end()
		if err == nil {
			data, ready, err = s.step()
		}
	}
	p.count(len(data))
	return data, err
}

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
		src := s.in.buf[s.content:s.in.w]
		early := len(src) > 0 // it came with the head
		if !early {
			src = s.flow.unread()
		}
		data, n, err := s.body.Next(src)
		if early {
			s.content += n
		} else {
			s.flow.skip(n)
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
	err := s.flow.more(largeBuffer)
	if errors.Is(err, io.EOF) {
		return s.body.End()
	}
	return err
}

// trailers is asker's.
func (s *session) trailers() []http1.Field { return s.body.Trailers() }

// stop is asker's.
func (s *session) stop() {
	s.stopped.Store(true)
	_ = s.conn.SetReadDeadline(past)
}

// past is before every deadline.
var past = time.Unix(1, 0)

// sends is asker's. While the asker is watched, the watch tells.
func (s *session) sends() bool {
	if s.watching == nil {
		s.came.Store(s.content < s.in.w || len(s.flow.unread()) > 0)
	}
	return s.came.Load()
}

// proceed is asker's.
func (s *session) proceed() error {
	s.out = s.x.AppendContinue(s.room())
	return s.flush()
}
