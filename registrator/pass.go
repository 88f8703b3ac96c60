package registrator

import (
	"context"
	"time"
)

const (
	// listingDeadline bounds the listing of what the catalogue holds: thousands of registrations from a loaded agent.
	listingDeadline = 15 * time.Second
	// passRetry bounds the wait for the next try of a pass that failed; Docker or the catalogue may be back any moment.
	passRetry = 5 * time.Second
	// secondPass follows a pass that found containers not looked at yet: what depends on knowing them all waits for it.
	// While one of them cannot be inspected the wait doubles.
	secondPass = time.Second
)

// askForPass wakes the passes; all: every container is to be inspected, whatever the list shows.
func (r *Registrator) askForPass(all bool) {
	if all {
		r.inspectAll.Store(true)
	}
	select {
	case r.passWanted <- struct{}{}:
	default:
	}
}

// passes runs full passes: every interval, when asked, and soon again after one that failed or had to leave something.
func (r *Registrator) passes(ctx context.Context, partial bool) {
	failures, again := 0, secondPass
	wait := r.resync
	if partial {
		wait = min(wait, again)
	}
	for {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-r.passWanted:
			timer.Stop()
		case <-timer.C:
		}
		partial, err := r.pass(ctx)
		wait = r.resync
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			failures++
			wait = min(wait, passRetry, backoff(failures+3))
			if worthLogging(failures) {
				r.sayUncompared(failures, err)
			}
			continue
		case partial:
			again = min(2*again, r.resync)
			wait = again
		default:
			again = secondPass
		}
		failures = 0
	}
}

// sayUncompared logs that a comparison failed, now and then.
func (r *Registrator) sayUncompared(tries int, err error) {
	const message = "the comparison of Docker with the catalogue failed; registrations stay as they are, trying again"
	if times, due := r.failureLines.Count(message, time.Now()); due {
		r.log.Warn().Err(err).Int("tries", tries).Int("times", times).Msg(message)
	}
}

// pass compares all of Docker with all of the catalogue and queues what differs. It writes nothing itself. partial: some
// containers have not been looked at yet. When Docker or the catalogue fails, the other's answer is still used.
func (r *Registrator) pass(ctx context.Context) (partial bool, err error) {
	all := r.inspectAll.Swap(false)
	list, listErr := r.list(ctx)
	if listErr != nil {
		r.cut.now(listErr) // an engine that cannot list has no live stream either
		if all {
			r.inspectAll.Store(true)
		}
		return false, listErr
	}
	r.sayPass(len(list))
	for _, id := range r.inventory.takeList(list, all) {
		r.queue.add(id, false)
	}
	if err := r.refresh(ctx); err != nil {
		return false, err
	}
	claims, kept := r.inventory.everything()
	r.compare(claims, kept)
	r.metrics.passed.Store(time.Now().UnixNano())
	return r.inventory.unseen(), nil
}

// refresh asks the catalogue what it holds.
func (r *Registrator) refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, listingDeadline)
	defer cancel()
	mark, asked := r.cache.mark(), time.Now()
	listing, err := r.catalogue.Held(ctx)
	if err != nil {
		return err
	}
	r.cache.replace(listing, mark, asked)
	return nil
}

// compare queues every container whose registrations are not as they should be, and what Registrator left behind.
func (r *Registrator) compare(claims []Claim, kept map[string]string) {
	listing := r.cache.all()
	steps := Plan(claims, listing, Scope{
		Host: r.options.Host, Compat: r.options.Compat, Cleanup: r.cleanup, Kept: kept, Never: r.policy == DeregisterNever, Began: r.began,
		Seen: r.inventory.knows,
	})
	r.sayComplaints(steps.Complaints, true)
	for _, id := range steps.Look {
		r.queue.add(id, false)
	}
	claimant := make(map[string]string, len(claims))
	for _, c := range claims {
		claimant[c.ID] = c.Container
		if m, h := mirror(c.Registration), listing[c.ID]; m != nil && h.Owner.Container == c.Container && h.TTLStatus != m.Status {
			r.queue.add(c.Container, false)
		}
	}
	for _, wanted := range steps.Register {
		r.queue.add(claimant[wanted.ID], false)
	}
	for _, sid := range steps.Deregister {
		if owner := listing[sid].Owner; owner.Container != "" {
			r.queue.add(owner.Container, false)
		} else {
			r.queue.add(leftoverPrefix+sid, false)
		}
	}
	for _, id := range r.cache.owners() {
		if !r.inventory.knows(id) {
			r.queue.add(id, false)
		}
	}
}

// refreshLines logs what Registrator logs at each -ttl-refresh; with Consul that is all it does.
func (r *Registrator) refreshLines(ctx context.Context) {
	if r.refreshEvery <= 0 {
		return
	}
	tick := time.NewTicker(r.refreshEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, id := range r.cache.owners() {
			for _, sid := range r.cache.ownedBy(id) {
				r.log.Info().Msg("refreshed: " + short(id) + " " + legible(sid))
			}
		}
	}
}
