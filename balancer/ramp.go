package balancer

import (
	"sync/atomic"
	"time"
)

// ramp is how a way that has come, or has come back, gets to its whole share: evenly from a tenth of it. A tenth at once, as an instance
// must get requests to become warm, and one that takes none would never be seen to fail.
type ramp struct {
	since atomic.Int64  // unix nanoseconds at which it came
	over  atomic.Int64  // nanoseconds that it takes whatever a route asks for; 0 where it takes none
	taken atomic.Uint64 // turns, in whole/s
}

const (
	whole     = 1 << 16 // the whole share
	firstPart = whole/10 + 1
	// odd makes another draw of a key than its score is.
	odd = 0x9e3779b97f4a7c15
	// rampRounds is how often turns come round at most until a way on its ramp takes one.
	rampRounds = 10
)

// Return notes that the way takes requests from now on after it took none. Over is how long its share grows on every route, at least as long
// as was to be on a way back that is not over; a route that asks for a longer slow start gets that.
func (r *ramp) Return(now time.Time, over time.Duration) {
	r.over.Store(max(r.over.Load(), int64(over)))
	r.since.Store(now.UnixNano())
}

// part is the present share, in whole/s, of a way on a route that asks for a slow start of so long.
func (r *ramp) part(slow time.Duration) int64 {
	over := r.over.Load()
	if over == 0 && slow == 0 { // as nearly always
		return whole
	}
	d := max(over, int64(slow))
	passed := time.Now().UnixNano() - r.since.Load()
	if passed >= d {
		if passed >= over && over != 0 {
			r.over.CompareAndSwap(over, 0)
		}
		return whole
	}
	return firstPart + int64(float64(whole-firstPart)*float64(max(0, passed))/float64(d))
}

// takes says whether the way takes a turn that is its own: of any number in a row its part.
func (r *ramp) takes(slow time.Duration) bool {
	part := uint64(r.part(slow))
	if part == whole {
		return true
	}
	n := r.taken.Add(part)
	return n/whole != (n-part)/whole
}

// owns says the same of a key that is its own, where most is the highest part of any member: keys that it owns stay its own.
func (r *ramp) owns(key uint64, slow time.Duration, most int64) bool {
	part := r.part(slow)
	return part == whole || int64(mix(key+odd)>>48)*most < part*whole
}
