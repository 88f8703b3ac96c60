// Package balancer holds the live side of instances and the policies that choose among them.
//
// An Upstream lives as long as its instance; a Lane lives as long as its route. Both are carried over table swaps by
// identity. A Picker is built over a fixed set and then only read; what it counts lives in Upstream and Lane.
package balancer

import (
	"sync"
	"sync/atomic"
	"time"
)

// Upstream is the live side of one instance: how many requests are on their way to it, how fast it answers, and whether it
// is left out for a while. All methods may be called from several goroutines.
type Upstream struct {
	key, service, address string
	reviver               *Reviver

	// Each request reads these; few change them.
	answered atomic.Bool
	settled  atomic.Bool
	retired  atomic.Bool
	out      atomic.Bool
	asked    atomic.Bool  // queued at the reviver, which then owns next
	keeps    atomic.Bool  // it has answered without ending the connection
	broken   atomic.Int32 // fresh connections in a row that closed on a request
	conns    atomic.Int32 // open
	farewell atomic.Int64 // unix nanoseconds until which it counts as leaving; 0 = it does not
	routable atomic.Int64 // unix nanoseconds; 0 = never
	next     *Upstream

	mu       sync.Mutex // guards what follows, and every change of out
	failures int
	until    time.Time
	early    bool // it last failed by closing what it had accepted
	hooks    []func()
	_        [8]byte

	cells [cells]cell
}

// cells is how many counters there are of what each request writes: loops that count in different ones don't wait for each other's
// cache lines. More loops than cells share them, which is slower and no less right.
const cells = 8

// cell is one loop's part of what requests write, on a cache line of its own.
type cell struct {
	inFlight atomic.Int64
	latency  atomic.Int64 // moving average in nanoseconds; 0 until the first answer
	_        [48]byte
}

// NewUpstream makes the live side of an instance that no Reviver looks after: it is back as soon as its back-off has passed.
// Key identifies the instance for people and for maps; address is host:port as dialled, with brackets around IPv6.
func NewUpstream(key, service, address string) *Upstream {
	return &Upstream{key: key, service: service, address: address}
}

// Key identifies the instance.
func (u *Upstream) Key() string { return u.key }

// Service is the catalogue service that the instance belongs to.
func (u *Upstream) Service() string { return u.service }

// Address is host:port as dialled.
func (u *Upstream) Address() string { return u.address }

// Acquire counts a request in. Every Acquire is followed by exactly one Release. loop is any number: callers with the same one, or
// more than eight, write to the same memory.
func (u *Upstream) Acquire(loop uint) { u.cells[loop%cells].inFlight.Add(1) }

// Release counts a request out.
func (u *Upstream) Release(loop uint) { u.cells[loop%cells].inFlight.Add(-1) }

// InFlight is the number of requests between Acquire and Release.
func (u *Upstream) InFlight() (n int64) {
	for i := range u.cells {
		n += u.cells[i].inFlight.Load()
	}
	return n
}

// Answered says whether the instance has ever sent a byte of an answer.
func (u *Upstream) Answered() bool { return u.answered.Load() }

// Settled says whether the instance has answered, or a bare connection to it stayed open. What cannot be replayed prefers
// settled instances: a connect through a published port succeeds before the application listens.
func (u *Upstream) Settled() bool { return u.answered.Load() || u.settled.Load() }

// farewellTime is how long an instance counts as leaving after its last farewell: by then the catalogue has been told, or the
// farewell meant something else (a server that ends each connection after so many requests).
const farewellTime = time.Second

// ObserveKeep notes whether an answer let its connection live on. An instance that did so before and now says farewell
// (Connection: close, RFC 9112 section 9.6) is most likely stopping: applications say so for as long as they still serve.
func (u *Upstream) ObserveKeep(kept bool, now time.Time) {
	switch {
	case !kept && u.keeps.Load():
		u.farewell.Store(now.Add(farewellTime).UnixNano())
	case kept && !u.keeps.Load():
		u.keeps.Store(true)
	case kept && u.farewell.Load() != 0:
		u.farewell.Store(0)
	}
}

// Leaving says whether the instance has said farewell a moment ago. What cannot be replayed then goes to others while there
// are any: the news of a stop may take longer through the catalogue than the application goes on serving.
func (u *Upstream) Leaving() bool {
	until := u.farewell.Load()
	return until != 0 && time.Now().UnixNano() < until
}

// Latency is the moving average of the time until the head of an answer, over all loops that had one; 0 until the first one.
func (u *Upstream) Latency() time.Duration {
	var sum, n int64
	for i := range u.cells {
		if l := u.cells[i].latency.Load(); l > 0 {
			sum += l
			n++
		}
	}
	return time.Duration(sum / max(1, n))
}

// latencyShare is the weight of a new sample in the moving average: 1/8, as TCP does for its round-trip time (RFC 6298).
const latencyShare = 8

// ObserveAnswer notes that an answer's head came d after the request was sent; loop is as for Acquire. It clears the back-off. First
// is true exactly once in the life of an Upstream.
func (u *Upstream) ObserveAnswer(loop uint, d time.Duration) (first bool) {
	u.cells[loop%cells].observe(d)
	if u.answered.Load() && !u.out.Load() {
		return false
	}
	first = u.answered.CompareAndSwap(false, true)
	u.mu.Lock()
	u.failures, u.until = 0, time.Time{}
	u.out.Store(false)
	u.mu.Unlock()
	return first
}

