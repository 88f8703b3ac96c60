package routing

import (
	"testing"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// membersAt are members with an instance of their own each, that has answered.
func membersAt(addresses ...string) (list []Member) {
	for i, a := range addresses {
		u := balancer.NewUpstream("s", a)
		w := u.Way(balancer.WayKey{})
		w.ObserveAnswer(0, time.Millisecond)
		list = append(list, Member{Upstream: u, Way: w, Weight: 1, Index: i, Rule: &dialect.Rule{}})
	}
	return list
}

// eject takes an instance out for a time.
func eject(m *Member, d time.Duration, now time.Time) {
	m.Way.Fail(balancer.MaxFails{Fails: 1, Timeout: d}, false, now, func() int { return 1 })
}

// A member of a set is compared with those of its set.
func TestOthersAreThoseOfTheSet(t *testing.T) {
	r := Route{Members: membersAt("a", "b", "c"), Lane: balancer.NewLane(), Sets: []Set{{Members: membersAt("d", "e"), Lane: balancer.NewLane()}}}
	own, spare := &r.Members[1], &r.Sets[0].Members[1]
	for m, want := range map[*Member]int{own: 2, spare: 1} {
		if n, _ := r.Others(m, time.Now(), false); n != want {
			t.Errorf("%s has %d others, want %d", m.Upstream.Address(), n, want)
		}
	}
	since := time.Now().Add(-time.Minute)
	r.Members[0].Upstream.ObserveHead(0, time.Now(), true)
	if !r.OthersAnswer(own, since) || r.OthersAnswer(spare, since) {
		t.Errorf("others answer: %t, and of the set %t", r.OthersAnswer(own, since), r.OthersAnswer(spare, since))
	}
}

// One of which nothing is known is taken to be as fast as those of its own set.
func TestPatienceIsThatOfTheSet(t *testing.T) {
	r := Route{Members: membersAt("a"), Lane: balancer.NewLane(), Sets: []Set{{Members: membersAt("d", "e"), Lane: balancer.NewLane()}}}
	const slow = 2 * time.Second
	for range 100 {
		r.Sets[0].Members[0].Way.ObserveAnswer(0, slow)
	}
	fresh := &r.Sets[0].Members[1]
	fresh.Upstream = balancer.NewUpstream("s", "f")
	fresh.Way = fresh.Upstream.Way(balancer.WayKey{})
	if d := r.Patience(fresh, 0); d < slow {
		t.Errorf("%s, although its set takes %s", d, slow)
	}
	unknown := &r.Members[0]
	unknown.Upstream = balancer.NewUpstream("s", "g")
	unknown.Way = unknown.Upstream.Way(balancer.WayKey{})
	if d := r.Patience(unknown, 0); d > slow {
		t.Errorf("%s: that of a set of another service", d)
	}
}

// One that is full, or was tried, is not due, and is looked at again only after a pause.
func TestWhatIsFullIsNotDue(t *testing.T) {
	s := Set{Members: membersAt("a", "b"), Lane: balancer.NewLane()}
	begun := time.Now()
	now := begun.Add(time.Second)
	for i := range s.Members {
		eject(&s.Members[i], time.Second/2, begun)
	}
	s.Members[0].MaxConns = 1
	s.Members[0].Upstream.Acquire(0)
	var tried balancer.Tried
	w := balancer.Want{Tried: &tried}
	if m, ok := s.Due(w, now); !ok || m != &s.Members[1] {
		t.Errorf("due: %v %t", m, ok)
	}
	s.Members[1].Rule.Options.Balance.Backup = true
	if m, ok := s.Due(w, now); ok {
		t.Errorf("a backup is due: %s", m.Upstream.Address())
	}
	s.Members[1].Rule.Options.Balance.Backup = false
	tried.Add(1)
	if m, ok := s.Due(w, now); ok {
		t.Errorf("due: %s", m.Upstream.Address())
	}
	if s.Lane.TrialDue(now) || !s.Lane.TrialDue(now.Add(trialPause)) {
		t.Error("not looked at again after the pause")
	}
}
