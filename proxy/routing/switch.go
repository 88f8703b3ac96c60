package routing

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/pointsman/pointsman/discovery"
)

// Switch holds the one pointer to the present table. Run is its only writer. Make it with NewSwitch.
type Switch struct {
	first   *Table
	current atomic.Pointer[Table]
	swaps   atomic.Uint64
	changed atomic.Int64
	cost    atomic.Int64

	followings followings
	news       chan struct{}
}

// NewSwitch makes a Switch without a table.
func NewSwitch(o Options) *Switch { return &Switch{first: NewTable(o), news: make(chan struct{}, 1)} }

// Load is the present table, or nil before the first snapshot: answer 503, not ready. A request loads once.
func (s *Switch) Load() *Table { return s.current.Load() }

// News has something to receive once there is another table than before. One receiver gets it.
func (s *Switch) News() <-chan struct{} { return s.news }

// Ready says whether there is a table.
func (s *Switch) Ready() bool { return s.current.Load() != nil }

// Swaps is the number of tables published so far.
func (s *Switch) Swaps() uint64 { return s.swaps.Load() }

// Changed is when the present table was published; zero before the first.
func (s *Switch) Changed() time.Time {
	if n := s.changed.Load(); n != 0 {
		return time.Unix(0, n)
	}
	return time.Time{}
}

// Cost is how long deriving and publishing the present table took; 0 before the first.
func (s *Switch) Cost() time.Duration { return time.Duration(s.cost.Load()) }

// Apply derives the next table, publishes it, and only then retires what it no longer holds. It must be called from one
// goroutine only; Run does so.
func (s *Switch) Apply(snap *discovery.Snapshot) {
	began := time.Now()
	defer func() { s.cost.Store(int64(time.Since(began))) }()
	prev := s.current.Load()
	if prev == nil {
		prev = s.first
	}
	next := prev.Next(snap)
	for _, u := range next.undrained { // the next table's requests may go there
		u.Drain(false)
	}
	now := time.Now()
	next.Published = now
	s.current.Store(next)
	for _, u := range next.drained { // those of the tables before may not
		u.Drain(true)
	}
	s.changed.Store(now.UnixNano())
	s.swaps.Add(1)
	for _, u := range next.arrived {
		u.StampRoutable(now)
	}
	for _, w := range next.returned {
		w.Return(now, 0)
	}
	next.followChecks()
	for _, u := range next.departed {
		u.Retire()
	}
	for _, w := range next.unspoken {
		w.Retire()
	}
	next.report()
	next.reportContests()
	s.followings.add(next)
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// Run applies every snapshot until ctx ends or the channel is closed. It always returns nil.
func (s *Switch) Run(ctx context.Context, snapshots <-chan *discovery.Snapshot) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case snap, ok := <-snapshots:
			if !ok {
				return nil
			}
			s.Apply(snap)
		}
	}
}
