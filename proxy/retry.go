package proxy

import (
	"time"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/routing"
)

// Step is what follows a failed attempt.
type Step uint8

const (
	// StepGiveUp: the client gets the failure.
	StepGiveUp Step = iota
	// StepSameFresh: another connection to the same instance.
	StepSameFresh
	// StepAnother: another instance; where none is left, see Attempts.Last.
	StepAnother
	// StepAnotherFresh: the same, and no kept connection is used for this request from now on.
	StepAnotherFresh
	// StepPicked: the instance that was chosen when the attempt was given up for it.
	StepPicked
)

// maxConnects bounds the connects of one request once they have taken connectPatience: a client waits no longer than that for a service
// of which everything is dead, where each connect may cost its timeout. Refusals are there in a fraction of a millisecond, and go on
// until an instance is found that takes the request, or none is left.
const (
	maxConnects     = 8
	connectPatience = time.Second
	maxRefusals     = 1024
)

// maxFull bounds how often one request may find an instance full, or ourselves short: neither ejects an instance, so that it could
// else go round and round.
const maxFull = 8

// maxResets bounds the repetitions after a reset that one request may cause beside its others: ten instances killed at once cost
// a request that waited in the socket of one, and then of the next, three or four.
const maxResets = 8

// maxStale bounds how many kept connections of one request may turn out dead: a pool holds no more that died together.
const maxStale = 1024

// Attempts decides what may be repeated where. It is pure: the caller reports what happened and does what it is told.
//
//   - Nothing sent: always another instance, outside any budget; the same one once more where there is no other, unless it is full or we
//     lack what a connection needs.
//   - A kept connection found dead before a byte was written: always, with another connection.
//   - Something sent, not a byte of the answer: only idempotent methods whose body can still be sent whole, each instance at most
//     once, at most Max times, and only while the route's budget allows. A reset counts apart (maxResets): Max is there so that a
//     request which breaks whoever reads it can't break them all, and one that was not read broke nobody.
//   - The same on a kept connection, which then most likely ended as the request went out (RFC 9112 section 9.3.1), and says nothing
//     about its instance: once outside the budget, as an instance whose patience with idle connections is short ends more of them than
//     a budget holds. From there on the request uses fresh connections only, so that it meets no other end of this kind; where there
//     is no other instance the same one gets it.
//   - A response of 502, 503 or 504, or none for longer than its instance usually takes: only methods that change nothing, and where
//     another instance is at hand; the rest is as where something was sent.
//
// A route whose line says next-upstream or tries has nginx's rules instead: the cases that it names, each instance once, at most so many
// attempts, and no budget. The attempt that ended with a kept connection is given back, once.
type Attempts struct {
	// Idempotent says that the method may be repeated, Safe that it changes nothing; see Idempotent and Safe.
	Idempotent, Safe bool
	// Max is how many attempts may follow one that sent something; with none, none follows a reset or a kept connection's end either.
	Max int
	// Tries are the route's own rules.
	Tries routing.Tries

	asked                 int // instances that failed
	connects, full, stale int
	firstConnect          time.Time // when the first connect failed
	retries, resets       int
	parted                bool // a kept connection ended under the request
	cut                   bool // the answer that is none was cut short within its head
	sameConnect, sameSent bool
	// what Last answers hangs on the failure before it.
	last     Failure
	lastKept bool
}

// Idempotent says whether a method may be repeated without asking (RFC 9110 section 9.2.2).
func Idempotent(method string) bool {
	switch method {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return false
}

// Safe says whether a method changes nothing where it is served (RFC 9110 section 9.2.1).
func Safe(method string) bool {
	switch method {
	case "GET", "HEAD", "OPTIONS", "TRACE":
		return true
	}
	return false
}

// Next says what follows a failed attempt. kept says that the attempt used a kept connection; replayable that the request's body
// can be sent again from its first byte; withdraw takes one retry from the route's budget, and is called only where that is the
// last thing in the way.
func (a *Attempts) Next(f Failure, kept, replayable bool, now time.Time, withdraw func() bool) Step {
	a.last, a.lastKept = f, kept
	if f.asked() {
		a.asked++
	}
	switch f {
	case FailedStale:
		a.stale++
		if a.stale > maxStale {
			return StepGiveUp
		}
		return StepSameFresh
	case FailedConnect, FailedHandshake, FailedSettle, FailedUnprompted:
		if !a.mayAsk(dialect.NextError|dialect.NextTimeout, a.asked) {
			return StepGiveUp
		}
		if a.connects == 0 {
			a.firstConnect = now
		}
		a.connects++
		if a.connects >= maxConnects && (now.Sub(a.firstConnect) >= connectPatience || a.connects >= maxRefusals) {
			return StepGiveUp
		}
		return StepAnother
	case FailedFull, FailedShort:
		a.full++
		if a.full >= maxFull {
			return StepGiveUp
		}
		return StepAnother
	case FailedSent, FailedReset, FailedSilent, FailedAnswer:
		if a.Tries.Next.Written() {
			return a.repeatAsWritten(f, kept, replayable)
		}
		if f == FailedAnswer || !a.Idempotent || !replayable {
			return StepGiveUp
		}
		return a.repeat(f, kept, withdraw)
	case FailedStatus, FailedLate:
		return StepPicked
	}
	return StepGiveUp
}

// repeat is Next for what was sent, and may be sent again.
func (a *Attempts) repeat(f Failure, kept bool, withdraw func() bool) Step {
	parts := a.parts(f, kept)
	if parts && a.Tries.Most > 0 {
		a.giveBack()
		return StepAnotherFresh
	}
	if a.Max <= 0 || !a.mayAsk(0, a.asked) {
		return StepGiveUp
	}
	count, most := &a.retries, a.Max
	if f == FailedReset {
		count, most = &a.resets, maxResets
	}
	if *count >= most || !parts && !a.Tries.Written() && !withdraw() {
		return StepGiveUp
	}
	*count++
	if parts {
		a.parted = true
		return StepAnotherFresh
	}
	return StepAnother
}

// parts says whether a kept connection has ended under the request, for the first time.
func (a *Attempts) parts(f Failure, kept bool) bool {
	return kept && !a.parted && (f == FailedSent || f == FailedReset)
}

// giveBack takes the attempt that such an end has cost as none: it says nothing about the instance, as with FailedStale, so that a line
// with tries=1 gets an answer too. nginx does the same (ngx_http_upstream_next, peer.cached).
func (a *Attempts) giveBack() {
	a.parted = true
	a.asked--
}

// Last says whether the same instance may be tried once more, now that no other one is left.
func (a *Attempts) Last() bool {
	switch a.last {
	case FailedFull, FailedShort, FailedUnprompted:
		return false
	case FailedConnect, FailedHandshake, FailedSettle:
		if a.sameConnect {
			return false
		}
		a.sameConnect = true
		return true
	}
	if !a.lastKept || a.sameSent {
		return false
	}
	a.sameSent = true
	return true
}

// Retries is how many attempts followed one that had sent something.
func (a *Attempts) Retries() int { return a.retries + a.resets }

// Settle is how long a connection to an instance that never answered must have been open, without an end, before it is given what
// can't be repeated: a port published by Docker accepts before the application listens, and closes within 0.4 ms.
const Settle = 2 * time.Millisecond
