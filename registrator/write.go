package registrator

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// writeDeadline bounds one call to the catalogue. An agent answers in milliseconds; while it waits for a leader it
	// answers with an error in some seconds.
	writeDeadline = 5 * time.Second
	// mirrorBeat is how often an unchanged HEALTHCHECK mirror is written again: its TTL is 24 h, so many beats may be lost.
	mirrorBeat = time.Hour
	// listingFresh is how old a listing may be to tell that nobody holds an ID. Asking more often would let containers with IDs of
	// their own that start all at once each cost a listing.
	listingFresh = time.Second
)

// applyOne does what is to be done about one service id, on behalf of one container that it concerns.
func (r *Registrator) applyOne(ctx context.Context, id, sid string) error {
	unlock, err := r.cache.lock(ctx, sid)
	if err != nil {
		return err
	}
	defer unlock()
	claims := r.inventory.claimsOf(sid, id)
	if err := r.checkTaken(ctx, sid, claims); err != nil {
		return err
	}
	held, has, unsure := r.cache.get(sid)
	listing := map[string]Held{}
	if has {
		if unsure {
			held.Digest = "unsure" // what is really there is not known, so nothing equals it
		}
		listing[sid] = held
	}
	steps := Plan(claims, listing, r.scope(id))
	r.follow(steps)
	for _, wanted := range steps.Register {
		if wanted.ID == sid {
			if err := r.register(ctx, wanted, claims, has && held.Owner.Container == id && !unsure); err != nil {
				return err
			}
		}
	}
	for _, gone := range steps.Deregister {
		if gone != sid {
			continue
		}
		if held.Owner.Container != id {
			r.queue.add(held.Owner.Container, false) // its owner decides
			continue
		}
		if err := r.deregister(ctx, sid); err != nil {
			return err
		}
		r.log.Info().Msg("removed: " + short(id) + " " + legible(sid))
	}
	return r.tend(ctx, sid, claims)
}

// checkTaken asks the catalogue afresh before an ID is written that a label chose and that nobody is known to hold: somebody else may
// have registered it since the last pass.
func (r *Registrator) checkTaken(ctx context.Context, sid string, claims []Claim) error {
	if _, has, _ := r.cache.get(sid); has || r.options.Compat != CompatNone || r.cache.age() < listingFresh {
		return nil
	}
	chosen := func(c Claim) bool { return c.ID == sid && !c.namesItself(r.options.Host) }
	if !slices.ContainsFunc(claims, chosen) {
		return nil
	}
	return r.refresh(ctx)
}

// follow takes up what a plan says beside what it writes.
func (r *Registrator) follow(steps Steps) {
	for _, id := range steps.Look {
		r.queue.add(id, false)
	}
	r.sayComplaints(steps.Complaints, false)
}

// scope is what a plan on behalf of one container may touch.
func (r *Registrator) scope(id string) Scope {
	s := Scope{Host: r.options.Host, Compat: r.options.Compat, Never: r.policy == DeregisterNever, Began: r.began, Seen: r.inventory.knows}
	if m, ok := r.inventory.get(id); ok && m.kept {
		s.Kept = map[string]string{id: m.name}
	}
	return s
}

