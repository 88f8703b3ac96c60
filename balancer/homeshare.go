package balancer

import (
	"sync/atomic"
	"time"
)

// count counts the members that are usable, and those that have room for a request, too.
func count(members []Member) (usable, room int) {
	for i := range members {
		m := &members[i]
		if !m.Way.Usable() {
			continue
		}
		usable++
		if !m.Full() {
			room++
		}
	}
	return usable, room
}

// homeShare is home's part of the choices in a set, in whole/s. It outlives the pickers of its set.
type homeShare struct {
	part  atomic.Int64 // as requests read it
	back  atomic.Int64 // the same without what limits of requests take from it; unknown until home has had a member
	moved atomic.Int64 // unix nanoseconds of the last look
	_     [40]byte
	drawn atomic.Uint64 // choices, in whole/s; what is written stands on a line of its own
	_     [56]byte
}

const unknown = -1

func newHomeShare() *homeShare {
	s := &homeShare{}
	s.back.Store(unknown)
	return s
}

// follow goes to what it is by what is usable: down at once, and up in steps. Requests at their limit come and go, and are no part of that.
func (s *homeShare) follow(usable, at int64) int64 {
	back := s.back.Load()
	if back != unknown && usable > back {
		passed := min(max(0, at-s.moved.Load()), int64(returnStep))
		usable = min(usable, back+passed*whole/int64(returnTime))
	}
	s.moved.Store(at)
	s.back.Store(usable)
	return usable
}

// all gives home all choices, as there is nobody else.
func (s *homeShare) all() {
	s.back.Store(whole)
	s.part.Store(whole)
}

// empty notes that home has no members. It comes back in steps, unless it never had one.
func (s *homeShare) empty() {
	if s.back.Load() != unknown {
		s.back.Store(0)
		s.part.Store(0)
	}
}

// come notes that home has members and is not alone: what it was away for does not count for its return.
func (s *homeShare) come(at int64) {
	if s.back.Load() == 0 {
		s.moved.Store(at)
	}
}

// HomeShare is the part of its choices, from 0 to 1, that a picker makes in the own zone; ok is false where it has no choice between zones.
func HomeShare(p Picker, now time.Time) (share float64, ok bool) {
	switch p := p.(type) {
	case *sticky:
		return HomeShare(p.rest, now)
	case *backups:
		return HomeShare(p.ranks[0], now)
	case *zones:
		p.look(now.UnixNano())
		return float64(p.share.part.Load()) / whole, true
	}
	return 0, false
}
