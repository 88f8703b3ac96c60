package proxy

import (
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/routing"
)

// A request may be sent to another instance although the one that it was sent to answers, or still may: its status says that it can't serve
// the request, or it is silent for much longer than it usually is.

// FailedTry is an attempt at an instance that failed before the present one.
type FailedTry struct {
	Member *routing.Member
	waited time.Duration // with FailedLate: for an answer
	set    int           // position.set of Member
	// Status is that of the answer that was dropped; 0 where there was none.
	Status  int16
	Failure Failure
	reason  balancer.Reason // what it says of the instance, where it counts
	counts  bool
	trial   bool // it was the trial of an ejected instance
	again   bool // with FailedLate: it was asked once more
}

// maxFailedTries is how many of a request's failed attempts are remembered: the rules allow two repetitions by default.
const maxFailedTries = 4

// failedTries are those of one request. The zero value is empty.
type failedTries struct {
	list  [maxFailedTries]FailedTry
	n     int
	apart int // of n, at the front: they say nothing about the instances behind them
}

func (t *failedTries) add(f FailedTry) {
	if t.n < maxFailedTries {
		t.list[t.n] = f
		t.n++
	}
}

// FailedTries are the attempts at instances that failed before the present one, the first four in their order. They are valid until
// Finish, and must not be changed.
func (x *Exchange) FailedTries() []FailedTry { return x.failed.list[:x.failed.n] }

// Elsewhere takes the head of a final answer, before Answered, and says whether another instance is to be asked: the answer then goes to
// nobody, and the attempt has failed, with FailedStatus. It is so, too, where something of the route's takes the answer's place. took is the time since the request was sent; for kept and replayable see FailedAttempt.
// Where no other instance may be asked, the answer is the request's.
func (x *Exchange) Elsewhere(ans *http1.Response, took time.Duration, kept, replayable bool, now time.Time) bool {
	if ans.Status < 400 || !x.another(ans.Status, replayable, now) && !x.intercepts(ans.Status, replayable) {
		return false
	}
	if x.timeline != nil {
		x.timeline.answered(ans.Status, kept)
	}
	x.dropped = int16(ans.Status)
	x.observeAnswer(ans, took, now, kept)
	return true
}

// another chooses another instance, where the rules allow one after an answer of the status, or after none for long, with 0.
func (x *Exchange) another(status int, replayable bool, now time.Time) bool {
	if x.choices() < 2 {
		return false
	}
	before := x.position
	x.tried.Add(x.Member.Index)
	next, ok := x.pickOn()
	if !ok || !x.attempts.Elsewhere(status, replayable, func() bool { return x.Route.Lane.Budget.Withdraw(now) }) {
		x.unreserve()
		x.position = before
		return false
	}
	x.next, x.from = next, before.set
	return true
}

// AnswerWait is how long the head of an answer is to be waited for from now on, until Late is asked: so long as the route allows, or as
// long as the instance usually takes at most, where the request could go to another one. waited is the time since it was sent. It is
// for requests whose body, if any, went out with the head.
func (x *Exchange) AnswerWait(waited time.Duration) time.Duration {
	left := x.Timeouts().Answer - waited
	if !x.attempts.Safe || x.attempts.Tries.Next.Written() || x.choices() < 2 {
		return left
	}
	usual := x.Route.Patience(x.Member, x.scope.Number())
	if usual == 0 {
		return left
	}
	switch {
	case x.grace > 0:
		usual, x.grace = x.grace, 0
	case waited < usual:
		usual -= waited
	}
	x.lateDue = waited + usual
	return min(left, usual)
}

// stoodStill is by how much a timer has to be late before that says that this process, and most likely its host, stood still.
const stoodStill = 10 * time.Millisecond

// Late comes when AnswerWait has passed: over says that the attempt has failed, and how. Otherwise the answer is waited for on, for the
// next AnswerWait. replayable is false, too, where a byte of the answer has come. Time for which this process stood still is none of the
// instance's: it gets it again, once.
func (x *Exchange) Late(waited time.Duration, replayable bool, now time.Time) (f Failure, over bool) {
	switch {
	case waited >= x.Timeouts().Answer:
		return FailedSilent, true
	case !x.stood && x.lateDue > 0 && waited-x.lateDue > stoodStill:
		x.stood, x.grace = true, waited-x.lateDue
	case replayable && x.attempts.Safe && x.silent(now.Add(-waited), now) && x.another(0, true, now):
		x.lateAfter = waited
		return FailedLate, true
	}
	return 0, false
}
