package balancer

import (
	"sync/atomic"
	"time"
)

// load is what requests write: how many are on their way to an instance, and how fast it answers.
type load struct{ cells [cells]cell }

// cells is how many counters there are of what each request writes: loops that count in different ones don't wait for each other's
// cache lines. More loops than cells share them, which is slower and no less right.
const cells = 8

// cell is one loop's part of what requests write, on a cache line of its own.
type cell struct {
	inFlight atomic.Int64
	latency  atomic.Int64 // moving average in nanoseconds; 0 until the first answer
	pulse
	_ [16]byte
}

// Acquire counts a request in. Every Acquire is followed by exactly one Release. loop is any number: callers with the same one, or
// more than eight, write to the same memory.
func (l *load) Acquire(loop uint) { l.cells[loop%cells].inFlight.Add(1) }

// Release counts a request out.
func (l *load) Release(loop uint) { l.cells[loop%cells].inFlight.Add(-1) }

// InFlight is the number of requests between Acquire and Release.
func (l *load) InFlight() (n int64) {
	for i := range l.cells {
		n += l.cells[i].inFlight.Load()
	}
	return n
}

// Within says whether a request that was counted in may stay where the instance may have so many at once. Of several that come at once
// none may be let in where there is one place, never more than there are.
func (l *load) Within(most int) bool { return l.InFlight() <= int64(most) }

// Latency is the moving average of the time until the head of an answer, over all loops that had one; 0 until the first one.
func (l *load) Latency() time.Duration {
	var sum, n int64
	for i := range l.cells {
		if d := l.cells[i].latency.Load(); d > 0 {
			sum += d
			n++
		}
	}
	return time.Duration(sum / max(1, n))
}

// latencyShare is the weight of a new sample in the moving average: 1/8, as TCP does for its round-trip time (RFC 6298).
const latencyShare = 8

// observe may lose a sample to a concurrent one; an average does not mind.
func (c *cell) observe(d time.Duration) {
	old := c.latency.Load()
	if old == 0 {
		c.latency.Store(max(1, int64(d)))
		return
	}
	c.latency.Store(max(1, old+(int64(d)-old)/latencyShare))
}
