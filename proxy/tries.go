package proxy

import "github.com/pointsman/pointsman/proxy/dialect"

// maxWritten bounds the attempts that follow one that sent something, where a route's line has no bound: so many members of a route
// balancer.Tried can tell apart.
const maxWritten = 15

// mayAsk says whether another instance may be asked in these cases once so many have failed, by what the route's line says.
func (a *Attempts) mayAsk(cases dialect.Next, asked int) bool {
	if n := a.Tries.Next; n.Written() && !n.Has(cases) {
		return false
	}
	return a.Tries.Most == 0 || asked < a.Tries.Most
}

// Elsewhere says whether a request may be sent to another instance although this one answered, or still may: with the given status, or
// with 0 where it has sent nothing for longer than it usually takes. It comes where another instance is at hand; else as Next.
func (a *Attempts) Elsewhere(status int, replayable bool, withdraw func() bool) bool {
	cases := dialect.NextOfStatus(status)
	switch {
	case !replayable || !a.mayAsk(cases, a.asked+1):
		return false
	case a.Tries.Next.Written():
		if !a.mayRepeat() {
			return false
		}
	case !a.Safe || a.retries >= a.Max || status != 0 && !cases.Has(gatewayCases) || !a.Tries.Written() && !withdraw():
		return false
	}
	a.retries++
	return true
}

// gatewayCases are the statuses that say that the application behind an instance could not be asked, or can't take a request now.
const gatewayCases = dialect.Next502 | dialect.Next503 | dialect.Next504

// mayRepeat says whether a route with rules of its own lets a request that was sent be sent again. Each instance is asked once, and no
// more of them than can be told apart.
func (a *Attempts) mayRepeat() bool { return a.repeatable() && a.retries < maxWritten }

// repeatable says whether a request of that method may be sent again once it was sent.
func (a *Attempts) repeatable() bool {
	return a.Idempotent || a.Tries.Next.Has(dialect.NextNonIdempotent)
}

// repeatAsWritten is Next for what was sent, where the route's line says in which cases it is sent again.
func (a *Attempts) repeatAsWritten(f Failure, kept, replayable bool) Step {
	cases := dialect.NextError
	switch {
	case f == FailedSilent:
		cases = dialect.NextTimeout
	case f == FailedAnswer && !a.cut:
		cases = dialect.NextInvalid
	}
	parts := a.Idempotent && a.parts(f, kept)
	if parts {
		a.giveBack()
	}
	switch {
	case !replayable || !a.mayRepeat() && !parts:
	case a.mayAsk(cases, a.asked):
		a.retries++
		if parts {
			return StepAnotherFresh
		}
		return StepAnother
	case parts:
		return StepSameFresh
	}
	return StepGiveUp
}
