package balancer

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The wheel chooses what the walk over all members chooses, also over swaps from one to the other.
func TestWheelAgreesWithTheWalk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.IntRange(0, 5), 1, 30).Draw(t, "weights")
		m := set(weights...)
		walkLane, wheelLane := NewLane(), NewLane()
		for range 3 {
			if ofOneWeight(m) {
				return
			}
			walk := walkLane.rotate(m).(*rotation)
			base := wheelLane.rotate(m).(*rotation)
			turned := newWheel(base)
			for n := range rapid.IntRange(0, 40).Draw(t, "turns") {
				a, _ := walk.Pick(Want{})
				b, _ := turned.Pick(Want{})
				if a != b {
					t.Fatalf("%v, turn %d: %d and %d", weights, n, a, b)
				}
			}
			if len(m) > 1 && rapid.Bool().Draw(t, "one goes") {
				m = m[1:]
			}
		}
	})
}

func TestManyArePassedOverThatCannotServe(t *testing.T) {
	t.Run("one weight", func(t *testing.T) { passesOver(t, 1, "*balancer.turns") })
	t.Run("two weights", func(t *testing.T) { passesOver(t, 2, "*balancer.wheel") })
}

// passesOver has one member of another weight, which cannot serve.
func passesOver(t *testing.T, another int, kind string) {
	const n = 1000
	var m []Member
	for range n {
		m = append(m, Member{Way: NewUpstream("s", "a:1").Way(WayKey{}), Weight: 1})
	}
	m[1].Weight = another
	lane := NewLane()
	p := RoundRobin{}.Build(m, lane)
	if got := fmt.Sprintf("%T", p); got != kind {
		t.Fatal(got)
	}
	for i := range n {
		if i%10 != 0 {
			m[i].Way.ObserveRefused(time.Now().Add(time.Hour))
		}
	}
	counts := map[int]int{}
	for range n {
		i, ok := p.Pick(Want{})
		if !ok || i%10 != 0 {
			t.Fatal(i, ok)
		}
		counts[i]++
	}
	for i, c := range counts {
		if c != 10 {
			t.Errorf("member %d was chosen %d times, not 10", i, c)
		}
	}
	for i := 10; i < n; i += 10 {
		m[i].Way.Retire()
	}
	for range 10 {
		if i, ok := p.Pick(Want{}); !ok || i != 0 {
			t.Fatalf("the only one left is not found: %d %v", i, ok)
		}
	}
	m[0].Way.Retire()
	if i, ok := p.Pick(Want{}); ok {
		t.Fatalf("picked %d of none", i)
	}
	// Who comes back gets its turns again, and no burst for the time it was out.
	m[500].Way = NewUpstream("s", "a:1").Way(WayKey{})
	m[501].Way = NewUpstream("s", "a:1").Way(WayKey{})
	p = RoundRobin{}.Build(m, lane)
	a, _ := p.Pick(Want{})
	b, _ := p.Pick(Want{})
	if a == b {
		t.Errorf("%d twice in a row", a)
	}
	if x := testing.AllocsPerRun(100, func() { p.Pick(Want{Settled: true}) }); x != 0 {
		t.Errorf("%v allocations", x)
	}
}
