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
		quiet = listen.QuiesceFD(int(a.fd)) || quiet
	}
	if quiet {
		end := time.Now().Add(s.limits.Grace)
		time.Sleep(min(listen.QuiesceFor, s.limits.Grace))
		for _, a := range acceptors { // on a starved machine accepting may be late
			for listen.QueuedFD(int(a.fd)) > 0 && time.Now().Before(end) {
				time.Sleep(time.Millisecond)
			}
		}
	}
	for _, a := range acceptors {
		closed := make(chan struct{})
		if a.loop.post(task{do: func() { a.loop.close(&a.conn); close(closed) }}) {
			<-closed
		}
	}
}

// closeAll ends everything that a loop has, the loop itself too.
func (l *loop) closeAll() {
	l.tasks.mu.Lock()
	l.tasks.closed = true
	queued := l.tasks.queued
	l.tasks.queued = nil
	l.tasks.mu.Unlock()
	for _, t := range queued {
		if t.accepted.fd > 0 {
			sysClose(t.accepted.fd)
			l.files.Add(-1)
		}
		if t.dropped != nil {
			t.dropped()
		}
	}
	for i := range l.handles {
		if s := l.handles[i].conn; s != nil && s != &l.waker {
			l.endOwner(s)
		}
	}
	for _, p := range l.pools {
		p.gone = true
		p.empty()
	}
	for l.pipes.free != nil {
		p := l.pipes.free
		l.pipes.free = p.next
		l.closePipe(p)
	}
	if l.ep < 0 {
		return
	}
	l.close(&l.waker)
	sysClose(l.ep)
	l.ep = -1
	l.files.Add(-1)
}

// endOwner ends whatever a connection belongs to.
func (l *loop) endOwner(s *conn) {
	switch o := s.owner.(type) {
	case *clientConn:
		if o.exchange != nil {
			o.exchange.abandon()
		} else {
			l.endClient(o)
		}
	case *upstreamConn:
		if o.exchange == nil {
			o.pool.forget(o)
			l.endUpstream(o)
		} else {
			o.exchange.abandon()
		}
	default:
		l.close(s)
	}
}
