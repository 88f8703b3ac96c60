package discovery

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// sweepSpan is how long a pass over the swept services takes when nothing slows it; with the answers it stays below
	// sweepLimit, the staleness that is promised.
	sweepSpan  = 3 * time.Second
	sweepLimit = 5 * time.Second
	// sweepers bounds the questions of a pass at the same time: with the watches they stay below the 200 connections that
	// Consul's agent allows from one address.
	sweepers = 16
	// balanceInterval is how often watched and swept services are compared.
	balanceInterval = 5 * time.Second
	// balanceMoves bounds how many change places at once; balanceEdge is by how much a swept one must be more recent than
	// a watched one, so that equals do not take turns.
	balanceMoves = 16
	balanceEdge  = 10 * time.Second
)

// sweep is the set of services that are asked for in turns.
type sweep struct {
	mu   sync.Mutex
	of   map[*watch]context.Context
	wake chan struct{}
}

func newSweep() sweep { return sweep{of: map[*watch]context.Context{}, wake: make(chan struct{}, 1)} }

func (s *sweep) add(ctx context.Context, f *watch) {
	s.mu.Lock()
	s.of[f] = ctx
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *sweep) remove(f *watch) {
	s.mu.Lock()
	delete(s.of, f)
	s.mu.Unlock()
}

// due lists the swept services, longest unasked first, those never asked before all.
func (s *sweep) due() []*watch {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*watch, 0, len(s.of))
	for f := range s.of {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b *watch) int { return cmp.Or(a.asked.Compare(b.asked), cmp.Compare(a.name, b.name)) })
	return out
}

// context is that of f as long as f is swept, else nil.
func (s *sweep) context(f *watch) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.of[f]
}

// sweepAll makes pass after pass until ctx ends.
func (w *Watcher) sweepAll(ctx context.Context) {
	late := false
	for ctx.Err() == nil {
		due := w.swept.due()
		if len(due) == 0 {
			select {
			case <-w.swept.wake:
			case <-ctx.Done():
			}
			continue
		}
		began := time.Now()
		w.sweepOnce(ctx, due)
		took := time.Since(began)
		w.count.sweepNanos.Store(int64(took))
		if late != (took > sweepLimit) && ctx.Err() == nil {
			late = !late
			w.o.Log.Warn().Int("services", len(due)).Stringer("took", took).Stringer("limit", sweepLimit).Bool("late", late).Msg("sweep of the services that are not watched")
		}
	}
}

// sweepOnce asks for each service once, spread over sweepSpan but for those never asked, and waits for the answers.
func (w *Watcher) sweepOnce(ctx context.Context, due []*watch) {
	slots := make(chan struct{}, sweepers)
	var asking sync.WaitGroup
	defer asking.Wait()
	pace := rate.NewLimiter(rate.Limit(float64(len(due))/sweepSpan.Seconds()), 1)
	for _, f := range due {
		if !f.asked.IsZero() && pace.Wait(ctx) != nil {
			return
		}
		own := w.swept.context(f)
		if own == nil {
			continue
		}
		if !acquire(ctx, slots) {
			return
		}
		f.asked = time.Now()
		asking.Go(func() {
			defer func() { <-slots }()
			f.cursor.ask = 0
			e, _ := w.question(own, f)
			if own.Err() == nil {
				w.send(own, e)
			}
		})
	}
}

// start gives a service a watch, or a place in the sweep when there are too many.
func (v *view) start(s *subject) {
	s.watch = v.newWatch(s.name, s.slots, s.cursor)
	ctx, cancel := context.WithCancel(v.ctx)
	s.watch.cancel = cancel
	f := s.watch
	if s.watched = v.o.Multiplexed || int(v.count.watched.Load()) < v.o.MaxWatches; s.watched {
		v.count.watched.Add(1)
		v.tasks.Go(func() { v.follow(ctx, f) })
		return
	}
	if !v.overFull {
		v.overFull = true
		v.o.Log.Warn().Int("watched", v.o.MaxWatches).Stringer("staleness", sweepLimit).
			Msg("more services than watches: the rest is swept (the catalogue's HTTPS port has no such limit)")
	}
	v.count.swept.Add(1)
	v.swept.add(ctx, f)
}

// stop ends a service's watch, or its place in the sweep.
func (v *view) stop(s *subject) {
	if s.watch == nil {
		return
	}
	s.watch.cancel()
	if s.watched {
		v.count.watched.Add(-1)
	} else {
		v.swept.remove(s.watch)
		v.count.swept.Add(-1)
	}
	s.watch = nil
}

// balance lets swept services that changed, or were used, more recently change places with watched ones.
func (v *view) balance() {
	if v.count.swept.Load() == 0 {
		return
	}
	if v.o.Used != nil {
		v.o.Used(v.use)
	}
	var watched, swept []*subject
	for _, s := range v.subjects {
		if s.watch == nil {
			continue
		}
		if s.watched {
			watched = append(watched, s)
		} else {
			swept = append(swept, s)
		}
	}
	byRecency := func(a, b *subject) int {
		return cmp.Or(cmp.Compare(a.recency(), b.recency()), cmp.Compare(a.name, b.name))
	}
	slices.SortFunc(watched, byRecency)
	slices.SortFunc(swept, byRecency)
	slices.Reverse(swept)
	for i := range min(len(swept), balanceMoves) {
		switch {
		case int(v.count.watched.Load()) < v.o.MaxWatches:
			v.stop(swept[i])
			v.start(swept[i])
		case i < len(watched) && swept[i].recency() > watched[i].recency()+balanceEdge:
			v.stop(watched[i])
			v.stop(swept[i])
			v.start(swept[i])
			v.start(watched[i])
		}
	}
}

// use notes that a service is in use. It may be one that is not followed.
func (v *view) use(service string) {
	if s := v.subjects[service]; s != nil {
		s.used = time.Since(v.base)
	}
}

// recency is when a service last changed or was used.
func (s *subject) recency() time.Duration { return max(s.changed, s.used) }
