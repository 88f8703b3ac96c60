package balancer

import (
	"sync/atomic"
	"time"
)

// trials is when the next trial of an ejected member of a route may be due. The zero value is never.
type trials struct{ at atomic.Int64 } // unix nanoseconds

// AwaitTrial notes that an ejected member is due at a time.
func (t *trials) AwaitTrial(at time.Time) {
	for {
		old := t.at.Load()
		if old != 0 && old <= at.UnixNano() || t.at.CompareAndSwap(old, at.UnixNano()) {
			return
		}
	}
}

// SetTrial notes that the next member is due at a time; zero is never. What is noted meanwhile is found when an ejected member's time has
// passed twice.
func (t *trials) SetTrial(at time.Time) {
	if at.IsZero() {
		t.at.Store(0)
		return
	}
	t.at.Store(at.UnixNano())
}

// TrialDue says whether an ejected member may be due.
func (t *trials) TrialDue(now time.Time) bool {
	at := t.at.Load()
	return at != 0 && now.UnixNano() >= at
}
