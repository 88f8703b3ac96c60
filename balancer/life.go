package balancer

import (
	"sync/atomic"
	"time"
)

// life is when an instance came, first answered and went.
type life struct {
	retired  atomic.Bool
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
