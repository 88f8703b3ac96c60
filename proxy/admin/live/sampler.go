// Package live tells what happens right now, second by second: rates, errors and times of services and routes, and how each instance does.
//
// A Sampler reads the counters once a second for all who look, and only while somebody does. Each viewer names what it shows, and gets that and no
// more. It knows nothing of HTTP.
package live

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/pointsman/pointsman/proxy/record"
	"github.com/pointsman/pointsman/proxy/routing"
)

// MostViewers is how many may look at a time.
const MostViewers = 64

// Period is the time from one reading to the next.
const Period = time.Second

// Sources are where a Sampler reads. None may be nil.
type Sources struct {
	// Table is the present table; nil before the first.
	Table func() *routing.Table
	// Metrics are what the listeners count.
	Metrics *record.Metrics
	// Age is how old the last answer of the catalogue about a service is.
	Age func(service string) (age time.Duration, ok bool)
}

// Sampler reads for all viewers. Make it with NewSampler; Run does the work. Safe for concurrent use.
type Sampler struct {
	from   Sources
	wanted chan struct{}
	done   chan struct{}

	mu      sync.Mutex
	viewers map[*Viewer]struct{}
	reading // of the goroutine that runs
}

// NewSampler makes a Sampler. Nobody can look before Run.
func NewSampler(from Sources) *Sampler {
	return &Sampler{from: from, wanted: make(chan struct{}, 1), done: make(chan struct{}), viewers: map[*Viewer]struct{}{}}
}

// Errors of View and Next.
var (
	ErrCrowded = errors.New("as many as may look do so already")
	ErrEnding  = errors.New("shutting down")
)

// Viewer is one that looks. It must be closed.
type Viewer struct {
	of   *Sampler
	wish Wish
	more chan *moment // the last one that was not taken
}

// View begins to look. It fails with ErrCrowded or ErrEnding.
func (s *Sampler) View(w Wish) (*Viewer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.done:
		return nil, ErrEnding
	default:
	}
	if len(s.viewers) == MostViewers {
		return nil, ErrCrowded
	}
	v := &Viewer{of: s, wish: w, more: make(chan *moment, 1)}
	s.viewers[v] = struct{}{}
	select {
	case s.wanted <- struct{}{}:
	default:
	}
	return v, nil
}

// Close ends looking.
func (v *Viewer) Close() {
	v.of.mu.Lock()
	delete(v.of.viewers, v)
	v.of.mu.Unlock()
}

// Next waits for what the viewer shows at the next moment, as a JSON object. Who is slow misses the moments in between. It fails when ctx or the
// Sampler ends.
func (v *Viewer) Next(ctx context.Context) ([]byte, error) {
	select {
	case m := <-v.more:
		return m.text(&v.wish), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-v.of.done:
		return nil, ErrEnding
	}
}

// Run reads while somebody looks, until ctx ends. It always returns nil.
func (s *Sampler) Run(ctx context.Context) error {
	defer close(s.done)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.wanted:
			s.read(ctx)
		}
	}
}

// read reads each second until nobody looks any more. The first reading is what the next one is compared with.
func (s *Sampler) read(ctx context.Context) {
	tick := time.NewTicker(Period)
	defer tick.Stop()
	s.reading = reading{}
	for {
		wishes, viewers := s.wishes()
		if len(viewers) == 0 {
			s.reading = reading{} // it may be megabytes
			return
		}
		if m := s.reading.moment(&s.from, wishes, time.Now()); m != nil {
			for _, v := range viewers {
				v.tell(m)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// wishes is what all viewers show together.
func (s *Sampler) wishes() (all wishes, viewers []*Viewer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for v := range s.viewers {
		viewers = append(viewers, v)
		all.add(&v.wish)
	}
	return all, viewers
}

// tell puts a moment in the place of the one that was not taken.
func (v *Viewer) tell(m *moment) {
	for {
		select {
		case v.more <- m:
			return
		default:
		}
		select {
		case <-v.more:
		default:
		}
	}
}
