package registrator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

const (
	// relook is how old the last inspect of a quiet container may become: lists do not show everything (health output,
	// labels of a renamed network, a restart that kept its ports). Spread over its last fifth, so that 500 containers cost
	// two inspects a second and no burst.
	relook       = 5 * time.Minute
	relookSpread = time.Minute
	// leftoverPrefix marks a queue key that names a service id to sweep away; no container id looks like it.
	leftoverPrefix = "leftover:"
)

// serve hands keys from the queue to handle until the queue is closed.
func (r *Registrator) serve(ctx context.Context) {
	for {
		key, ok := r.queue.next()
		if !ok {
			return
		}
		r.queue.done(key, r.handle(ctx, key))
	}
}

// handle does what a key asks for and returns when to look again (0: not unless asked).
func (r *Registrator) handle(ctx context.Context, key string) time.Duration {
	if id, ok := strings.CutPrefix(key, leftoverPrefix); ok {
		return r.sweep(ctx, id)
	}
	err := r.reconcile(ctx, key)
	if ctx.Err() != nil {
		return 0
	}
	now := time.Now()
	var after time.Duration
	var failures int
	var lag time.Duration
	r.inventory.with(key, func(m *tracked) {
		if err != nil {
			m.failures++
			failures, after = m.failures, backoff(m.failures)
			return
		}
		if !m.hinted.IsZero() && len(m.claims) > 0 {
			lag = now.Sub(latest(m.hinted, m.last.State.StartedAt)) // Docker hints at networks before the start
		}
		m.failures, m.hinted = 0, time.Time{}
		after = m.due(now)
	})
	if err != nil {
		if worthLogging(failures) {
			r.sayFailure(key, failures, err)
		}
		return after
	}
	if lag > 0 {
		r.metrics.lag.Observe(lag.Seconds())
	}
	if after == 0 {
		r.inventory.leave(key)
	}
	return after
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// sayFailure logs a failed look or write. Where a catalogue that is away fails those of all containers, that is one event: a line names one
// of them, and how many times it came since the last line.
func (r *Registrator) sayFailure(id string, tries int, err error) {
	line, cause := "could not update the registrations of container ", err
	if write := (*writeError)(nil); errors.As(err, &write) {
		line, cause = write.line+" for ", write.err
	}
	times, due := r.failureLines.Count(cause.Error(), time.Now())
	if !due {
		return
	}
	r.log.Warn().Err(err).Int("tries", tries).Int("times", times).Msg(line + short(id) + ", trying again")
}

// due tells when a container that is in line needs its next look; 0: never, it is gone and nothing of it is left.
func (m *tracked) due(now time.Time) time.Duration {
	after := relook - rand.N(relookSpread)
	switch {
	case m.drain != nil:
		return max(min(after, m.drain.until.Sub(now)), time.Millisecond)
	case m.last.State.Running || m.kept || m.listed:
		return after
	default:
		return 0
	}
}

// reconcile brings the catalogue in line with one container. An error means that it has to be tried again.
func (r *Registrator) reconcile(ctx context.Context, id string) (err error) {
	defer func() {
		if p := recover(); p != nil { // whatever one container's labels do, the others go on
			err = fmt.Errorf("reconcile container %s: panic: %v\n%s", short(id), p, debug.Stack())
		}
	}()
	if r.drainNow(id) {
		return r.apply(ctx, id, r.inventory.claim(id, nil))
	}
	seen, err := r.look(ctx, id)
	if err != nil {
		return err
	}
	if seen.ID != id && !seen.gone {
		return fmt.Errorf("inspect container %s: answer is about %s", short(id), short(seen.ID))
	}
	return r.apply(ctx, id, r.judge(seen))
}

// drainNow takes up a drain that nothing has been done about yet: no inspect is needed to act on it.
func (r *Registrator) drainNow(id string) (now bool) {
	r.inventory.with(id, func(m *tracked) {
		if m.drain == nil || !m.drain.pending {
			return
		}
		now = true
		m.drain.pending = false
		m.kept = r.policy != DeregisterAlways
		m.withhold = m.kept
	})
	return now
}

// judge decides what a container as just seen claims, and returns the service ids that this concerns.
func (r *Registrator) judge(seen inspection) []string {
	c, now := seen.Container, time.Now()
	var before Container
	draining := false
	r.inventory.with(c.ID, func(m *tracked) {
		before, m.last, m.inspected = m.last, c, true
		if !reflect.DeepEqual(before, c) {
			// It changes, and the event of the next change may be lost: that the next list shows it as the last one did
			// proves nothing.
			m.outline = ""
		}
		if !seen.gone {
			m.name = c.PlainName()
		}
		m.judgeKill(now)
		if !m.drain.holds(c, now) {
			m.drain = nil
		}
		if draining = m.drain != nil; draining {
			m.drain.pending = false
		}
		switch {
		case draining, c.State.Paused:
			m.kept = r.policy != DeregisterAlways
			m.withhold = m.kept
		case c.Up():
			m.kept, m.withhold = false, false
		default:
			m.kept = !r.policy.Removes(seen.gone, c.State.Running, c.State.ExitCode)
		}
	})
	var claims []Claim
	if c.Up() && !draining {
		o := r.options
		o.Addresses = r.cache.addresses(c.ID)
		wanted, complaints := Desired(c, seen.networkOwner, o)
		claims = Claims(c, wanted)
		r.say(c, wanted, complaints)
		r.sayLabels(c)
		r.endOn(c, complaints)
	}
	if before.Up() != c.Up() || !before.State.StartedAt.Equal(c.State.StartedAt) {
		for _, other := range r.inventory.dependents(c.ID, c.PlainName()) {
			r.queue.add(other, true)
		}
	}
	return r.inventory.claim(c.ID, claims)
}

// apply reconciles every service id that the container claims, claimed or owns. One that fails does not stop the others,
// unless the catalogue does not answer at all.
func (r *Registrator) apply(ctx context.Context, id string, concerned []string) error {
	ids := map[string]bool{}
	for _, sid := range concerned {
		ids[sid] = true
	}
	for _, sid := range r.cache.ownedBy(id) {
		ids[sid] = true
	}
	var failed error
	for _, sid := range r.claimedFirst(slices.Sorted(maps.Keys(ids))) {
		err := r.applyOne(ctx, id, sid)
		failed = errors.Join(failed, err)
		if errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			break
		}
	}
	if failed == nil {
		r.inventory.with(id, func(m *tracked) { m.kept = m.kept && len(r.cache.ownedBy(id)) > 0 })
	}
	return failed
}

// claimedFirst puts what is claimed before what is not: a renamed container is registered under its new ID before the old one
// goes, so that a service with a single instance never stands without any.
func (r *Registrator) claimedFirst(sids []string) []string {
	slices.SortStableFunc(sids, func(a, b string) int {
		return min(len(r.inventory.claimsOf(b, "")), 1) - min(len(r.inventory.claimsOf(a, "")), 1)
	})
	return sids
}

// sweep removes what Registrator left behind, if it still is what it was when the pass saw it.
func (r *Registrator) sweep(ctx context.Context, sid string) time.Duration {
	unlock, err := r.cache.lock(ctx, sid)
	if err != nil {
		return 0
	}
	defer unlock()
	held, ok, _ := r.cache.get(sid)
	if !ok || held.Owner != (Owner{}) || len(r.inventory.claimsOf(sid, "")) > 0 {
		return 0
	}
	r.log.Info().Msg("dangling: " + legible(sid))
	if r.deregister(ctx, sid) != nil {
		return backoff(eagerTries)
	}
	return 0
}

// short is a container id as logs show it.
func short(id string) string { return Container{ID: id}.ShortID() }
