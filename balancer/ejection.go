package balancer

import (
	"time"
)

// eject needs h.mu.
func (h *health) eject(now time.Time, f fault) {
	h.last = f
	if h.failures++; h.since.IsZero() {
		h.since = now
	}
	h.until = now.Add(h.backoff(now))
	h.settled.Store(false)
	h.ejected.Store(true)
}

// lapsed brings a way without a Reviver back once its time has come.
func (h *health) lapsed() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Now().Before(h.until) {
		return false
	}
	h.back()
	return true
}

// Ejected says whether the way is ejected, until when at least, and after how many failures in a row.
func (h *health) Ejected() (until time.Time, failures int, is bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.until, h.failures, h.ejected.Load()
}

// The back-off of a way that fails.
const (
	// An instance that has never answered over it is most likely starting, and the time until its first answer is what people wait for:
	// it is tried again after a tenth of the time that it has been tried for, so that what this adds to a start is a twentieth of it on
	// average, and a tenth at most. A connect that is refused costs 0.05 ms: a millisecond spares both sides; 100 ms bound how late an
	// instance is seen that takes long.
	startShare = 10
	firstStart = time.Millisecond
	lastStart  = 100 * time.Millisecond
	// One that has answered before is most likely broken, and one that can't make a handshake, or speaks first, is not asked in the right way: 100 ms,
	// doubled with each failure, spare it, 5 s bound how late its return is seen.
	firstKnown = 100 * time.Millisecond
	lastKnown  = 5 * time.Second
	maxDoubled = 6 // as often as firstKnown must be doubled to exceed lastKnown
)

// backoff is how long the way is ejected after a failure that has been counted. It needs h.mu.
func (h *health) backoff(now time.Time) time.Duration {
	if h.answered.Load() || h.last == faultHandshake || h.last == faultUnprompted {
		return min(lastKnown, firstKnown<<min(h.failures-1, maxDoubled))
	}
	return min(lastStart, max(firstStart, now.Sub(h.since)/startShare))
}
