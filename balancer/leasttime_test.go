package balancer

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestLeastTimeTakesTheSoonest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := set(1, 1, 1)
		for i, d := range []time.Duration{40 * time.Millisecond, 10 * time.Millisecond, 80 * time.Millisecond} {
			m[i].Way.upstream.ObserveTime(d, time.Now())
		}
		p := Build(LeastTime{}, m, NewLane())
		if got := run(p, m, 3); got != "bbb" {
			t.Error(got)
		}
		for range 4 { // 10 ms times 5 is more than 40 ms times 1
			m[1].Way.upstream.Acquire(0)
		}
		if got := run(p, m, 3); got != "aaa" {
			t.Errorf("with requests in flight: %s", got)
		}
		m[0].Way.upstream.Acquire(0)
		m[1].Weight = 2
		if got := run(p, m, 3); got != "bbb" {
			t.Errorf("of twice the weight: %s", got)
		}
	})
}

// One that was slow once is asked again after a while, and what it then does counts.
func TestLeastTimeForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := set(1, 1)
		slow, fast := m[0].Way.upstream, m[1].Way.upstream
		slow.ObserveTime(100*time.Millisecond, time.Now())
		fast.ObserveTime(10*time.Millisecond, time.Now())
		p := Build(LeastTime{}, m, NewLane())
		at := time.Duration(0)
		for ; run(p, m, 1) != "a"; at += time.Second {
			fast.ObserveTime(10*time.Millisecond, time.Now())
			time.Sleep(time.Second)
		}
		if at < 30*time.Second || at > 40*time.Second { // three halves and a bit make a tenth
			t.Errorf("asked again after %s", at)
		}
		slow.ObserveTime(5*time.Millisecond, time.Now())
		if got := time.Duration(slow.expected(time.Now().UnixNano())); got > 20*time.Millisecond {
			t.Errorf("after a fast answer it is expected to take %s", got)
		}
	})
}

// One that has never answered gets no more than the fastest does.
func TestLeastTimeOfANewcomer(t *testing.T) {
	for _, n := range []int{3, timedAll + 1} {
		m := named(n, func(int) int { return 1 })
		for i := 1; i < n; i++ {
			m[i].Way.upstream.ObserveTime(10*time.Millisecond, time.Now())
		}
		p := Build(LeastTime{}, m, NewLane())
		// Where two are drawn by chance, a few picks prove nothing: among 36 the share of one in nine may be one.
		for range 100 * n {
			i, _ := p.Pick(Want{})
			m[i].Way.upstream.Acquire(0)
		}
		if got := m[0].Way.upstream.InFlight(); got < 80 || got > 120 {
			t.Errorf("the newcomer among %d has %d of %d", n, got, 100*n)
		}
	}
}

// One that only fails is not the fastest: neither when nothing else is known of it, nor as what was known fades.
func TestLeastTimeOfOneThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := set(1, 1)
		bad, good := m[0].Way.upstream, m[1].Way.upstream
		good.ObserveTime(10*time.Millisecond, time.Now())
		bad.ObserveFault(time.Now())
		p := Build(LeastTime{}, m, NewLane())
		if got := run(p, m, 4); got != "bbbb" {
			t.Errorf("a new one: %s", got)
		}
		bad.ObserveTime(20*time.Millisecond, time.Now())
		for range 60 {
			time.Sleep(time.Second)
			good.ObserveTime(10*time.Millisecond, time.Now())
			bad.ObserveFault(time.Now())
		}
		if got := run(p, m, 4); got != "bbbb" {
			t.Errorf("after a minute of failures: %s", got)
		}
	})
}
