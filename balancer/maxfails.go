package balancer

import "time"

// MaxFails is nginx's rule: so many failures within a time take an instance out for as long. It takes the place of the comparison where it
// was written.
type MaxFails struct {
	Fails   int // 0 is never
	Timeout time.Duration
}

// Fail counts a failure, and takes the way out where that is the last one allowed; trial says that it was out, and tried again. others is
// asked only then. An answer that came when the time had passed since the failure before ends the count, as in nginx, and so does a
// trial that succeeds. It is not ok where nothing follows.
func (w *Way) Fail(rule MaxFails, trial bool, now time.Time, others func() int) (e Ejection, ok bool) {
	w.mu.Lock()
	trial = trial && w.Out() // else another trial has brought it back meanwhile
	if w.Out() && !trial {
		w.mu.Unlock()
		return Ejection{}, false
	}
	if over := w.failedAt.Add(rule.Timeout); !trial && now.After(over) && w.upstream.AnsweredSince(over) {
		w.fails = 0
	}
	w.fails++
	w.failedAt = now
	e = Ejection{Reason: ReasonMaxFails, Failed: w.fails, For: rule.Timeout, Times: 1, Trial: trial}
	w.mu.Unlock()
	if rule.Fails == 0 || e.Failed < rule.Fails {
		return Ejection{}, false
	}
	if e.Others = others(); e.Others == 0 && !trial { // the last one is never out
		return Ejection{}, false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reason, w.times = ReasonMaxFails, 1
	w.outFor.Store(int64(rule.Timeout))
	w.grace.Store(0) // any request may be the next
	w.outUntil.Store(now.Add(rule.Timeout).UnixNano())
	return e, true
}
