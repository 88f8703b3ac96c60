package balancer

import (
	"fmt"
	"testing"
	"time"
)

// answering are n members of a weight each, all of which have answered; out of them are ejected.
func answering(n, out int, weight func(i int) int) []Member {
	var m []Member
	for i := range n {
		w := NewUpstream("s", "a:1").Way(WayKey{})
		w.ObserveAnswer(0, time.Millisecond)
		if i%(n/max(1, out)) == 0 && out > 0 {
			w.ObserveRefused(time.Now().Add(time.Hour))
		}
		m = append(m, Member{Way: w, Weight: weight(i)})
	}
	return m
}

func BenchmarkPick(b *testing.B) {
	equal, unequal := func(int) int { return 1 }, func(i int) int { return 1 + i%2 }
	for _, c := range []struct {
		name   string
		policy Policy
		n, out int
		weight func(int) int
	}{
		{"round-robin", RoundRobin{}, 3, 0, equal}, {"round-robin", RoundRobin{}, 10, 0, equal}, {"round-robin", RoundRobin{}, 1000, 0, equal},
		{"round-robin", RoundRobin{}, 10, 5, equal}, {"round-robin", RoundRobin{}, 1000, 500, equal}, {"weighted", RoundRobin{}, 10, 0, unequal},
		{"weighted", RoundRobin{}, 1000, 0, unequal}, {"least-connections", LeastConnections{}, 3, 0, equal}, {"least-connections", LeastConnections{}, 10, 0, equal},
		{"weighted", RoundRobin{}, 3, 0, unequal}, {"hash", Hash{}, 3, 0, equal}, {"hash", Hash{}, 200, 0, equal}, {"hash-weighted", Hash{}, 3, 0, unequal},
		{"hash-bounded", Hash{Most: 1.25}, 3, 0, equal}, {"hash-weighted", Hash{}, 200, 0, unequal}, {"least-time", LeastTime{}, 3, 0, equal}, {"least-time", LeastTime{}, 200, 0, equal},
	} {
		p := c.policy.Build(answering(c.n, c.out, c.weight), NewLane())
		b.Run(fmt.Sprintf("%s/%d-of-%d", c.name, c.n-c.out, c.n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Pick(Want{Key: 7})
			}
		})
		b.Run(fmt.Sprintf("%s/%d-of-%d/parallel", c.name, c.n-c.out, c.n), func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					p.Pick(Want{})
				}
			})
		})
	}
}

// BenchmarkPickInZones is what a choice between zones adds to a pick: while all stay at home, and while some leave it.
func BenchmarkPickInZones(b *testing.B) {
	for _, out := range []int{0, 5} {
		m := append(answering(10, out, func(int) int { return 1 }), answering(10, 0, func(int) int { return 1 })...)
		for i := range m {
			m[i].Away = i >= 10
		}
		p := Build(Zones{Of: RoundRobin{}, Threshold: 0.7}, m, NewLane())
		b.Run(fmt.Sprintf("%d-of-10", 10-out), func(b *testing.B) {
			b.ReportAllocs()
			at := time.Now().UnixNano()
			for b.Loop() {
				at += 1000 // a request in a microsecond
				p.Pick(Want{At: at})
			}
		})
	}
}
