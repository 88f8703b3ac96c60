package discovery

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Watcher follows a Catalogue and publishes Snapshots. Run does the work; the other methods may be called at any time from
// any goroutine.
//
// One watch on the list finds the services that are wanted. Each of those has a watch of its own; when there are too many,
// watches by node tell where something has changed, and only the services there are asked for. All answers meet in one
// goroutine, which alone knows the view. The list only adds: a service that it no longer names is asked for once more, and
// goes when its own answer is empty.
type Watcher struct {
	o         Options
	snapshots chan *Snapshot
	ready     atomic.Bool
	base      time.Time // ages are counted from here, on the monotonic clock

	events chan event
	all    *rate.Limiter
	starts chan struct{} // slots for first questions
	probes chan struct{} // slots for connects
	asks   asks
	// topicBytes is the pace of all topics together.
	topicBytes *rate.Limiter
	states     chan *Snapshot // newest snapshot for the disk
	tasks      sync.WaitGroup
	ages       ages
	count      counts
	decisions  decisions
	fed        fed
}

const (
	// eventRoom lets answers that come together be taken together, into one publication.
	eventRoom = 64
)

// NewWatcher returns a Watcher that has not started; nothing is asked before Run.
func NewWatcher(o Options) *Watcher {
	return &Watcher{
		o:          o.withDefaults(),
		snapshots:  make(chan *Snapshot, 1),
		base:       time.Now().Add(-1), // so that no moment counts as zero, which means never
		events:     make(chan event, eventRoom),
		all:        rate.NewLimiter(allRate, allBurst),
		starts:     make(chan struct{}, starting),
		probes:     make(chan struct{}, probing),
		asks:       newAsks(),
		topicBytes: rate.NewLimiter(allBytesRate, allBytesBurst),
		states:     make(chan *Snapshot, 1),
		ages:       ages{of: map[string]*age{}},
		fed:        fed{wake: make(chan struct{}, 1)},
	}
}

// Run watches until ctx ends, and returns ctx's error then; an error before that is one of the metrics' registration. It
// may be called once. It waits for all it started but calls of a Catalogue that ignores its context.
func (w *Watcher) Run(ctx context.Context) error {
	if w.o.Registerer != nil {
		c := newCollector(w)
		if err := w.o.Registerer.Register(c); err != nil {
			return fmt.Errorf("register the watcher's metrics: %w", err)
		}
		defer w.o.Registerer.Unregister(c)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer w.tasks.Wait()
	defer cancel()
	v := newView(ctx, w)
	v.takeFed()
	for range parallelQuestions {
		w.tasks.Go(func() { w.askAll(ctx) })
	}
	w.tasks.Go(func() { w.follow(ctx, v.list) })
	if w.o.StateFile != "" {
		v.load()
		w.tasks.Go(func() { w.keep(ctx) })
	}
	if from, ok := w.o.Catalogue.(TextLister); ok {
		v.lines.watch = w.newTextWatch(from, v.textIndex)
		w.tasks.Go(func() { w.follow(ctx, v.lines.watch) })
	}
	v.run()
	return ctx.Err()
}

// Snapshots gives the newest Snapshot that has not been received yet; older ones are dropped (latest wins). One receiver.
// The channel is never closed.
func (w *Watcher) Snapshots() <-chan *Snapshot { return w.snapshots }

// Ready says that a Snapshot has been published: a complete first view, or one from disk.
func (w *Watcher) Ready() bool { return w.ready.Load() }

// Ages tells for each watched service how long ago the catalogue last answered for it. Services that have never been
// answered for by the catalogue (known from disk only) have the age of the disk's content.
func (w *Watcher) Ages() map[string]time.Duration { return w.ages.read(time.Since(w.base)) }

// Age is the one of Ages for a service, by its name or as NAME@DATACENTER.
func (w *Watcher) Age(service string) (age time.Duration, ok bool) {
	return w.ages.readOne(service, time.Since(w.base))
}

// deliver makes s the newest in a channel of capacity one. One sender.
func deliver(to chan *Snapshot, s *Snapshot) {
	for {
		select {
		case to <- s:
			return
		default:
		}
		select {
		case <-to:
		default:
		}
	}
}
