package balancer

import (
	"math"
	"sync/atomic"
	"time"
)

// How long an ejection lasts.
const (
	// firstEjection is long enough for a short fault to pass, and short enough that a needless ejection costs little.
	firstEjection = 500 * time.Millisecond
	// lastEjection bounds what it grows to, doubled each time: an instance is tried at least twice a minute.
	lastEjection = 30 * time.Second
	// forgetAfter is how long an instance must have been back for its ejections to be forgotten.
	forgetAfter = time.Minute
	// The way back takes as long as the ejection did, but at least and at most so long.
	leastReturn = time.Second
	mostReturn  = 10 * time.Second
)

// judgement is whether a way is ejected by what its instance did to requests. A refused connection is not part of it, see health.
type judgement struct {
	outUntil atomic.Int64 // unix nanoseconds; 0 = it is not ejected. From then on one request may try it
	outFor   atomic.Int64 // how long it is from a trial to the next where the trial brings no verdict, in nanoseconds
	grace    atomic.Int64 // how long the last ejection was to last, and how long only safe requests try it once that is over; 0 by MaxFails

	// guarded by health.mu
	evidence *evidence // nil until something speaks against it
	times    int       // ejections in a row
	reason   Reason    // of the last one
	returned time.Time // when it came back from that; zero while it is ejected
	fails    int       // counted by MaxFails
	failedAt time.Time // the last of them
	shadowed time.Time // until then no further ejection is reported that is not carried out
}

// Ejection is one, with its evidence.
type Ejection struct {
	Reason Reason
	// Failed is how many requests failed at the instance lately, and Good how many it answered well in the same time.
	Failed int
	Good   int64
	// Clients is how many clients saw it fail; 0 where each of the requests succeeded at another instance.
	Clients int
	// Others is how many other instances could be asked, and OthersShare their mean share of failures.
	Others      int
	OthersShare float64
	// For is how long it lasts before a trial, and Times says that it is the n-th in a row.
	For   time.Duration
	Times int
	// Trial says that the instance was ejected already, and failed its trial.
	Trial bool
	// Shadow says that it was not carried out.
	Shadow bool
}

// worse says whether so many failures are more than chance makes of the share that the others have: twice what would be expected, and twice
// the usual deviation from it. What fails everywhere is nobody's fault.
func (e *Ejection) worse() bool {
	expected := e.OthersShare * float64(int64(e.Failed)+e.Good)
	return float64(e.Failed) > 2*expected+2*math.Sqrt(expected)
}

// Others tells how the other members of a route do: how many can be asked, and their mean share of failures, of those that were tried
// elsewhere or of the others. It is called only where an instance is about to be ejected.
type Others func(now time.Time, alone bool) (n int, share float64)

// Judge takes a failure, and ejects the way where the evidence is enough. With shadow nothing is carried out. It is not ok where nothing
// follows from it.
func (w *Way) Judge(f Failing, now time.Time, others Others, shadow bool) (e Ejection, ok bool) {
	f.Trial = f.Trial && w.Out() // else another trial has brought it back meanwhile
	if e, ok = w.weigh(f, now, shadow); !ok {
		return Ejection{}, false
	}
	e.Others, e.OthersShare = others(now, f.Client.IsValid()) // without the lock, as it takes those of others
	switch {
	case e.Others == 0: // nobody does better
		return Ejection{}, false
	case !f.Trial && f.Reason != ReasonSilent && !e.worse():
		return Ejection{}, false
	}
	e.Reason, e.Trial, e.Shadow = f.Reason, f.Trial, shadow
	return e, w.sentence(&e, now)
}

// weigh notes a failure, and says whether it and those before are enough.
func (w *Way) weigh(f Failing, now time.Time, shadow bool) (Ejection, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.outUntil.Load() != 0 && !f.Trial || shadow && now.Before(w.shadowed) {
		return Ejection{}, false
	}
	alone := f.Client.IsValid()
	if w.evidence == nil {
		w.evidence = new(evidence)
	}
	m, good := &w.evidence.pairs, w.upstream.good()
	one := mark{at: now.UnixNano(), good: good}
	if alone {
		m, one.client = &w.evidence.alone, network(f.Client)
	}
	m.add(one)
	r := m.recent(now.UnixNano(), good)
	e := Ejection{Failed: r.failed, Good: r.good}
	switch {
	case alone:
		e.Clients = r.clients
		return e, !f.Trial && r.clients >= leastClients && r.share() >= clientShare
	case f.Trial:
		return e, true
	case f.Reason == ReasonSilent:
		return e, w.Silent(f.Sent)
	}
	return e, r.failed >= leastPairs && r.share() >= pairShare
}

// sentence carries an ejection out, or notes that it would have been. It is false where another one, or the end of the one that was on
// trial, came first.
func (w *Way) sentence(e *Ejection, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.Out() != e.Trial {
		return false
	}
	if !w.returned.IsZero() && now.Sub(w.returned) > forgetAfter {
		w.times = 0
	}
	e.Times, e.For = w.times+1, min(lastEjection, firstEjection<<min(w.times, maxDoubled))
	if e.Shadow {
		w.shadowed = now.Add(lately)
		return true
	}
	w.times, w.reason, w.returned = e.Times, e.Reason, time.Time{}
	w.outFor.Store(int64(e.For))
	w.grace.Store(int64(e.For))
	w.outUntil.Store(now.Add(e.For).UnixNano())
	return true
}

// Out says whether the way is ejected by what its instance did.
func (w *Way) Out() bool { return w.outUntil.Load() != 0 }

// TakeTrial says whether a request may try an ejected way, at most once in the time of its ejection. Each trial that brings no verdict
// doubles the time to the one after the next: an instance that hangs may never give one. By MaxFails it stays the same.
func (w *Way) TakeTrial(now time.Time) bool {
	until, d := w.outUntil.Load(), w.outFor.Load()
	if until == 0 || now.UnixNano() < until || !w.outUntil.CompareAndSwap(until, now.UnixNano()+d) {
		return false
	}
	if w.grace.Load() > 0 {
		w.outFor.CompareAndSwap(d, max(d, min(int64(lastEjection), 2*d))) // unless a verdict came meanwhile
	}
	return true
}

// TrialAt is when the next trial may be; zero where the way is not ejected.
func (w *Way) TrialAt() time.Time {
	if until := w.outUntil.Load(); until != 0 {
		return time.Unix(0, until)
	}
	return time.Time{}
}

// Readmit ends an ejection, as the instance answered a trial well or was silent and has answered since. It is true for the one call that did.
func (w *Way) Readmit(trial bool, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.outUntil.Load() == 0 || !trial && w.reason != ReasonSilent {
		return false
	}
	w.evidence, w.returned = nil, now // it begins anew
	w.fails = 0
	var over time.Duration // nginx knows no way back but slow_start
	if w.reason != ReasonMaxFails {
		over = min(mostReturn, max(leastReturn, time.Duration(w.grace.Load())))
	}
	w.ramp.Return(now, over)
	w.outUntil.Store(0)
	return true
}

// out says whether requests keep away. Where no safe request came for a trial in the time of an ejection, any other is one.
func (w *Way) out() bool {
	until := w.outUntil.Load()
	return until != 0 && time.Now().UnixNano() < until+w.grace.Load()
}

// Share is that of the way's failures lately, for a comparison: of those that were tried elsewhere, or of the others.
func (w *Way) Share(now time.Time, alone bool) float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.evidence == nil {
		return 0
	}
	m := &w.evidence.pairs
	if alone {
		m = &w.evidence.alone
	}
	return m.recent(now.UnixNano(), w.upstream.good()).share()
}
