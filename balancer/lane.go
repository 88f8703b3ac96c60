package balancer

import (
	"sync"
	"sync/atomic"
	"time"
)

// Lane is the live side of a route: rotation state by Upstream, and the retry budget. It lives as long as its route. Make
// it with NewLane.
type Lane struct {
	Budget Budget

	mu    sync.Mutex
	cells map[*Upstream]*cell
	wheel *wheel // the picker built last, if it is one: the cells lack what its turns added
}

// cell is the rotation state of one member; guarded by Lane.mu, and shared by all pickers built with the lane.
type cell struct{ current int64 }

// NewLane makes an empty Lane.
func NewLane() *Lane { return &Lane{} }

// rotate builds a rotation in which each member has its cell: the one it had, or a new one at 0. Cells of others are
// forgotten. A picker built before shares the cells; the few requests that still hold it may find its order a little off.
func (l *Lane) rotate(members []Member) Picker {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wheel != nil {
		l.wheel.settle()
		l.wheel = nil
	}
	r := rotation{members: members, cells: make([]*cell, len(members)), lane: l}
	next := make(map[*Upstream]*cell, len(members))
	fresh := make([]cell, len(members)) // one allocation; neighbours stay together
	for i, m := range members {
		c := l.cells[m.Upstream]
		if c == nil {
			c = &fresh[i]
		}
		r.cells[i] = c
		next[m.Upstream] = c
	}
	l.cells = next
	if len(members) < wheelFrom {
		return &r
	}
	l.wheel = newWheel(r)
	return l.wheel
}

// The retry budget: retries may be a fifth of the requests, so that a broken service sees at most 1.2 times its load; ten a
// second are always free, as a fifth of nearly nothing would forbid the only retry a quiet route needs. Ten seconds are
// long enough to smooth a burst and short enough to forget a bad spell.
const (
	budgetSpan  = 10 // seconds, and as many slots
	budgetShare = 5  // one retry in so many requests
	budgetFloor = 10 // retries a second
)

// Budget bounds the retries of a route. The zero value is ready. Retries where nothing was sent need no budget. All methods may
// be called from several goroutines; they take no lock, so counts of a second may be off by what came at its very start.
type Budget struct {
	slots [budgetSpan]budgetSlot
}

type budgetSlot struct{ second, requests, retries atomic.Int64 }

// Deposit notes a request (not a retry) at now.
func (b *Budget) Deposit(now time.Time) { b.slot(now.Unix()).requests.Add(1) }

// Withdraw says whether a retry at now is within the budget, and notes it if so.
func (b *Budget) Withdraw(now time.Time) bool {
	slot := b.slot(now.Unix())
	requests, retries := b.sums(now.Unix())
	if slot.retries.Load() >= budgetFloor && retries >= requests/budgetShare {
		return false
	}
	slot.retries.Add(1)
	return true
}

// Requests is how many came in the ten seconds up to now.
func (b *Budget) Requests(now time.Time) int64 {
	requests, _ := b.sums(now.Unix())
	return requests
}

func (b *Budget) sums(second int64) (requests, retries int64) {
	for i := range b.slots {
		s := &b.slots[i]
		if at := s.second.Load(); at > second-budgetSpan && at <= second {
			requests += s.requests.Load()
			retries += s.retries.Load()
		}
	}
	return requests, retries
}

// slot is that of a second, emptied if it held another one.
func (b *Budget) slot(second int64) *budgetSlot {
	s := &b.slots[uint64(second)%budgetSpan]
	if old := s.second.Load(); old != second && s.second.CompareAndSwap(old, second) {
		s.requests.Store(0)
		s.retries.Store(0)
	}
	return s
}
