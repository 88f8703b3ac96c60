package routing

import (
	"math/rand/v2"
	"time"

	"github.com/pointsman/pointsman/balancer"
)

// Eject says what follows where an instance does worse than the others of its route.
type Eject uint8

const (
	// EjectOff judges nobody.
	EjectOff Eject = iota
	// EjectShadow reports who would be ejected.
	EjectShadow
	// EjectOn ejects.
	EjectOn
)

// String is the word for it.
func (e Eject) String() string {
	return [...]string{EjectOff: "off", EjectShadow: "shadow", EjectOn: "on"}[e]
}

// EjectOf is what a word means; what is none is EjectOff.
func EjectOf(word string) Eject {
	for e := EjectOn; e > EjectOff; e-- {
		if e.String() == word {
			return e
		}
	}
	return EjectOff
}

// Others tells how the other members do among which one stands, and that can be asked: how many there are, and the mean of their shares of
// failures.
func (r *Route) Others(m *Member, now time.Time, alone bool) (n int, share float64) {
	members, _ := r.around(m)
	for i := range members {
		o := &members[i]
		if o.Way == m.Way || !o.Way.Usable() {
			continue
		}
		n++
		share += o.Way.Share(now, alone)
	}
	return n, share / float64(max(1, n))
}

// MaxFails is the instance's own rule of when it is out; written is false where it has none.
func (m *Member) MaxFails() (rule balancer.MaxFails, written bool) {
	rule.Fails, rule.Timeout, written = m.Rule.Options.Health.Rule()
	return rule, written
}

// OthersAnswer says whether another one of the members among which one stands, that can be asked, has answered since a time.
func (r *Route) OthersAnswer(m *Member, since time.Time) bool {
	members, _ := r.around(m)
	for i := range members {
		if o := &members[i]; o.Way != m.Way && o.Way.Usable() && !o.Way.Silent(since) {
			return true
		}
	}
	return false
}

// trialPause is how soon members are looked through again where one that is due could not be tried: each look walks over all.
const trialPause = 100 * time.Millisecond

// Patience is how long an answer of a member is waited for before another one is asked, see balancer.Way.Patience. One of which nothing is
// known yet is taken to be as fast as the first other one of its set of which something is: instances of a service are alike as a rule.
func (r *Route) Patience(m *Member, loop uint) time.Duration {
	var like time.Duration
	if !m.Way.Answered() {
		members, _ := r.around(m)
		for i := 0; i < len(members) && i < alikeAmong && like == 0; i++ {
			like = members[i].Upstream.Latency()
		}
	}
	return m.Way.Patience(loop, like)
}

// alikeAmong bounds how many members are looked at.
const alikeAmong = 8

// Trial takes an ejected member that is due to be tried, and notes when the next one is. A request that belongs to an instance, by a cookie or
// a key, tries no other one.
func (r *Route) Trial(w balancer.Want, now time.Time) (*Member, bool) {
	if w.Key != 0 || w.Sticky != 0 {
		return nil, false
	}
	var found *Member
	var next time.Time
	for i := range r.Members {
		m := &r.Members[i]
		if found == nil && m.mayTry(w) && m.Way.TakeTrial(now) {
			found = m
		}
		next = m.nextLook(next, now)
	}
	r.Lane.SetTrial(next)
	return found, found != nil
}

// Rest chooses where Pick finds nobody: one that is ejected or fails its checks, from a random one on, and of the own zone where there is one.
func (r *Route) Rest(w balancer.Want) (*Member, bool) { return rest(r.Members, w) }

// Rest is as Route.Rest, among the set's members.
func (s *Set) Rest(w balancer.Want) (*Member, bool) { return rest(s.Members, w) }

func rest(members []Member, w balancer.Want) (*Member, bool) {
	n := len(members)
	if n == 0 {
		return nil, false
	}
	from := rand.IntN(n)
	var elsewhere *Member
	for k := range n {
		i := (from + k) % n
		if m := &members[i]; !w.Tried.Has(i) && !m.Way.Usable() && m.Way.Reachable() {
			if !m.Away {
				return m, true
			}
			elsewhere = m
		}
	}
	return elsewhere, elsewhere != nil
}

// full says whether the instance has as many requests as it may.
func (m *Member) full() bool { return m.MaxConns > 0 && m.Upstream.InFlight() >= int64(m.MaxConns) }

// mayTry says whether a request could try a member that is ejected. Backups are tried when they are needed.
func (m *Member) mayTry(w balancer.Want) bool {
	return m.Weight > 0 && !m.Rule.Options.Balance.Backup && m.Way.Out() && m.Way.Reachable() && !w.Tried.Has(m.Index) && !m.full()
}

// nextLook is the earlier of a time at which members are looked through again, zero for none, and of when this one is due. One that is due
// and can't be tried now is looked at again soon.
func (m *Member) nextLook(next, now time.Time) time.Time {
	at := m.Way.TrialAt()
	if at.IsZero() {
		return next
	}
	if !at.After(now) {
		at = now.Add(trialPause)
	}
	if next.IsZero() || at.Before(next) {
		return at
	}
	return next
}

// Due is an ejected member of the set that is due to be tried, and has room for a request. It notes when the next one is, where none is.
func (s *Set) Due(w balancer.Want, now time.Time) (*Member, bool) {
	if w.Key != 0 || w.Sticky != 0 {
		return nil, false
	}
	var next time.Time
	for i := range s.Members {
		m := &s.Members[i]
		if m.mayTry(w) && !m.Way.TrialAt().After(now) {
			return m, true
		}
		next = m.nextLook(next, now)
	}
	s.Lane.SetTrial(next)
	return nil, false
}

// LaneOf is the lane of the members among which one stands.
func (r *Route) LaneOf(m *Member) *balancer.Lane {
	_, lane := r.around(m)
	return lane
}

// around is the members among which one stands, and their lane: those of a set, or the route's own.
func (r *Route) around(m *Member) ([]Member, *balancer.Lane) {
	for i := range r.Sets {
		if s := &r.Sets[i]; m.Index < len(s.Members) && m == &s.Members[m.Index] {
			return s.Members, s.Lane
		}
	}
	return r.Members, r.Lane
}
