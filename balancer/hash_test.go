package balancer

import (
	"math"
	"testing"
	"time"
)

// named are n members of a weight each with identities of their own.
func named(n int, weight func(i int) int) []Member {
	m := answering(n, 0, weight)
	for i := range m {
		m[i].ID = mix(uint64(i + 1))
	}
	return m
}

const manyKeys = 10_000

// owners are those of many keys; -1 for none.
func owners(p Picker, members []Member) (of []*Way) {
	for key := range uint64(manyKeys) {
		if i, ok := p.Pick(Want{Key: mix(key + 1)}); ok {
			of = append(of, members[i].Way)
		} else {
			of = append(of, nil)
		}
	}
	return of
}

func moved(a, b []*Way) (n int) {
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

func TestKeysMoveOnlyWithTheirMember(t *testing.T) {
	for n := 2; n <= 20; n++ {
		all := named(n, func(int) int { return 1 })
		before := owners(Hash{}.Build(all, NewLane()), all)
		without := owners(Hash{}.Build(all[1:], NewLane()), all[1:])
		got := float64(moved(before, without)) / manyKeys
		if most := 1/float64(n) + 0.02; got > most {
			t.Errorf("%d members, one goes or comes: %.3f of the keys moved, want at most %.3f", n, got, most)
		}
		for i, w := range before {
			if w != all[0].Way && without[i] != w {
				t.Fatalf("%d members: a key of one that stayed has moved", n)
			}
		}
		all[n-1].Way.ObserveRefused(time.Now().Add(time.Hour))
		for i, w := range owners(Hash{}.Build(all, NewLane()), all) {
			if before[i] != all[n-1].Way && w != before[i] || w == all[n-1].Way {
				t.Fatalf("%d members: one is ejected, and other keys than its own moved", n)
			}
		}
	}
}

func TestKeysFollowWeights(t *testing.T) {
	all := named(4, func(i int) int { return []int{5, 1, 1, 0}[i] })
	count := map[*Way]int{}
	for _, w := range owners(Hash{}.Build(all, NewLane()), all) {
		count[w]++
	}
	for i, want := range []float64{5.0 / 7, 1.0 / 7, 1.0 / 7, 0} {
		if got := float64(count[all[i].Way]) / manyKeys; math.Abs(got-want) > 0.02 {
			t.Errorf("member %d has %.3f of the keys, want %.3f", i, got, want)
		}
	}
	for i := range 3 {
		all[i].Way.Retire()
	}
	if i, ok := (Hash{}).Build(all, NewLane()).Pick(Want{Key: 1}); !ok || i != 3 {
		t.Errorf("the one without a weight is not the last resort: %d %v", i, ok)
	}
}

// Requests without a key take turns, as with nginx.
func TestNoKeyTakesTurns(t *testing.T) {
	m := set(1, 1, 1)
	if got := run(Hash{}.Build(m, NewLane()), m, 6); got != "abcabc" {
		t.Error(got)
	}
}

// A member beyond the bound leaves further keys to the next, and has them again afterwards.
func TestBoundedLoad(t *testing.T) {
	m := named(3, func(int) int { return 1 })
	p := Hash{Most: 1.25}.Build(m, NewLane())
	owner, _ := p.Pick(Want{Key: 7})
	count := map[int]int{}
	for range 12 {
		i, ok := p.Pick(Want{Key: 7})
		if !ok {
			t.Fatal("none")
		}
		m[i].Way.upstream.Acquire(0)
		count[i]++
	}
	if count[owner] != 5 || len(count) < 3 {
		t.Errorf("of 12 requests of one key at once: %v, want 5 at its own (1.25 times 4)", count)
	}
	for i, n := range count {
		for range n {
			m[i].Way.upstream.Release(0)
		}
	}
	if i, _ := p.Pick(Want{Key: 7}); i != owner {
		t.Error("its own member has room, and does not get the key")
	}
}
