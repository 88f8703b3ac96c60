package listen

import (
	"slices"
	"time"
)

const (
	// drainPoll is how often the end of the last connection is looked for.
	drainPoll = 10 * time.Millisecond
	// queuePoll is how often a listener's queue is looked at: what is in it is accepted within microseconds.
	queuePoll = time.Millisecond
)

// Socket is a listening socket, as draining stops it.
type Socket interface {
	// Quiesce lets no new connection begin, and says whether it could: those that have begun can still be accepted.
	Quiesce() bool
	// Queued is how many connections wait to be accepted.
	Queued() int
	// Close ends accepting. Where Quiesce could do nothing it resets what waits.
	Close() error
}

// drain ends the process's listeners, and loses nothing that was read: readiness goes first, then, after DrainWait, accepting ends; what is
// on its way is answered, and an idle connection's next request too, with Connection: close. What is still open after Grace is for the
// servers to close.
func (s *Shared) drain() {
	s.options.OnDrain()
	s.sleep(s.options.DrainWait)
	s.draining.Store(true)
	s.stopAccepting()
	s.options.Log.Info().Int("connections", s.Open()).Stringer("grace", s.options.Grace).Msg("draining")
	for end := time.Now().Add(s.options.Grace); s.Open() > 0; s.sleep(min(drainPoll, time.Until(end))) {
		switch {
		case s.options.Hurry.Err() != nil:
			s.options.Log.Info().Int("connections", s.Open()).Msg("told to stop at once; closing open connections")
			return
		case !time.Now().Before(end):
			s.options.Log.Info().Int("connections", s.Open()).Msg("the grace period is over; closing open connections")
			return
		}
	}
}

// stopAccepting closes the sockets, and resets nobody who was connected before.
func (s *Shared) stopAccepting() {
	s.mu.Lock()
	sockets := slices.Clone(s.sockets)
	s.mu.Unlock()
	quiet := false
	for _, l := range sockets {
		quiet = l.Quiesce() || quiet
	}
	if quiet {
		end := time.Now().Add(s.options.Grace)
		s.sleep(min(QuiesceFor, s.options.Grace))
		for _, l := range sockets { // on a starved machine accepting may be late
			for l.Queued() > 0 && time.Now().Before(end) && s.options.Hurry.Err() == nil {
				s.sleep(queuePoll)
			}
		}
	}
	for _, l := range sockets {
		_ = l.Close() // it can fail only where it is closed
	}
}

// sleep lasts for d, or until there is no time for it.
func (s *Shared) sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.options.Hurry.Done():
	}
}
