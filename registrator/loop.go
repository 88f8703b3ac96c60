package registrator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery/repeat"
)

const (
	// DefaultResync is the interval of full passes when none is given.
	DefaultResync = 30 * time.Second
	// parallelism is how many containers are handled at once: enough that a few hung calls (5 s each at most) delay
	// nobody else, few enough to stay far below the 200 connections that Consul allows from one address.
	parallelism = 32
)

// Config is what a Registrator needs. Docker and Catalogue are required, Options.Host should be set.
type Config struct {
	Options
	Docker     Docker
	Catalogue  Catalogue
	Log        zerolog.Logger
	Registerer prometheus.Registerer // nil: no metrics

	Policy  Policy        // -deregister
	Resync  time.Duration // -resync; 0 means DefaultResync
	Cleanup bool          // -cleanup
	// RefreshEvery is -ttl-refresh: with Consul, a log line per registration. 0: none.
	RefreshEvery time.Duration
	// RetryAttempts is -retry-attempts: how often a failed ping at start is repeated; -1 for ever, less skips the ping.
	RetryAttempts int
	// RetryInterval is -retry-interval, the pause between those pings; 0 means 2 s.
	RetryInterval time.Duration
	// Resolve finds the address of a host name that Docker gave us ("" when it has none); nil means the system's resolver.
	Resolve func(host string) string
}

// StartError says that the registrator could not start: exit code 1 on Registrator's command line.
type StartError struct{ Err error }

// Error implements error.
func (e *StartError) Error() string { return "start registrator: " + e.Err.Error() }

// Unwrap gives the cause.
func (e *StartError) Unwrap() error { return e.Err }

// Registrator keeps a catalogue in line with Docker. Make it with New, run it once.
type Registrator struct {
	docker    Docker
	catalogue Catalogue
	log       zerolog.Logger
	options   Options
	policy    Policy
	cleanup   bool
	began     time.Time

	resync, refreshEvery, retryInterval time.Duration
	retryAttempts                       int
	resolve                             func(string) string
	sayPasses, passed                   bool        // of the passes' goroutine
	planLogged                          loggedLines // by plans
	failureLines                        repeat.Lines[string]
	namedForLabels                      atomic.Int32

	queue     *queue
	inventory *inventory
	cache     *cache
	metrics   *metrics

	recent       recentEvents
	cut          breaker
	streamOpened onceSignal
	relist       atomic.Bool // the stream broke: when it is open again, inspect all
	inspectAll   atomic.Bool
	passWanted   chan struct{}
	fatal        chan error // what Registrator would have ended on, in a -compat mode
	listening    atomic.Bool
}

// New checks the configuration and registers the metrics; nothing runs yet.
func New(c Config) (*Registrator, error) {
	if c.Docker == nil || c.Catalogue == nil {
		return nil, errors.New("make registrator: Docker and a catalogue are needed")
	}
	r := &Registrator{
		docker: c.Docker, catalogue: c.Catalogue, log: c.Log, options: c.Options, policy: c.Policy, cleanup: c.Cleanup, began: time.Now(),
		resync: c.Resync, refreshEvery: c.RefreshEvery, retryInterval: c.RetryInterval, retryAttempts: c.RetryAttempts,
		resolve: c.Resolve, sayPasses: c.Resync > 0, queue: newQueue(), inventory: newInventory(),
		cache: newCache(c.Host, c.Compat != CompatNone), passWanted: make(chan struct{}, 1), fatal: make(chan error, 1),
	}
	if r.resync <= 0 {
		r.resync = DefaultResync
	}
	if r.retryInterval <= 0 {
		r.retryInterval = 2 * time.Second // Registrator's default
	}
	if r.resolve == nil {
		r.resolve = resolveHost
	}
	r.streamOpened.init()
	var err error
	if r.metrics, err = newMetrics(c.Registerer, r.cache.count, r.queue.length); err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	return r, nil
}

// Run follows Docker until ctx ends, and then returns nil with all registrations left in place. It returns a *StartError
// when the catalogue does not answer the pings, or Docker the first listing; afterwards it gives up only where Registrator did and
// -compat asks for the same (a -tags template that fails).
func (r *Registrator) Run(ctx context.Context) error {
	if err := r.reach(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	r.identify(ctx)
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { r.listen(ctx) })
	r.streamOpened.wait(ctx) // subscribe first, then list
	partial, err := r.pass(ctx)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil && !r.passed: // not even Docker's list
		return &StartError{Err: err}
	case err != nil:
		r.log.Warn().Err(err).Msg("the first comparison of Docker with the catalogue is incomplete, trying again")
		partial = true
	}
	stop := context.AfterFunc(ctx, r.queue.close)
	defer stop()
	for range parallelism {
		running.Go(func() { r.serve(ctx) })
	}
	running.Go(func() { r.refreshLines(ctx) })
	running.Go(func() { r.passes(ctx, partial) })
	r.log.Info().Msg("Listening for Docker events ...")
	r.listening.Store(true)
	select {
	case <-ctx.Done():
		err = nil
	case err = <-r.fatal:
	}
	r.queue.close()
	return err
}

// endOn ends Run when a complaint is one that Registrator ended on. The container keeps what it has registered.
func (r *Registrator) endOn(c Container, complaints []Complaint) {
	for _, p := range complaints {
		if !p.Fatal {
			continue
		}
		r.inventory.with(c.ID, func(m *tracked) { m.kept = true })
		select {
		case r.fatal <- errors.New(p.String()):
		default: // it is ending already
		}
	}
}

// Ready tells whether the first pass is behind us.
func (r *Registrator) Ready() bool { return r.listening.Load() }
