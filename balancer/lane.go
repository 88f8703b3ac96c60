package balancer

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Lane is the live side of a route: rotation state by Upstream, the retry budget, how its requests ended lately, and when ejected members are due for a trial. It lives as long as its route. Make
// it with NewLane.
type Lane struct {
	Budget   Budget
	Answered Answered
	trials

	mu    sync.Mutex
	turns *turns         // built last, where all weights were the same: the next one goes on from there
	last  *rotation      // built last, where they were not: what its members have gained goes on in the next one
	spare *Lane          // of the backups; nil until there are some
	away  *Lane          // of other zones; nil until there are some
	home  *homeShare     // nil where nothing chooses between zones
	kept  map[string]any // see Memory
}

// NewLane makes an empty Lane.
func NewLane() *Lane { return &Lane{} }

// ofBackups is that of the backups, which take turns of their own.
func (l *Lane) ofBackups() *Lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.spare == nil {
		l.spare = NewLane()
	}
	return l.spare
}

// ofAway is that of members in other zones, which take turns of their own.
func (l *Lane) ofAway() *Lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away == nil {
		l.away = NewLane()
	}
	return l.away
}

// ofHome is the own zone's share.
func (l *Lane) ofHome() *homeShare {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.home == nil {
		l.home = newHomeShare()
	}
	return l.home
}

// rotate builds a rotation that goes on where the one before was: with members of one weight, with the first of those to come that is
// still there; else each member has the current weight that it had, or 0. The few requests that still hold the picker built before may
// find its order a little off.
func (l *Lane) rotate(members []Member) Picker {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ofOneWeight(members) {
		p := &turns{members: members}
		p.follow(l.turns)
		l.turns, l.last = p, nil
		return p
	}
	r := newRotation(members)
	r.inherit(l.last)
	l.turns, l.last = nil, r
	if len(members) < wheelFrom {
		return r
	}
	return newWheel(r)
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

// All loops write here, and wait for each other's cache lines. So of the requests of a second all count until there are exactMany,
// and from there on one in budgetLot, drawn by lot, for so many: that is out by a few in a thousand, which a budget bears.
const (
	exactMany = 64
	budgetLot = 8
)

// Deposit notes a request (not a retry) at now.
func (b *Budget) Deposit(now time.Time) {
	s := b.slot(now.Unix())
	if s.requests.Load() < exactMany {
		s.requests.Add(1)
	} else if rand.Uint32()%budgetLot == 0 {
		s.requests.Add(budgetLot)
	}
}

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

// rateSpan is over how many whole seconds Rate is.
const rateSpan = 5

// Rate is about how many requests a second came in the five whole seconds before now.
func (b *Budget) Rate(now time.Time) float64 {
	var n int64
	for second := now.Unix() - rateSpan; second < now.Unix(); second++ {
		if s := &b.slots[uint64(second)%budgetSpan]; s.second.Load() == second {
			n += s.requests.Load()
		}
	}
	return float64(n) / rateSpan
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
