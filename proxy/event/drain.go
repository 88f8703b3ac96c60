//go:build linux

package event

import (
	"time"

	"github.com/pointsman/pointsman/proxy/listen"
)

// drainPoll is how often the end of the last connection is looked for.
const drainPoll = 10 * time.Millisecond

// drain loses nothing that was read: readiness goes first, then, after DrainWait, accepting ends; what is on its way is answered,
// and an idle connection's next request too, with Connection: close. What is still open after Grace is closed.
func (s *Server) drain(acceptors []*acceptor) {
	s.onDrain()
	time.Sleep(s.limits.DrainWait)
	s.draining.Store(true)
	s.stopAccepting(acceptors)
	if s.handOver == nil { // else who takes connections over drains at the same time, and tells of all of them
		s.log.Info().Int("connections", s.Connections()).Stringer("grace", s.limits.Grace).Msg("draining")
	}
	for end := time.Now().Add(s.limits.Grace); s.Connections() > 0; time.Sleep(drainPoll) {
		if !time.Now().Before(end) {
			s.log.Info().Int("connections", s.Connections()).Msg("grace is over, closing what is open")
			return
		}
	}
}

// stopAccepting closes the listeners, and resets nobody who was connected before.
func (s *Server) stopAccepting(acceptors []*acceptor) {
	quiet := false
	for _, a := range acceptors {
		quiet = listen.QuiesceFD(a.FD()) || quiet
	}
	if quiet {
		end := time.Now().Add(s.limits.Grace)
		time.Sleep(min(listen.QuiesceFor, s.limits.Grace))
		for _, a := range acceptors { // on a starved machine accepting may be late
			for listen.QueuedFD(a.FD()) > 0 && time.Now().Before(end) {
				time.Sleep(time.Millisecond)
			}
		}
	}
	for _, a := range acceptors {
		closed := make(chan struct{})
		if a.loop.tasks.Post(task{do: func() { a.loop.CloseConn(&a.Conn); close(closed) }}) {
			<-closed
		}
	}
}
