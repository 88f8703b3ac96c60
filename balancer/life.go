package balancer

import (
	"sync/atomic"
	"time"
)

// life is when an instance came, first answered and went.
type life struct {
	retired  atomic.Bool
	draining atomic.Bool
	answered atomic.Bool  // over any way
	routable atomic.Int64 // unix nanoseconds; 0 = never
	first    atomic.Int64 // likewise, the first answer
}

// StampRoutable notes when the first table that holds the Upstream was published; later calls change nothing.
func (l *life) StampRoutable(at time.Time) { l.routable.CompareAndSwap(0, at.UnixNano()) }

// Routable is the time of the first table that held the Upstream; zero before that.
func (l *life) Routable() time.Time {
	if n := l.routable.Load(); n != 0 {
		return time.Unix(0, n)
	}
	return time.Time{}
}

// StampAnswered notes when the first answer came; later calls change nothing.
func (l *life) StampAnswered(at time.Time) { l.first.CompareAndSwap(0, at.UnixNano()) }

// FirstAnswer is when the first answer came; zero before that.
func (l *life) FirstAnswer() time.Time {
	if n := l.first.Load(); n != 0 {
		return time.Unix(0, n)
	}
	return time.Time{}
}

// Answered says, for people, whether the instance has ever sent a byte of an answer, over any way.
func (l *life) Answered() bool { return l.answered.Load() }

// Retired says whether Retire was called.
func (l *life) Retired() bool { return l.retired.Load() }

// Drain says whether the instance gets no new requests, whatever table they hang on; those that it has go on. Who takes a place with Acquire
// looks at Way.Draining afterwards: then either that one sees the drain, or whoever drained sees the place in InFlight.
func (u *Upstream) Drain(on bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.draining.Store(on)
	for _, w := range u.ways {
		w.draining.Store(on)
	}
}

// Draining says what Drain said last.
func (l *life) Draining() bool { return l.draining.Load() }

// Retire marks the Upstream and all its ways as gone for good, and runs what their AfterRetire collected, in the caller's goroutine,
// once.
func (u *Upstream) Retire() {
	u.mu.Lock()
	u.retired.Store(true)
	ways := u.ways
	u.ways = nil
	u.mu.Unlock()
	for _, w := range ways {
		w.Retire()
	}
}
