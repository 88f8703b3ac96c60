package balancer

import "time"

// How long an instance may send nothing before it counts as silent.
const (
	// silenceTimes is what it may take of its usual time to the first byte: answers differ in what they cost, and ten times the usual
	// is more than a collector's pause or a cold cache adds.
	silenceTimes = 10
	// leastSilence is what one machine may keep another waiting for without a fault of either.
	leastSilence = 50 * time.Millisecond
	// firstSilence is that of an instance of which nothing is known yet.
	firstSilence = time.Second
	// maxDoubledSilence bounds how far the patience with an instance on trial grows: 64 times.
	maxDoubledSilence = 6
)

// Patience is how long a request is waited for at the instance before Silent is asked: ten times what it usually takes to the first byte, at
// least 50 ms. like is what another instance of the route takes, for one of which nothing is known yet; where that is 0 too, a second. loop is as
// for Acquire. On trial it is doubled with each trial that failed, so that one which has become slow comes back too.
func (w *Way) Patience(loop uint, like time.Duration) time.Duration {
	usual := time.Duration(w.upstream.cells[loop%cells].latency.Load())
	if usual == 0 {
		usual = w.upstream.Latency()
	}
	if usual == 0 {
		usual = like
	}
	d := firstSilence
	if usual > 0 {
		d = max(leastSilence, silenceTimes*usual)
	}
	if w.outUntil.Load() != 0 {
		w.mu.Lock()
		d <<= min(max(0, w.times-1), maxDoubledSilence)
		w.mu.Unlock()
	}
	return d
}

// Silent says whether a request that was sent at a time is no reason to wait on: the instance has sent nothing since, on any connection.
func (w *Way) Silent(sent time.Time) bool { return !w.upstream.AnsweredSince(sent) }