// register writes a registration and notes the outcome.
func (r *Registrator) register(ctx context.Context, wanted Registration, claims []Claim, again bool) error {
	owner := wanted.Owner
	for _, c := range claims {
		if owner.Container == "" && c.ID == wanted.ID { // -compat: no mark goes out, yet we know whose it is
			owner = Owner{Host: r.options.Host, Container: c.Container, Started: c.Started}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, writeDeadline)
	defer cancel()
	r.cache.beginWrite(wanted.ID)
	err := r.catalogue.Register(ctx, wanted)
	h := Held{Registration: wanted, Digest: Digest(wanted.Checks)}
	h.Owner = owner
	if m := mirror(wanted); m != nil {
		h.TTLStatus = m.Status
	}
	r.cache.registered(wanted.ID, h, err != nil)
	r.metrics.wrote("register", err)
	if err != nil {
		return &writeError{line: "register failed: " + legible(wanted.ID), err: err}
	}
	word := "added: "
	if again {
		word = "updated: "
	}
	r.log.Info().Str("service", wanted.Name).Msg(word + short(owner.Container) + " " + legible(wanted.ID))
	return nil
}

func (r *Registrator) deregister(ctx context.Context, sid string) error {
	ctx, cancel := context.WithTimeout(ctx, writeDeadline)
	defer cancel()
	r.cache.beginWrite(sid)
	err := r.catalogue.Deregister(ctx, sid)
	r.cache.deregistered(sid, err != nil)
	r.metrics.wrote("deregister", err)
	if err != nil {
		return &writeError{line: "deregister failed: " + legible(sid), err: err}
	}
	return nil
}

// tend looks after what lives within a registration: maintenance of ours, and the HEALTHCHECK mirror.
func (r *Registrator) tend(ctx context.Context, sid string, claims []Claim) error {
	held, has, _ := r.cache.get(sid)
	if !has || held.Owner.Host != r.options.Host {
		return nil
	}
	owner, _ := r.inventory.get(held.Owner.Container)
	ours := r.cache.localState(sid).withheld || held.MaintenanceReason == drainReason
	switch {
	case owner.withhold && !held.Maintenance:
		return r.maintain(ctx, sid, true)
	case !owner.withhold && held.Maintenance && ours && len(owner.claims) > 0:
		if err := r.maintain(ctx, sid, false); err != nil {
			return err
		}
	}
	for _, c := range claims {
		if c.ID == sid && c.Container == held.Owner.Container {
			return r.report(ctx, c.Registration, held)
		}
	}
	return nil
}

func (r *Registrator) maintain(ctx context.Context, sid string, on bool) error {
	ctx, cancel := context.WithTimeout(ctx, writeDeadline)
	defer cancel()
	reason := ""
	if on {
		reason = drainReason
	}
	r.cache.beginWrite(sid)
	err := r.catalogue.Maintain(ctx, sid, on, reason)
	r.metrics.wrote("maintain", err)
	if err != nil {
		r.cache.adjusted(sid, nil)
		return fmt.Errorf("set maintenance of %s: %w", Shown(sid), err)
	}
	r.cache.adjusted(sid, func(h *Held, a *localState) {
		h.Maintenance, h.MaintenanceReason, a.withheld = on, reason, on
	})
	r.log.Info().Bool("on", on).Msg("maintenance: " + legible(sid))
	return nil
}

// report writes the HEALTHCHECK mirror when its status changed, and every mirrorBeat.
func (r *Registrator) report(ctx context.Context, wanted Registration, held Held) error {
	m := mirror(wanted)
	if m == nil {
		return nil
	}
	if held.TTLStatus == m.Status && time.Since(r.cache.localState(wanted.ID).reported) < mirrorBeat {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, writeDeadline)
	defer cancel()
	r.cache.beginWrite(wanted.ID)
	err := r.catalogue.Report(ctx, m.ID, m.Status, m.Output)
	r.metrics.wrote("report", err)
	if err != nil {
		r.cache.markUnsure(wanted.ID) // the check may be gone: the next try registers it anew
		return fmt.Errorf("report health of %s: %w", Shown(wanted.ID), err)
	}
	r.cache.adjusted(wanted.ID, func(h *Held, a *localState) { h.TTLStatus, a.reported = m.Status, time.Now() })
	return nil
}

// mirror finds the HEALTHCHECK mirror among a registration's checks; nil when there is none.
func mirror(wanted Registration) *Check {
	for i := range wanted.Checks {
		if c := &wanted.Checks[i]; c.TTL != "" && c.ID == MirrorID(wanted.ID) {
			return c
		}
	}
	return nil
}

// writeError is a write that failed: the line to log, and why.
type writeError struct {
	line string
	err  error
}

func (e *writeError) Error() string { return e.line + ": " + e.err.Error() }
func (e *writeError) Unwrap() error { return e.err }

// maxLegible is longer than any service id that people choose; what is longer is shown cut.
const maxLegible = 256

// legible is a service id as Registrator logs it, without quotes, unless something in it could deceive a reader.
func legible(s string) string {
	plain := func(r rune) bool { return r > ' ' && r < 0x7f && r != '"' }
	if s == "" || len(s) > maxLegible || strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return Shown(s)
	}
	return s
}
