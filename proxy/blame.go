package proxy

import (
	"errors"
	"io"
	"sync"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/http1"
)

// What an instance did wrong is told at the default log level, or nobody could mend it: the client's 502 says only that it was an
// instance. One line for each instance and reason in a while, with how often it came since the last one.

// mostBlames bounds how many instances with a reason are remembered; past it the ones that were told long ago are forgotten.
const mostBlames = 1024

// blames remembers what was told. The zero value is ready, and safe for concurrent use.
type blames struct {
	mu    sync.Mutex
	known map[blame]*lastLine
}

// blame is an instance, by its address, and what it did.
type blame struct{ instance, reason string }

// lastLine is when the last line was written, and how many were not since.
type lastLine struct {
	at      time.Time
	omitted int
}

// count notes one more. It is true where a line is due, which tells of that many.
func (b *blames) count(one blame, now time.Time) (times int, due bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.known[one]
	if t == nil {
		if len(b.known) >= mostBlames && !b.forget(now) {
			return 0, false // the metric counts it all the same
		}
		if b.known == nil {
			b.known = make(map[blame]*lastLine)
		}
		b.known[one] = &lastLine{at: now}
		return 1, true
	}
	t.omitted++
	if now.Sub(t.at) < quiet {
		return 0, false
	}
	times = t.omitted
	*t = lastLine{at: now}
	return times, true
}

// forget drops what was told long ago. It is false where nothing was. It needs b.mu.
func (b *blames) forget(now time.Time) bool {
	for one, t := range b.known {
		if now.Sub(t.at) >= quiet {
			delete(b.known, one)
		}
	}
	return len(b.known) < mostBlames
}

// Blame says, before Failed, what was wrong with an answer: see reasonOf.
func (x *Exchange) Blame(err error) { x.blame = err }

// ErrNonsense is what is wrong where Hear says ResponseInvalid.
var ErrNonsense = &http1.Error{Status: 502, Text: "unexpected 101 response, or too many 1xx responses"}

// reasonOf is what an instance did wrong, for people and as a metric's label: one of a fixed set, which holds nothing that the instance
// sent. It is "" for what is no fault of an instance.
func reasonOf(f Failure, why error) string {
	var malformed *http1.Error
	switch f {
	case FailedSent:
		return "the connection was closed before an answer"
	case FailedReset:
		return "the connection was reset before an answer"
	case FailedSilent:
		return "no answer in time"
	case FailedAnswer:
		switch {
		case errors.As(why, &malformed):
			return malformed.Text
		case errors.Is(why, io.ErrShortBuffer):
			return "header too large"
		case why == nil:
			return "the connection ended within the answer's head"
		}
	}
	return ""
}

// broken counts and tells why a request ends with a local reply in place of its instance's.
func (s *Recorder) broken(u *balancer.Upstream, f Failure, why error, now time.Time) {
	reason := reasonOf(f, why)
	if reason == "" {
		return
	}
	s.mu.Lock()
	if s.blamed == nil {
		s.blamed = make(map[string]uint64)
	}
	s.blamed[reason]++
	s.mu.Unlock()
	s.tell(u.Service(), u.Address(), reason, "bad gateway: an instance failed a request", now)
}

// tell writes a line that is due.
func (s *Recorder) tell(service, instance, reason, message string, now time.Time) {
	if times, due := s.common.blames.count(blame{instance, reason}, now); due {
		s.common.Log.Warn().Str("service", service).Str("instance", instance).Str("reason", reason).Int("times", times).Msg(message)
	}
}
