package balancer

import (
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// shares are those that each member has of n picks, each of another key.
func shares(p Picker, members, n int) []float64 {
	out := make([]float64, members)
	for k := range n {
		if i, ok := p.Pick(Want{Key: mix(uint64(k + 1))}); ok {
			out[i] += 1 / float64(n)
		}
	}
	return out
}

// One that comes grows from a tenth of its share to the whole of it, evenly, on routes that ask for a slow start.
func TestSlowStart(t *testing.T) {
	const slow = 30 * time.Second
	for _, policy := range policies() {
		synctest.Test(t, func(t *testing.T) {
			m := named(3, func(int) int { return 1 })
			time.Sleep(time.Hour)
			m[2].Way = NewUpstream("s", "new:1").Way(WayKey{})
			m[2].Way.ObserveAnswer(0, time.Millisecond)
			for i := range m {
				m[i].SlowStart = slow
			}
			p := Build(policy, m, NewLane())
			for passed := time.Duration(0); passed <= slow; passed += slow / 6 {
				f := 0.1 + 0.9*float64(passed)/float64(slow)
				want := f / (2 + f)
				if _, ok := policy.(RoundRobin); !ok { // it has a part of its third of the keys, or of the draws
					want = f / 3
				}
				if got := shares(p, 3, 30_000)[2]; math.Abs(got-want) > 0.03 { // of which draws miss less than 0.003, mostly
					t.Errorf("%T: after %s: a share of %.3f, want %.3f", policy, passed, got, want)
				}
				time.Sleep(slow / 6)
			}
		})
	}
}

// Where all are new, each has its share at once.
func TestSlowStartOfAll(t *testing.T) {
	for _, weights := range [][]int{{1, 1, 1}, {5, 1, 1}} {
		for _, policy := range policies() {
			synctest.Test(t, func(t *testing.T) {
				m := named(3, func(i int) int { return weights[i] })
				for i := range m {
					m[i].SlowStart = time.Minute
				}
				p := Build(policy, m, NewLane())
				got := shares(p, 3, 6000)
				for i := range m {
					want := float64(weights[i]) / float64(weights[0]+2)
					switch policy.(type) {
					case LeastConnections, LeastTime:
						continue // weights draw, or divide, and exactness is none of theirs
					}
					if math.Abs(got[i]-want) > 0.03 {
						t.Errorf("%T: shares of new ones with weights %v: %.3f", policy, weights, got)
						break
					}
				}
			})
		}
	}
}

// The way back after an ejection is gradual where it was said to be, on every route.
func TestTheWayBackIsGradual(t *testing.T) {
	const over = 10 * time.Second
	synctest.Test(t, func(t *testing.T) {
		m := set(1, 1)
		p := Build(RoundRobin{}, m, NewLane())
		m[1].Way.ObserveRefused(time.Now())
		if got := run(p, m, 4); got != "aaaa" {
			t.Fatal(got)
		}
		time.Sleep(time.Minute)
		m[1].Way.ObserveAnswer(0, time.Millisecond)
		m[1].Way.Return(time.Now(), over)
		for _, c := range []struct {
			passed time.Duration
			part   float64
		}{{0, 0.1}, {over / 2, 0.55}, {over - over/2, 1}} {
			time.Sleep(c.passed)
			if got, want := shares(p, 2, 2000)[1], c.part/(1+c.part); math.Abs(got-want) > 0.01 {
				t.Errorf("share %.3f, want %.3f", got, want)
			}
		}
		if m[1].Way.over.Load() != 0 {
			t.Error("it is back, and costs a look at the clock")
		}
	})
}

// A client's own instance takes it on its ramp, too.
func TestARampTurnsNoStickyClientAway(t *testing.T) {
	m := set(1, 1)
	m[0].SlowStart, m[0].Sticky, m[1].Sticky = time.Hour, 1, 2
	p := Build(RoundRobin{}, m, NewLane())
	for range 20 {
		if i, _ := p.Pick(Want{Sticky: 1}); i != 0 {
			t.Fatal("sent elsewhere")
		}
	}
}

// A member on its ramp takes all keys where the one with its whole share can't take any, as it was tried or is full.
func TestAKeyIsNotRefusedByARamp(t *testing.T) {
	for _, full := range []bool{false, true} {
		m := named(2, func(int) int { return 1 })
		m[1].Way.Return(time.Now(), time.Hour)
		w := Want{}
		if full {
			m[0].MaxConns = 1
			m[0].Way.upstream.Acquire(0)
		} else {
			w.Tried = new(Tried)
			w.Tried.Add(0)
		}
		p := Hash{}.Build(m, NewLane())
		for key := range uint64(100) {
			w.Key = mix(key + 1)
			if i, ok := p.Pick(w); !ok || i != 1 {
				t.Fatalf("full %t, key %d: %d %t", full, key, i, ok)
			}
		}
	}
}