// observe may lose a sample to a concurrent one; an average does not mind.
func (c *cell) observe(d time.Duration) {
	old := c.latency.Load()
	if old == 0 {
		c.latency.Store(max(1, int64(d)))
		return
	}
	c.latency.Store(max(1, old+(int64(d)-old)/latencyShare))
}

// ObserveRefused notes that no connection came about: the connect was refused or timed out. The instance is left out for its
// back-off, and the Reviver, if there is one, brings it back. While it is out already, further refusals (of requests that were
// on their way) change nothing.
func (u *Upstream) ObserveRefused(now time.Time) { u.observeFailure(now, false) }

// ObserveClosed notes that a connection was accepted and then closed without an answer, as a published port does before the
// application listens. It is ObserveRefused, but from now on accepting alone does not bring the instance back.
func (u *Upstream) ObserveClosed(now time.Time) { u.observeFailure(now, true) }

func (u *Upstream) observeFailure(now time.Time, early bool) {
	u.mu.Lock()
	if u.out.Load() {
		u.mu.Unlock()
		return
	}
	u.leaveOut(now, early)
	u.mu.Unlock()
	u.ask()
}

// leaveOut needs u.mu.
func (u *Upstream) leaveOut(now time.Time, early bool) {
	u.early = early
	u.failures++
	u.until = now.Add(backoff(u.failures, u.answered.Load()))
	u.settled.Store(false)
	u.out.Store(true)
}

// brokenLimit is how many fresh connections in a row may close on a request before the instance is left out: fewer could be
// requests that break it, and these must not empty a route.
const brokenLimit = 3

// ObserveBroken notes that a fresh connection closed on a request, without a byte of an answer. One that has never answered is most
// likely not there yet, and is left out at once.
func (u *Upstream) ObserveBroken(now time.Time) {
	if u.broken.Add(1) >= brokenLimit || !u.answered.Load() {
		u.ObserveClosed(now)
	}
}

// ObserveWhole notes that a fresh connection brought an answer.
func (u *Upstream) ObserveWhole() {
	if u.broken.Load() != 0 {
		u.broken.Store(0)
	}
}

// Connect counts a connection in, unless limit are open already; 0 is no limit. Every Connect that is true is followed by exactly
// one Disconnect, when the connection has ended or did not come about.
func (u *Upstream) Connect(limit int) bool {
	if n := u.conns.Add(1); limit > 0 && int(n) > limit {
		u.conns.Add(-1)
		return false
	}
	return true
}

// Disconnect counts a connection out.
func (u *Upstream) Disconnect() { u.conns.Add(-1) }

// Connections is the number of connections between Connect and Disconnect, used and kept, over all listeners.
func (u *Upstream) Connections() int { return int(u.conns.Load()) }

// Usable says whether a request may be sent: not left out, not retired.
func (u *Upstream) Usable() bool {
	if u.retired.Load() {
		return false
	}
	return !u.out.Load() || (u.reviver == nil && u.lapsed(time.Now()))
}

// lapsed brings an Upstream without a Reviver back once its time has come.
func (u *Upstream) lapsed(now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if now.Before(u.until) {
		return false
	}
	u.out.Store(false)
	return true
}

// Out tells, for people, whether the instance is left out, until when at least, and after how many refusals in a row.
func (u *Upstream) Out() (until time.Time, failures int, is bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.until, u.failures, u.out.Load()
}

// StampRoutable notes when the first table that holds the Upstream was published; later calls change nothing.
func (u *Upstream) StampRoutable(at time.Time) { u.routable.CompareAndSwap(0, at.UnixNano()) }

// Routable is the time of the first table that held the Upstream; zero before that.
func (u *Upstream) Routable() time.Time {
	if n := u.routable.Load(); n != 0 {
		return time.Unix(0, n)
	}
	return time.Time{}
}

// Retire marks the Upstream as gone for good and runs what AfterRetire collected, in the caller's goroutine, once.
func (u *Upstream) Retire() {
	u.mu.Lock()
	if u.retired.Swap(true) {
		u.mu.Unlock()
		return
	}
	hooks := u.hooks
	u.hooks = nil
	u.mu.Unlock()
	for _, f := range hooks {
		f()
	}
}

// Retired says whether Retire was called.
func (u *Upstream) Retired() bool { return u.retired.Load() }

// AfterRetire runs f once when the Upstream is retired, at once if it already is. It is how a connection pool learns that
// it may close what it holds.
func (u *Upstream) AfterRetire(f func()) {
	u.mu.Lock()
	if !u.retired.Load() {
		u.hooks = append(u.hooks, f)
		u.mu.Unlock()
		return
	}
	u.mu.Unlock()
	f()
}

// The back-off of an instance that refuses. One that has never answered is most likely starting: it is tried again within a
// millisecond or two, as the time until its first answer is what people wait for, and never less often than every 100 ms.
// One that has answered before is most likely broken: 100 ms spares it, 5 s bounds how late its return is seen.
const (
	firstFresh = time.Millisecond
	lastFresh  = 100 * time.Millisecond
	firstKnown = 100 * time.Millisecond
	lastKnown  = 5 * time.Second
)

// backoff is how long an instance is left out after its nth refusal in a row, n >= 1.
func backoff(n int, answered bool) time.Duration {
	first, last := firstFresh, lastFresh
	if answered {
		first, last = firstKnown, lastKnown
	}
	const enough = 8 // 2^8 exceeds last/first in both cases
	return min(last, first<<min(n-1, enough))
}
