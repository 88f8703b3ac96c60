package balancer

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// Answered is how the requests of a route ended lately, for people who look: how many in a second with an error, and how long they took. The zero
// value is ready. All methods may be called from several goroutines; they take no lock, as those of Budget, and are as exact.
type Answered struct {
	slots [answeredSpan]answeredSlot
}

// answeredSpan is enough for the whole seconds of rateSpan, the present one, and one that a slow reader is late by.
const answeredSpan = rateSpan + 2

type answeredSlot struct{ second, errors, timed, nanoseconds atomic.Int64 }

// Note notes that a request ended at now, after it took so long. An error is written whenever there is one. Of the times that is so for the first
// ones of a second; from there on one in so many is taken, by lot, since the mean of these is as good, and all loops write here.
func (a *Answered) Note(now time.Time, failed bool, took time.Duration) {
	second := now.Unix()
	s := &a.slots[uint64(second)%answeredSpan]
	if old := s.second.Load(); old != second && s.second.CompareAndSwap(old, second) {
		s.errors.Store(0)
		s.timed.Store(0)
		s.nanoseconds.Store(0)
	}
	if failed {
		s.errors.Add(1)
	}
	if s.timed.Load() < exactMany || rand.Uint32()%budgetLot == 0 {
		s.nanoseconds.Add(int64(took))
		s.timed.Add(1)
	}
}

// Lately is what came in the whole seconds before now over which Budget.Rate is an average too: errors a second, and the mean time that a
// request took; ok is false where there were none.
func (a *Answered) Lately(now time.Time) (errors float64, mean time.Duration, ok bool) {
	var failed, timed, nanoseconds int64
	for second := now.Unix() - rateSpan; second < now.Unix(); second++ {
		if s := &a.slots[uint64(second)%answeredSpan]; s.second.Load() == second {
			failed, timed, nanoseconds = failed+s.errors.Load(), timed+s.timed.Load(), nanoseconds+s.nanoseconds.Load()
		}
	}
	if timed == 0 {
		return 0, 0, false
	}
	return float64(failed) / rateSpan, time.Duration(nanoseconds / timed), true
}
