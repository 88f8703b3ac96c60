package balancer

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// some are members of which some are out, full or have answered.
func some(t *rapid.T, least int, weights ...int) []Member {
	m := set(rapid.SliceOfN(rapid.SampledFrom(weights), least, least+least/4+3).Draw(t, "weights")...)
	for i := range m {
		m[i].ID, m[i].MaxConns = uint64(i+1)*0x9e3779b97f4a7c15, 3
		for range rapid.IntRange(0, 3).Draw(t, "in flight") {
			m[i].Way.Upstream().Acquire(0)
		}
		switch rapid.IntRange(0, 4).Draw(t, "state") {
		case 0:
			m[i].Way.ObserveRefused(time.Now().Add(time.Hour))
		case 1:
			m[i].Way.ObserveAnswer(0, time.Millisecond)
			m[i].Way.Upstream().ObserveTime(time.Duration(rapid.IntRange(1, 9).Draw(t, "ms"))*time.Millisecond, time.Now())
		}
	}
	return m
}

// What Look says is what is chosen then, and looking takes no turn.
func TestLookTellsTheNextChoices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policy := rapid.SampledFrom([]Policy{RoundRobin{}, Hash{}, Hash{Most: 1.5}, Zones{Of: RoundRobin{}, Threshold: 0.7}, Zones{Of: Hash{}, Threshold: 0.7}}).Draw(t, "policy")
		m := some(t, rapid.SampledFrom([]int{1, 6, 2 * wheelFrom}).Draw(t, "least"), 1, 1, 1, 2, 5, 0)
		if rapid.Bool().Draw(t, "one weight") {
			for i := range m {
				m[i].Weight = 1
			}
		}
		for i := range m {
			m[i].Away, m[i].Backup = rapid.Bool().Draw(t, "away"), rapid.IntRange(0, 3).Draw(t, "backup") == 0
		}
		w := Want{Settled: rapid.Bool().Draw(t, "settled")}
		if rapid.Bool().Draw(t, "keyed") {
			w.Key = rapid.Uint64().Draw(t, "key")
		}
		if rapid.Bool().Draw(t, "sticky") {
			for i := range m {
				m[i].Sticky = uint64(i + 1)
			}
			w.Sticky = uint64(rapid.IntRange(0, len(m)+1).Draw(t, "cookie"))
		}
		p := Build(policy, m, NewLane())
		for range rapid.IntRange(1, 5).Draw(t, "before") {
			p.Pick(w)
		}
		before := Look(p, w, 5)
		o := Look(p, w, 5)
		if fmt.Sprint(before) != fmt.Sprint(o) {
			t.Fatalf("looking has changed something: %v, %v", before, o)
		}
		var got []int
		for range 5 {
			if i, ok := p.Pick(w); ok {
				got = append(got, i)
			}
		}
		if !slices.Equal(got, o.Next) || o.Chances != nil {
			t.Fatalf("%T %+v: chosen %v, told %+v", policy, w, got, o)
		}
	})
}

// Chances are how often members are chosen.
func TestLookTellsChances(t *testing.T) {
	for _, policy := range []Policy{LeastConnections{}, LeastTime{}, Zones{Of: LeastConnections{}, Threshold: 1}} {
		for _, settled := range []bool{false, true} {
			for _, n := range []int{1, 5, 12} {
				m := set(slices.Repeat([]int{3, 1, 1, 0, 2, 4}, 2)[:n]...)
				for i := range m {
					m[i].Way.Upstream().Acquire(0)
					m[i].Away = i%3 == 2
					if i%2 == 0 {
						m[i].Way.ObserveAnswer(0, time.Millisecond)
					}
				}
				if n > 4 {
					m[0].Way.Upstream().Acquire(0)
					m[4].Way.ObserveRefused(time.Now().Add(time.Hour))
				}
				p, w := Build(policy, m, NewLane()), Want{Settled: settled}
				p.Pick(w)
				o := Look(p, w, 5)
				const picks = 20_000
				count := map[int]float64{}
				for range picks {
					i, ok := p.Pick(w)
					if !ok {
						t.Fatal("nobody")
					}
					count[i]++
				}
				var sum float64
				for i := range m {
					sum += o.chance()[i]
					if math.Abs(count[i]/picks-o.chance()[i]) > 0.02 {
						t.Errorf("%T of %d, settled %v: member %d was chosen %.3f, told %.3f", policy, n, settled, i, count[i]/picks, o.chance()[i])
					}
				}
				if math.Abs(sum-1) > 1e-9 {
					t.Errorf("%T of %d: chances of %f", policy, n, sum)
				}
			}
		}
	}
	if o := Look(LeastConnections{}.Build(set(slices.Repeat([]int{1}, mostPaired+1)...), NewLane()), Want{}, 5); len(o.Chances) != mostPaired+1 {
		t.Errorf("%d chances", len(o.Chances))
	}
}

// Turns that are left to others on a ramp are told as chances.
func TestLookAtARamp(t *testing.T) {
	for _, weights := range [][]int{{1, 1}, {2, 1}} {
		m := set(weights...)
		m[1].Way.Return(time.Now(), time.Hour)
		o := Look(Build(RoundRobin{}, m, NewLane()), Want{}, 5)
		want := 0.1 / (float64(weights[0]) + 0.1)
		if len(o.Next) != 0 || math.Abs(o.Chances[1]-want) > 0.01 {
			t.Errorf("%v: %+v, want %f", weights, o, want)
		}
	}
}

func TestLookAtNobody(t *testing.T) {
	for _, policy := range []Policy{RoundRobin{}, LeastConnections{}, LeastTime{}, Hash{}} {
		if o := Look(policy.Build(nil, NewLane()), Want{}, 5); !o.none() {
			t.Errorf("%T: %+v", policy, o)
		}
	}
}
