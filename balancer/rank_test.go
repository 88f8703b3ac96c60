package balancer

import (
	"testing"
	"time"
)

func policies() []Policy { return []Policy{RoundRobin{}, LeastConnections{}, LeastTime{}, Hash{}} }

func TestBackupsServeWhenNoOtherCan(t *testing.T) {
	for _, policy := range policies() {
		m := named(4, func(int) int { return 1 })
		m[1].Backup, m[2].Backup = true, true
		p := Build(policy, m, NewLane())
		for key := range uint64(20) {
			if i, ok := p.Pick(Want{Key: key}); !ok || m[i].Backup {
				t.Fatalf("%T: %d %v, want no backup", policy, i, ok)
			}
		}
		var tried Tried
		tried.Add(0)
		if i, ok := p.Pick(Want{Tried: &tried}); !ok || i != 3 {
			t.Errorf("%T: %d %v, want the one that was not tried", policy, i, ok)
		}
		m[0].Way.Retire()
		m[3].Way.ObserveRefused(time.Now().Add(time.Hour))
		got := map[int]bool{}
		for key := range uint64(40) {
			i, ok := p.Pick(Want{Key: key})
			if !ok || !m[i].Backup {
				t.Fatalf("%T: %d %v, want a backup", policy, i, ok)
			}
			got[i] = true
		}
		if len(got) != 2 {
			t.Errorf("%T: backups in use: %v, want both", policy, got)
		}
		tried.Add(1)
		if i, ok := p.Pick(Want{Tried: &tried, Settled: true}); !ok || i != 2 {
			t.Errorf("%T: %d %v, want the backup that was not tried", policy, i, ok)
		}
	}
}

func TestBackupsTakeTurnsOfTheirOwnOverSwaps(t *testing.T) {
	m := set(1, 1, 2, 1)
	m[2].Backup, m[3].Backup = true, true
	lane := NewLane()
	a, b := m[0].Way, m[1].Way
	if got := run(Build(RoundRobin{}, m, lane), m, 3); got != "aba" {
		t.Error(got)
	}
	if got := run(Build(RoundRobin{}, m, lane), m, 1); got != "b" {
		t.Errorf("after a swap: %s", got)
	}
	a.Retire()
	b.Retire()
	got := run(Build(RoundRobin{}, m, lane), m, 2)
	if got += run(Build(RoundRobin{}, m, lane), m, 4); got != "cdccdc" {
		t.Errorf("backups: %s", got)
	}
}

func TestNoMemberHasMoreThanItMay(t *testing.T) {
	for _, policy := range policies() {
		m := named(3, func(i int) int { return 1 + i })
		for i := range m {
			m[i].MaxConns = 2
		}
		m[2].Backup = true
		p := Build(policy, m, NewLane())
		for n := range 6 {
			i, ok := p.Pick(Want{Key: 5})
			if !ok || n < 4 == m[i].Backup {
				t.Fatalf("%T: request %d: %d %v", policy, n, i, ok)
			}
			m[i].Way.upstream.Acquire(uint(n))
			if !m[i].Way.upstream.Within(2) {
				t.Fatalf("%T: no room for request %d", policy, n)
			}
		}
		if i, ok := p.Pick(Want{Key: 5}); ok {
			t.Errorf("%T: all are full, and %d was picked", policy, i)
		}
		m[1].Way.upstream.Acquire(0)
		if m[1].Way.upstream.Within(2) || !m[1].Full() {
			t.Errorf("%T: room for one more than there may be", policy)
		}
		m[1].Way.upstream.Release(0)
		m[1].Way.upstream.Release(0)
		if i, ok := p.Pick(Want{Key: 5, Settled: true}); !ok || i != 1 {
			t.Errorf("%T: %d %v, want the one with room", policy, i, ok)
		}
	}
}

func TestAClientStaysWithItsInstance(t *testing.T) {
	for _, policy := range policies() {
		m := named(5, func(i int) int { return 1 + i%2 })
		for i := range m {
			m[i].Sticky = uint64(100 + i)
		}
		p := Build(policy, m, NewLane())
		for range 20 {
			if i, ok := p.Pick(Want{Sticky: 103, Settled: true}); !ok || i != 3 {
				t.Fatalf("%T: %d %v", policy, i, ok)
			}
		}
		if i, ok := p.Pick(Want{Sticky: 99}); !ok || i < 0 {
			t.Errorf("%T: an unknown name: %d %v", policy, i, ok)
		}
		var tried Tried
		tried.Add(3)
		if i, ok := p.Pick(Want{Sticky: 103, Tried: &tried}); !ok || i == 3 {
			t.Errorf("%T: tried before: %d %v", policy, i, ok)
		}
		stands := -1
		for range 20 { // while its own one can't, one and the same stands in
			i, ok := p.Pick(Want{Sticky: 103, Tried: &tried})
			if stands < 0 {
				stands = i
			}
			if !ok || i != stands {
				t.Fatalf("%T: %d %v stands in after %d", policy, i, ok, stands)
			}
		}
		if i, ok := p.Pick(Want{Sticky: 103}); !ok || i != 3 {
			t.Errorf("%T: not back: %d %v", policy, i, ok)
		}
		m[3].Way.Retire()
		if i, ok := p.Pick(Want{Sticky: 103}); !ok || i == 3 {
			t.Errorf("%T: gone: %d %v", policy, i, ok)
		}
	}
}

// With all that a route may ask for, a choice allocates nothing.
func TestPicksAllocateNothing(t *testing.T) {
	for _, policy := range append(policies(), Hash{Most: 1.25}) {
		for _, n := range []int{1, 3, wheelFrom + 1} {
			m := named(n, func(i int) int { return 1 + i%3 })
			for i := range m {
				m[i].Sticky, m[i].MaxConns, m[i].SlowStart, m[i].Backup = uint64(i+1), 10, time.Minute, i%5 == 4
			}
			p := Build(policy, m, NewLane())
			var tried Tried
			key := uint64(0)
			if got := testing.AllocsPerRun(200, func() {
				key++
				p.Pick(Want{Key: key, Tried: &tried, Settled: key%2 == 0, Sticky: key % 3})
			}); got != 0 {
				t.Errorf("%T, %d members: %v allocations", policy, n, got)
			}
		}
	}
}
