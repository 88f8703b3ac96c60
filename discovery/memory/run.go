package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/probe"
)

const (
	// reapEvery is how often Consul looks for services that were critical for too long.
	reapEvery = 30 * time.Second
	// maxProbes run at the same time: each costs a connection, and a small machine checks hundreds of services.
	maxProbes = 64
)

// Run makes the checks until ctx ends, waits for those under way, and returns ctx's error. One Run at a time.
func (c *Catalogue) Run(ctx context.Context) error {
	r := runner{c: c, running: map[*check]context.CancelFunc{}, slots: make(chan struct{}, maxProbes)}
	defer r.all.Wait()
	reap := time.NewTicker(reapEvery)
	defer reap.Stop()
	for {
		r.adjust(ctx)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.recheck:
		case now := <-reap.C:
			c.reap(now)
		}
	}
}

// runner has a goroutine per check.
type runner struct {
	c       *Catalogue
	running map[*check]context.CancelFunc
	slots   chan struct{}
	all     sync.WaitGroup
}

// adjust starts the checks that are held and not running, and stops those that are no longer held.
func (r *runner) adjust(ctx context.Context) {
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	wanted := make(map[*check]*record, len(r.running))
	for _, h := range r.c.services {
		for _, one := range h.checks {
			wanted[one] = h
		}
	}
	for one, stop := range r.running {
		if wanted[one] == nil {
			stop()
			delete(r.running, one)
		}
	}
	for one, h := range wanted {
		if r.running[one] == nil {
			r.start(ctx, h.ID, one)
		}
	}
}

func (r *runner) start(ctx context.Context, id string, one *check) {
	ctx, stop := context.WithCancel(ctx)
	r.running[one] = stop
	switch {
	case one.runs():
		r.all.Go(func() { r.poll(ctx, id, one) })
	case one.ttl > 0:
		r.all.Go(func() { r.expire(ctx, id, one) })
	default:
		r.c.o.Log.Warn().Str("service", id).Str("check", one.id).
			Msg("the embedded catalogue does not run script checks; the check stays as it was registered")
	}
}

// poll asks at once and then in each interval. Consul begins at a random moment within the first interval, to spread what
// its agents ask; here that would only keep a new instance out of service.
func (r *runner) poll(ctx context.Context, id string, one *check) {
	ticker := time.NewTicker(one.interval)
	defer ticker.Stop()
	for {
		select {
		case r.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		status, output := one.probe(ctx, probe.Prober{Gate: r.c.o.Gate})
		<-r.slots
		if ctx.Err() != nil {
			return
		}
		r.c.record(id, one, status, output)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// expire makes a TTL check critical when nobody has reported in time.
func (r *runner) expire(ctx context.Context, id string, one *check) {
	for {
		left := r.c.overdue(id, one)
		timer := time.NewTimer(left)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// overdue returns how long a TTL check still has; one that has nothing left becomes critical and is looked at again after
// another TTL.
func (c *Catalogue) overdue(id string, one *check) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if left := one.deadline.Sub(now); left > 0 {
		return left
	}
	c.keep(id, one, discovery.Critical, "TTL expired", now)
	return one.ttl
}

// record stores a verdict.
func (c *Catalogue) record(id string, one *check, status discovery.Status, output string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep(id, one, status, output, time.Now())
}

// keep stores a verdict if the check is still held: what was asked may be gone by the time of its answer. The lock is held.
func (c *Catalogue) keep(id string, one *check, status discovery.Status, output string, now time.Time) {
	h, has := c.services[id]
	if has && slices.Contains(h.checks, one) {
		c.set(h, one, status, output, now)
	}
}

// reap removes services with a check that has been critical for longer than its registration allows.
func (c *Catalogue) reap(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, h := range c.services {
		for _, one := range h.checks {
			if one.reapAfter == 0 || one.status != discovery.Critical || now.Sub(one.since) < one.reapAfter {
				continue
			}
			c.o.Log.Warn().Str("service", id).Str("check", one.id).Stringer("critical", now.Sub(one.since)).
				Msg("critical for too long; deregistered, as its registration asks")
			c.remove(id)
			break
		}
	}
}
