package listen

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// Options are what a Shared needs.
type Options struct {
	// DrainWait is the time from readiness false to the end of accepting, for load balancers to hear of it; 0 is at once.
	DrainWait time.Duration
	// Grace is the time from there to the end of all that is still open; 0 closes it at once.
	Grace time.Duration
	// OnDrain takes readiness away, before anything else. It is called once. May be nil.
	OnDrain func()
	// Hurry, when it ends, cuts DrainWait and Grace short. Nil never does.
	Hurry context.Context
	Log   zerolog.Logger
}

// Shared is what all servers of a process share: the count of descriptors, and the end, which they come to together. Make it with
// NewShared; it is safe for concurrent use.
type Shared struct {
	Files *Files

	options Options
	open    atomic.Int64 // connections of all Crowds
	mu      sync.Mutex
	sockets []Socket
	cause   error         // why a listener is broken for good
	ending  chan struct{} // closed when it is time to drain
	begin   sync.Once     // closes ending

	taken    atomic.Bool // somebody drains
	draining atomic.Bool
	drained  chan struct{} // closed when that is over
}

// NewShared reads how many descriptors there may be.
func NewShared(o Options) *Shared {
	if o.OnDrain == nil {
		o.OnDrain = func() {}
	}
	if o.Hurry == nil {
		o.Hurry = context.Background()
	}
	return &Shared{Files: NewFiles(), options: o, ending: make(chan struct{}), drained: make(chan struct{})}
}

// Open is how many client connections there are, those of all servers. One that goes over from a server to another is always counted.
func (s *Shared) Open() int { return int(s.open.Load()) }

// Draining says whether accepting is to end, so that a response is its connection's last one.
func (s *Shared) Draining() bool { return s.draining.Load() }

// Break says that a listener is broken for good, which drains the process: it would look healthy, and serve nobody there. Only the first
// one counts, and none that comes while the listeners are closed anyway.
func (s *Shared) Break(err error) {
	if s.Draining() {
		return
	}
	s.begin.Do(func() {
		s.options.Log.Error().Err(err).Msg("a listener failed for good; the process drains and ends")
		s.mu.Lock()
		s.cause = err
		s.mu.Unlock()
		close(s.ending)
	})
}

// Run is a server's part between its start and its end: it blocks until ctx ends, another server of the process has begun to drain, or a
// listener is broken for good, and returns when the process is drained: the caller closes what it still has open. The error says which
// listener is broken. The server goes on accepting at its sockets until they are closed, and goes on serving until Run returns.
func (s *Shared) Run(ctx context.Context, sockets ...Socket) error {
	s.mu.Lock()
	s.sockets = append(s.sockets, sockets...)
	s.mu.Unlock()
	select {
	case <-ctx.Done():
	case <-s.ending:
	}
	s.begin.Do(func() { close(s.ending) })
	if s.taken.CompareAndSwap(false, true) {
		s.drain()
		close(s.drained)
	}
	<-s.drained
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cause
}
