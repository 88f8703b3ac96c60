package std

import (
	"errors"
	"io"
	"time"

	"github.com/pointsman/pointsman/proxy"
)

// watch reads on, and keeps what comes, as that is the next request. Where more comes than there is room for, the
// client is not watched any longer.
func (s *session) watch(gone, arrived func()) {
	s.watching, s.unwatched = make(chan struct{}), make(chan struct{})
	done, unwatched := s.watching, s.unwatched
	s.expire(time.Time{})
	in := &s.in
	if len(s.bodyIn.unread()) > 0 {
		in = &s.bodyIn
	}
	go func() {
		defer close(done)
		for {
			switch err := in.readOnce(); {
			case err == nil:
				s.arrived.Store(true)
				if arrived != nil {
					arrived()
				}
				continue
			case errors.Is(err, io.ErrShortBuffer), timedOut(err):
			case !errors.Is(err, io.EOF) || !s.takesResponse(unwatched):
				gone()
			}
			return
		}
	}()
}

// takesResponse waits, once the client has ended its side, for as long as it gets its answer, which is while nothing stands still for
// proxy.HalfClosed. It is false where it did, and true when the client is not watched any longer.
func (s *session) takesResponse(unwatched <-chan struct{}) bool {
	ended := time.Since(s.begun)
	timer := time.NewTimer(proxy.HalfClosed)
	defer timer.Stop()
	for {
		select {
		case <-unwatched:
			return true
		case <-timer.C:
		}
		silent := time.Since(s.begun) - max(ended, time.Duration(s.wroteAt.Load()))
		if silent >= proxy.HalfClosed {
			return false
		}
		timer.Reset(proxy.HalfClosed - silent)
	}
}

// unwatch is presence's.
func (s *session) unwatch() {
	s.expire(past)
	close(s.unwatched)
	<-s.watching
	s.watching = nil
}
