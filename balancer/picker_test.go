package balancer

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// set makes members named a, b, c ... with weights.
func set(weights ...int) []Member {
	var out []Member
	for i, w := range weights {
		name := string(rune('a' + i))
		out = append(out, Member{Way: NewUpstream(name, name+":80").Way(WayKey{}), Weight: w})
	}
	return out
}

// run is what n choices yield, by name; - for none.
func run(p Picker, members []Member, n int) string {
	var b strings.Builder
	for range n {
		if i, ok := p.Pick(Want{}); ok {
			b.WriteString(members[i].Way.Upstream().Service())
		} else {
			b.WriteString("-")
		}
	}
	return b.String()
}

func TestSmoothRotation(t *testing.T) {
	for _, c := range []struct {
		weights []int
		want    string
	}{
		{[]int{5, 1, 1}, "aabacaaaabacaa"}, {[]int{1, 1, 1}, "abcabc"}, {[]int{2, 1}, "abaaba"}, {[]int{1, 0}, "aaa"}, {[]int{0, 0}, "aa"}, {nil, "--"},
	} {
		m := set(c.weights...)
		if got := run(RoundRobin{}.Build(m, NewLane()), m, len(c.want)); got != c.want {
			t.Errorf("%v: %s, want %s", c.weights, got, c.want)
		}
	}
}

func TestRotationGoesOnOverASwap(t *testing.T) {
	lane := NewLane()
	m := set(5, 1, 1)
	got := run(RoundRobin{}.Build(m, lane), m, 3)
	got += run(RoundRobin{}.Build(m, lane), m, 4)
	if got != "aabacaa" {
		t.Errorf("the same set, built again in the middle: %s", got)
	}
	lane = NewLane()
	m = set(1, 1)
	p := RoundRobin{}.Build(m, lane)
	run(p, m, 1)
	more := append(m[:2:2], Member{Way: NewUpstream("n", "n:80").Way(WayKey{}), Weight: 1})
	if got := run(RoundRobin{}.Build(more, lane), more, 3); got != "bna" {
		t.Errorf("a newcomer starts at 0, between who waits and who was just chosen: %s", got)
	}
}

// Whatever comes, goes or moves, who stays keeps what it has gained, and newcomers begin at 0.
func TestWhoStaysKeepsItsTurn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := set(append(rapid.SliceOfN(rapid.IntRange(1, 9), 12, 12).Draw(t, "weights"), 1, 2)...) // the last two are always there: weights differ
		lane := NewLane()
		gained := map[*Way]int64{}
		for range 4 {
			var m []Member
			for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, len(all)-3), 1, 12, rapid.ID).Draw(t, "members") {
				m = append(m, all[i])
			}
			m = append(m, all[12:]...)
			r := lane.rotate(m).(*rotation)
			for i, one := range m {
				if r.current[i] != gained[one.Way] {
					t.Fatalf("%s has %d, want %d", one.Way.Upstream().Service(), r.current[i], gained[one.Way])
				}
			}
			for range rapid.IntRange(0, 9).Draw(t, "turns") {
				r.Pick(Want{})
			}
			clear(gained)
			for i, one := range m {
				gained[one.Way] = r.current[i]
			}
		}
	})
}

func TestPickersSkipWhatCannotServe(t *testing.T) {
	for _, policy := range []Policy{RoundRobin{}, LeastConnections{}} {
		m := set(1, 1, 1, 0)
		p := policy.Build(m, NewLane())
		m[0].Way.ObserveRefused(time.Now().Add(time.Hour))
		m[1].Way.Retire()
		if got := run(p, m, 4); got != "cccc" {
			t.Errorf("%T: %s", policy, got)
		}
		var tried Tried
		tried.Add(2)
		if i, ok := p.Pick(Want{Tried: &tried}); !ok || i != 3 {
			t.Errorf("%T: the member without a weight is not the last resort: %d %v", policy, i, ok)
		}
		tried.Add(3)
		if i, ok := p.Pick(Want{Tried: &tried}); ok {
			t.Errorf("%T: picked %d, which was tried", policy, i)
		}
	}
}

