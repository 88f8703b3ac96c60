package balancer

import (
	"sync/atomic"
	"time"
)

// pulse is when an instance last answered over one loop, and how many good answers it gave: what failures are held against. It is
// written with each answer, without a lock.
type pulse struct {
	lastHead atomic.Int64 // unix nanoseconds of the last head of an answer, whatever it said
	good     atomic.Int64 // good answers, since ever
	bad      atomic.Int64 // other answers
	failed   atomic.Int64 // attempts without an answer
}

// ObserveHead notes that the head of an answer came over a loop, and whether it was a good one; loop is as for Acquire.
func (l *load) ObserveHead(loop uint, now time.Time, good bool) {
	c := &l.cells[loop%cells]
	if at := now.UnixNano(); c.lastHead.Load() != at { // a loop's clock stands still for a while
		c.lastHead.Store(at)
	}
	if good {
		c.good.Add(1)
	} else {
		c.bad.Add(1)
	}
}

// ObserveFailed notes an attempt over a loop that ended without the head of an answer; loop is as for Acquire.
func (l *load) ObserveFailed(loop uint) { l.cells[loop%cells].failed.Add(1) }

// Attempts is how attempts at an instance ended, since it is known.
type Attempts struct {
	Good   int64 // an answer below 500
	Bad    int64 // an answer of 500 or above
	Failed int64 // no answer
}

// Attempts are those that have ended, over all loops. An attempt is counted when the head of its answer has come.
func (l *load) Attempts() (a Attempts) {
	for i := range l.cells {
		c := &l.cells[i]
		a.Good += c.good.Load()
		a.Bad += c.bad.Load()
		a.Failed += c.failed.Load()
	}
	return a
}

// AnsweredSince says whether the instance has sent the head of an answer after a time, over any way. An event loop's time stands still for a
// turn: what came in the turn in which a request was sent says nothing about that one.
func (l *load) AnsweredSince(at time.Time) bool {
	for i := range l.cells {
		if l.cells[i].lastHead.Load() > at.UnixNano() {
			return true
		}
	}
	return false
}

// good is how many good answers there were since ever.
func (l *load) good() (n int64) {
	for i := range l.cells {
		n += l.cells[i].good.Load()
	}
	return n
}
