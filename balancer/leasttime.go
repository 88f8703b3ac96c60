package balancer

import (
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// LeastTime takes the member of which an answer can be expected soonest: by its mean time to the first byte, times the requests that it
// has with this one, for its weight. Among many it looks at two drawn by weight, as LeastConnections does.
type LeastTime struct{}

// timedAll is up to how many members all are looked at: each costs some 30 ns.
const timedAll = 8

// Build makes a picker. Who sends the requests tells Upstream.ObserveTime how long answers took.
func (LeastTime) Build(members []Member, lane *Lane) Picker {
	if len(members) > timedAll {
		p := LeastConnections{}.Build(members, lane).(*twoChoices)
		p.better = soonerOf
		return p
	}
	return &soonest{members: members}
}

// timing is the mean time to the first byte as LeastTime sees it. An answer counts an eighth at least, and more where the last one is
// long ago; what is old loses one part in two of its worth in timingDecay, so that an instance which was slow once is asked again.
type timing struct {
	mean atomic.Int64 // nanoseconds; 0 until the first answer
	at   atomic.Int64 // unix nanoseconds of the last answer
}

const timingDecay = 10 * time.Second

// ObserveTime notes how long an answer took to begin. Samples that come at once may get lost; a mean does not mind.
func (t *timing) ObserveTime(d time.Duration, now time.Time) {
	old, at := t.mean.Load(), t.at.Swap(now.UnixNano())
	share := 1.0
	if old > 0 {
		share = max(1.0/latencyShare, 1-worth(now.UnixNano()-at))
	}
	t.mean.Store(max(1, old+int64(share*float64(int64(d)-old))))
}

// faultTime is the mean of an instance of which nothing is known but that it fails: more than most take, so that it gets little until it
// does better.
const faultTime = 100 * time.Millisecond

// ObserveFault notes an answer that is an error, which says nothing about how fast the instance is: what is known does not fade, as one
// that fails would else count as faster and faster.
func (t *timing) ObserveFault(now time.Time) {
	t.at.Store(now.UnixNano())
	t.mean.CompareAndSwap(0, int64(faultTime))
}

// worth is what a sample of such an age is still worth.
func worth(age int64) float64 { return math.Exp2(-float64(max(0, age)) / float64(timingDecay)) }

// expected is the mean in nanoseconds as it counts now; 0 where nothing is known.
func (t *timing) expected(now int64) float64 {
	mean := t.mean.Load()
	if mean == 0 {
		return 0
	}
	return float64(mean) * worth(now-t.at.Load())
}

// wait is how long a member would take for one of its mean, by its requests in flight.
func (m *Member) wait(mean float64) float64 {
	return mean * float64(m.Way.upstream.InFlight()+1) / float64(m.Weight)
}

type soonest struct{ members []Member }

func (p *soonest) Pick(w Want) (int, bool) { return choose(p, w) }

// take looks at all members from a random one on, so that equal ones share.
func (p *soonest) take(w Want) (int, chance) { return p.takeFrom(rand.IntN(max(1, len(p.members))), w) }

// takeFrom looks at all members from one on. One that has not answered yet counts as the fastest does.
func (p *soonest) takeFrom(k int, w Want) (int, chance) {
	var means [timedAll]float64
	now, fastest := time.Now().UnixNano(), math.Inf(1)
	for i := range p.members {
		means[i] = p.members[i].Way.upstream.expected(now)
		if means[i] > 0 {
			fastest = min(fastest, means[i])
		}
	}
	if math.IsInf(fastest, 1) {
		fastest = 1
	}
	best, spare, least, v := -1, -1, math.Inf(1), chanceNone
	for n := len(p.members); n > 0; n-- {
		i := (k + n) % len(p.members)
		m := &p.members[i]
		if means[i] == 0 {
			means[i] = fastest
		}
		wait := m.wait(means[i])
		if m.Weight > 0 && wait >= least {
			continue
		}
		switch one := m.may(i, &w); {
		case one != chanceNow:
			v = max(v, one)
		case m.Weight <= 0:
			spare = i
		default:
			best, least = i, wait
		}
	}
	switch {
	case best >= 0:
		return best, chanceNow
	case v == chanceNone && spare >= 0:
		return spare, chanceNow
	}
	return -1, v
}

// soonerOf says whether the second answers sooner than the first.
func soonerOf(a, b *Member) bool {
	now := time.Now().UnixNano()
	x, y := a.Way.upstream.expected(now), b.Way.upstream.expected(now)
	if x == 0 || y == 0 { // one that is not known counts as the other does
		x = max(x, y, 1)
		y = x
	}
	return b.wait(y) < a.wait(x)
}
