package balancer

import (
	"sync"
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

// Budget bounds the retries of a route. The zero value is ready. Retries where nothing was sent need no budget.
type Budget struct {
	mu    sync.Mutex
	start time.Time
	slots [budgetSpan]struct{ second, requests, retries int64 }
}

// Deposit notes a request (not a retry).
func (b *Budget) Deposit() {
	b.mu.Lock()
	b.slots[b.turn()].requests++
	b.mu.Unlock()
}

// Withdraw says whether a retry is within the budget, and notes it if so.
func (b *Budget) Withdraw() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.turn()
	now := b.slots[i].second
	var requests, retries int64
	for _, s := range b.slots {
		if s.second > now-budgetSpan {
			requests += s.requests
			retries += s.retries
		}
	}
	if b.slots[i].retries >= budgetFloor && retries >= requests/budgetShare {
		return false
	}
	b.slots[i].retries++
	return true
}

// turn is the slot of the present second, emptied if it held an older one. It needs b.mu.
func (b *Budget) turn() int {
	if b.start.IsZero() {
		b.start = time.Now()
	}
	second := int64(time.Since(b.start) / time.Second)
	s := &b.slots[second%budgetSpan]
	if s.second != second {
		s.second, s.requests, s.retries = second, 0, 0
	}
	return int(second % budgetSpan)
}
