package balancer

import (
	"sync"
	"testing"
	"time"
)

// A turn that an ejected member can't take goes to all others alike, and not to its neighbour.
func TestTurnsOfOneThatIsEjectedAreShared(t *testing.T) {
	for _, weights := range [][]int{{1, 1, 1}, {7, 7, 7}} {
		m := set(weights...)
		p := RoundRobin{}.Build(m, NewLane())
		if _, ok := p.(*turns); !ok {
			t.Fatalf("%T", p)
		}
		m[2].Way.ObserveRefused(time.Now().Add(time.Hour))
		if got := run(p, m, 8); got != "abababab" {
			t.Errorf("%v: %s", weights, got)
		}
		var tried Tried
		tried.Add(0)
		for range 3 {
			if i, ok := p.Pick(Want{Tried: &tried}); !ok || i != 1 {
				t.Errorf("picked %d %v, want the only one that was not tried", i, ok)
			}
		}
	}
}

// However many pick at once, shares are exact: also with some that can't serve.
func TestTurnsAreExactForManyAtOnce(t *testing.T) {
	const loops, each, n, out = 8, 6000, 10, 2
	m := make([]Member, n)
	for i := range m {
		m[i] = Member{Way: NewUpstream("s", "a:1").Way(WayKey{}), Weight: 1}
	}
	m[3].Way.Retire()
	m[4].Way.ObserveRefused(time.Now().Add(time.Hour))
	p := RoundRobin{}.Build(m, NewLane())
	var mu sync.Mutex
	var sum [n]int
	var all sync.WaitGroup
	for range loops {
		all.Go(func() {
			var mine [n]int
			for range each {
				i, ok := p.Pick(Want{})
				if !ok {
					t.Error("none was picked")
					return
				}
				mine[i]++
			}
			mu.Lock()
			defer mu.Unlock()
			for i := range mine {
				sum[i] += mine[i]
			}
		})
	}
	all.Wait()
	for i, got := range sum {
		want := loops * each / (n - out)
		if i == 3 || i == 4 {
			want = 0
		}
		if got < want-loops || got > want+loops { // one that finds only others' turns, n times, looks from a random one on
			t.Errorf("member %d got %d of %d", i, got, want)
		}
	}
}

// A swap goes on with who is to come, also where who was to come is gone, and from weights to none and back.
func TestTurnsGoOnOverASwap(t *testing.T) {
	m := set(1, 1, 1, 1, 1)
	for _, c := range []struct {
		picks int
		then  []int
		want  string
	}{
		{2, []int{0, 1, 2, 3, 4}, "cdeab"}, {2, []int{0, 1, 3, 4}, "deabd"}, {2, []int{0, 1}, "abab"}, {5, []int{1, 2, 3}, "bcdb"}, {4, []int{2, 3, 4}, "ecde"}, {3, nil, "-"},
	} {
		lane := NewLane()
		run(RoundRobin{}.Build(m, lane), m, c.picks)
		var next []Member
		for _, i := range c.then {
			next = append(next, m[i])
		}
		if got := run(RoundRobin{}.Build(next, lane), next, len(c.want)); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	lane := NewLane()
	run(RoundRobin{}.Build(m, lane), m, 2)
	heavy := []Member{{Way: m[0].Way, Weight: 2}, {Way: m[1].Way, Weight: 1}}
	if got := run(RoundRobin{}.Build(heavy, lane), heavy, 3); got != "aba" {
		t.Errorf("with weights from now on: %s", got)
	}
	if got := run(RoundRobin{}.Build(m, lane), m, 5); got != "abcde" {
		t.Errorf("without them again: %s", got)
	}
}

// A request that goes on after a failure takes no turn: else the member that failed would have the next one, too, and each after that.
func TestGoingOnTakesNoTurn(t *testing.T) {
	m := set(1, 1)
	p := RoundRobin{}.Build(m, NewLane())
	var first []int
	for range 6 {
		i, ok := p.Pick(Want{})
		var tried Tried
		tried.Add(i)
		if other, more := p.Pick(Want{Tried: &tried}); !ok || !more || other == i {
			t.Fatalf("%d, then %d", i, other)
		}
		first = append(first, i)
	}
	for n := range first[1:] {
		if first[n] == first[n+1] {
			t.Fatalf("%v", first)
		}
	}
}
