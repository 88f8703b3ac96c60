package proxy

import (
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/record"
	"github.com/pointsman/pointsman/proxy/routing"
)

// Idempotent says whether the request may be repeated, so that its body is worth keeping.
func (x *Exchange) Idempotent() bool { return Idempotent(x.Request.Method) }

// Watch is how long a fresh connection to x.Member has to be watched for its end, and for bytes, before the request goes out on it; 0 is not
// at all. That is where the instance has never answered over this way, and either what is sent can't be repeated, or nobody said that the
// instance speaks HTTP.
func (x *Exchange) Watch() time.Duration {
	way := x.Member.Way
	switch {
	case way.Answered():
		return 0
	case x.Member.Rule.Unasked && !way.Settled() && x.scope.common.Limits.Silence > 0:
		return x.scope.common.Limits.Silence
	case !x.Idempotent():
		return Settle
	}
	return 0
}

// FailedAttempt is an attempt that ended without an answer.
type FailedAttempt struct {
	Failure Failure
	// Reused says that the connection had carried a request before; see also Failure.EmptiesPool.
	Reused bool
	// Replayable says that the request's body can be sent again from its first byte.
	Replayable bool
}

// AttemptFailed takes how an attempt failed before an answer: Send again, Reply, or Abort. The client's own failures may come before Match. It
// notes what the failure says about the instance.
func (x *Exchange) AttemptFailed(a FailedAttempt, now time.Time) Action {
	f, kept := a.Failure, a.Reused
	if f == FailedStale && !kept { // a fresh connection that closed at once
		f = FailedSettle
	}
	x.observeFailure(f, kept, now)
	if f.asked() && f != FailedStatus && x.Member != nil { // whose answer is counted
		x.Member.Upstream.ObserveFailed(x.scope.Number())
	}
	if x.timeline != nil {
		x.timeline.attemptFailed(f, kept)
	}
	x.attempts.cut = x.blame == nil
	if !kept || f != FailedSent && f != FailedReset { // else it may be patience with idle connections
		x.count(f, int(x.dropped), now)
	}
	reason, counts := x.suspicion(f, kept)
	x.gave = 0
	if f.asked() {
		x.gave = f.gave(x.dropped)
	}
	if x.onCase != nil {
		if counts && x.alone() {
			x.accuse(reason, now)
		}
		return x.intercepted()
	}
	set := x.set // the choice below may go beyond it
	step := x.attempts.Next(f, kept, a.Replayable, now, func() bool { return x.Route.Lane.Budget.Withdraw(now) })
	target, fresh := x.Member, x.Fresh || step == StepAnotherFresh || step == StepSameFresh && f != FailedStale
	switch step {
	case StepPicked:
		target, x.next, set = x.next, nil, x.from
	case StepAnother, StepAnotherFresh:
		next, ok := x.goOn(step)
		if !ok {
			step = StepGiveUp
			break
		}
		fresh = fresh || next == target
		target = next
	}
	if counts && step == StepGiveUp && x.alone() {
		x.accuse(reason, now)
	}
	switch {
	case step != StepGiveUp:
		x.scope.Retry(f, 1)
		if f.asked() {
			x.failed.add(FailedTry{Member: x.Member, Failure: f, Status: x.dropped, reason: reason, counts: counts, trial: x.trial, waited: x.lateAfter, set: set})
			x.dropped = 0
		}
		return x.sendTo(target, fresh)
	case f == FailedClient:
		x.Ending = true
		return ActionAbort
	}
	if reason := reasonOf(f, x.blame); reason != "" && x.Member != nil {
		x.scope.UpstreamFailed(x.Member.Upstream, reason, now)
	}
	return x.instead(x.reply(outcomeOf(f), x.detailOf(f)), a.Replayable && (f.unsent() || x.attempts.repeatable()))
}

// goOn chooses the instance that follows the present one. Where it has no other, that is the same one once more: before those of other
// services where what ended says nothing about it, and else behind them.
func (x *Exchange) goOn(step Step) (*routing.Member, bool) {
	target := x.Member
	x.tried.Add(target.Index)
	next, ok := x.pickHere()
	if !ok && step == StepAnotherFresh && x.attempts.Last() && !target.Way.Retired() {
		return target, true
	}
	if !ok {
		next, ok = x.pickBeyond()
	}
	if !ok {
		next, ok = x.restHere()
	}
	if !ok {
		next, ok = x.lateAgain()
	}
	if !ok && step == StepAnother && x.attempts.Last() && !target.Way.Retired() {
		return target, true
	}
	return next, ok
}

// observeFailure notes what a failed attempt says about the way in which its instance was spoken to.
func (x *Exchange) observeFailure(f Failure, kept bool, now time.Time) {
	switch { // the client's own failures may come before there is a target
	case f == FailedConnect:
		x.Member.Way.ObserveRefused(now)
	case f == FailedHandshake:
		x.Member.Way.ObserveHandshake(now)
	case f == FailedUnprompted, f == FailedAnswer && x.Member.Rule.Unasked && !x.Member.Way.Answered(): // the latter came too late to be seen
		x.Member.Way.ObserveUnprompted(now)
	case f == FailedSettle:
		x.Member.Way.ObserveClosed(now)
		x.scope.Connect(record.ConnectClosed)
	case (f == FailedSent || f == FailedReset) && !kept && (!x.Member.Way.Answered() || x.Route.Policy.Eject == routing.EjectOff):
		x.Member.Way.ObserveBroken(now)
	}
}

// AfterPanic is what is left to do for a request that a panic of ours has ended: Reply, with a 500, or Abort where an answer has begun. Its
// connection ends with it.
func (x *Exchange) AfterPanic(begun bool) Action {
	if begun || x.Request == nil {
		return ActionAbort
	}
	x.Ending = true
	return x.reply(OutcomeInternalError, "")
}

// Answered notes that the instance sent the head of its final answer, or of its 101, took after the request was sent. kept says that
// the connection was a kept one.
func (x *Exchange) Answered(ans *http1.Response, took time.Duration, now time.Time, kept bool) {
	if x.timeline != nil {
		x.timeline.answered(ans.Status, kept)
	}
	x.upwards, x.sentAt = took, now.Add(-took)
	x.Status = ans.Status
	x.observeAnswer(ans, took, now, kept)
	if x.trial && ans.Status == switching { // a tunnel may last for days
		x.endTrial(now)
		x.trial = false
	}
	if ans.Status >= 400 {
		x.count(FailedStatus, ans.Status, now)
	}
	if unavailable(ans.Status) && x.judges() && x.alone() {
		x.accuse(balancer.ReasonStatus, now)
	}
	x.scope.Recorder.Answered(&x.recorded, x.service(), took, ans.Status == switching)
}

// observeAnswer notes what an answer, given to the client or not, says about the way in which its instance was spoken to.
func (x *Exchange) observeAnswer(ans *http1.Response, took time.Duration, now time.Time, kept bool) {
	w := x.Member.Way
	if ans.Status < 400 { // an error may end its connection for reasons of its own
		w.ObserveKeep(!ans.SaysClose, now)
	}
	if !kept {
		w.ObserveWhole()
	}
	x.observeHead(ans.Status, took, now)
	switch timed := x.Route.Policy.Balance.Timed; {
	case timed && ans.Status >= 500: // one that fails at once is not fast
		x.Member.Upstream.ObserveFault(now)
	case timed && ans.Status >= 200:
		x.Member.Upstream.ObserveTime(took, now)
	}
	if w.ObserveAnswer(x.scope.Number(), took) {
		firstAnswer(x.scope.common.Metrics, x.Member.Instance, x.Member.Upstream, now)
	}
}
