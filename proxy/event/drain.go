//go:build linux

package event

import (
	"time"

	"github.com/pointsman/pointsman/proxy/sockets"
)

// drainPoll is how often the end of the last connection is looked for.
const drainPoll = 10 * time.Millisecond

// drain loses nothing that was read: readiness goes first, then, after DrainWait, accepting ends; what is on its way is answered,
// and an idle connection's next request too, with Connection: close. What is still open after Grace is closed.
func (s *Server) drain(doors []*door) {
	s.onDrain()
	time.Sleep(s.limits.DrainWait)
	s.draining.Store(true)
	s.stopAccepting(doors)
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
func (s *Server) stopAccepting(doors []*door) {
	quiet := false
	for _, d := range doors {
		quiet = sockets.QuiesceFD(int(d.fd)) || quiet
	}
	if quiet {
		end := time.Now().Add(s.limits.Grace)
		time.Sleep(min(sockets.QuiesceFor, s.limits.Grace))
		for _, d := range doors { // on a starved machine accepting may be late
			for sockets.QueuedFD(int(d.fd)) > 0 && time.Now().Before(end) {
				time.Sleep(time.Millisecond)
			}
		}
	}
	for _, d := range doors {
		closed := make(chan struct{})
		if d.loop.post(letter{do: func() { d.loop.close(&d.sock); close(closed) }}) {
			<-closed
		}
	}
}

// closeAll ends everything that a loop has, the loop itself too.
func (l *loop) closeAll() {
	l.inbox.mu.Lock()
	l.inbox.closed = true
	letters := l.inbox.letters
	l.inbox.letters = nil
	l.inbox.mu.Unlock()
	for _, m := range letters {
		if m.guest.fd > 0 {
			sysClose(m.guest.fd)
			l.files.Add(-1)
		}
		if m.unread != nil {
			m.unread()
		}
	}
	for i := range l.places {
		if s := l.places[i].s; s != nil && s != &l.knocked {
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
	l.close(&l.knocked)
	sysClose(l.ep)
	l.ep = -1
	l.files.Add(-1)
}

// endOwner ends whatever a sock belongs to.
func (l *loop) endOwner(s *sock) {
	switch o := s.owner.(type) {
	case *client:
		if o.job != nil {
			o.job.abandon()
		} else {
			l.endClient(o)
		}
	case *upstream:
		if o.job == nil {
			o.pool.forget(o)
			l.endUpstream(o)
		} else {
			o.job.abandon()
		}
	default:
		l.close(s)
	}
}