func TestWhatCannotBeReplayedPrefersThoseThatAnswered(t *testing.T) {
	for _, policy := range []Policy{RoundRobin{}, LeastConnections{}} {
		m := set(1, 1, 1)
		p := policy.Build(m, NewLane())
		if _, ok := p.Pick(Want{Settled: true}); !ok {
			t.Errorf("%T: none has answered, so any will do", policy)
		}
		if first := m[1].Way.ObserveAnswer(0, time.Millisecond); !first {
			t.Error("not the first answer")
		}
		for range 5 {
			if i, _ := p.Pick(Want{Settled: true}); i != 1 {
				t.Errorf("%T: picked %d", policy, i)
			}
		}
	}
}

func TestTwoChoicesPreferTheEmptier(t *testing.T) {
	m := set(1, 1)
	p := LeastConnections{}.Build(m, NewLane())
	m[0].Way.Upstream().Acquire(0)
	if got := run(p, m, 20); got != strings.Repeat("b", 20) {
		t.Error(got)
	}
	m[0].Way.Upstream().Release(1)
	heavy := set(3, 1)
	p = LeastConnections{}.Build(heavy, NewLane())
	heavy[0].Way.Upstream().Acquire(0)
	heavy[0].Way.Upstream().Acquire(0)
	heavy[1].Way.Upstream().Acquire(0)
	if got := run(p, heavy, 20); got != strings.Repeat("a", 20) {
		t.Errorf("2 of weight 3 are less than 1 of weight 1: %s", got)
	}
}

func TestTwoChoicesAreDistinctAndFollowWeights(t *testing.T) {
	m := set(5, 1, 0, 3, 1)
	p := LeastConnections{}.Build(m, NewLane()).(*twoChoices)
	const n = 100_000
	var counts [5]float64
	for range n {
		first := p.at(int64(n) % p.total)
		if p.other(first) == first {
			t.Fatal("the same member twice")
		}
		i, _ := p.Pick(Want{})
		counts[i]++
	}
	for i, c := range counts {
		if want := float64(m[i].Weight) / 10; math.Abs(c/n-want) > 0.01 {
			t.Errorf("member %d got %.3f, want %.3f", i, c/n, want)
		}
	}
}

// Over whole turns, each member is chosen exactly as often as its weight says.
func TestRotationIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.IntRange(1, 9), 1, 100).Draw(t, "weights")
		m := set(weights...)
		p := RoundRobin{}.Build(m, NewLane())
		total := 0
		for _, w := range weights {
			total += w
		}
		counts := make([]int, len(weights))
		for range total {
			i, _ := p.Pick(Want{})
			counts[i]++
		}
		if fmt.Sprint(counts) != fmt.Sprint(weights) {
			t.Fatalf("%v chosen as %v", weights, counts)
		}
	})
}

func TestPickAllocatesNothing(t *testing.T) {
	r := NewReviver(nil)
	m := set(3, 1, 1)
	m[2].Way.upstream.reviver = r
	for _, policy := range []Policy{RoundRobin{}, LeastConnections{}} {
		lane := NewLane()
		p := policy.Build(m, lane)
		var tried Tried
		now := time.Now()
		tried.Add(0)
		if a := testing.AllocsPerRun(100, func() {
			p.Pick(Want{Tried: &tried, Settled: true})
			p.Pick(Want{})
			lane.Budget.Deposit(now)
			lane.Budget.Withdraw(now)
		}); a != 0 {
			t.Errorf("%T allocates %v times", policy, a)
		}
	}
}

func TestTriedIsBounded(t *testing.T) {
	var tried Tried
	for i := range 100 {
		tried.Add(i)
		tried.Add(i)
		if !tried.Has(i) || tried.n != i+1 {
			t.Fatal(i, tried.n)
		}
	}
	if (*Tried)(nil).Has(0) || tried.Has(0) {
		t.Error("has what it should not")
	}
}
