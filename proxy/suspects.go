package proxy

import (
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/routing"
)

// An instance is judged by comparison: a request that failed at it counts once another instance has answered the same request well, so
// that a request which fails everywhere says nothing about anybody. What could not be tried elsewhere counts once for each client.

// judges says whether the present instance is judged by comparison.
func (x *Exchange) judges() bool {
	if x.Route == nil || x.Route.Policy.Eject == routing.EjectOff || x.Member == nil {
		return false
	}
	_, written := x.Member.MaxFails()
	return !written
}

// count counts a failed attempt where the instance has a max-fails of its own: what nginx calls an unsuccessful attempt. status is that of
// an answer; 0 without one.
func (x *Exchange) count(f Failure, status int, now time.Time) {
	if x.Member == nil {
		return
	}
	rule, written := x.Member.MaxFails()
	if !written || !unsuccessful(f, status, x.Route.Policy.Tries.Next) {
		return
	}
	e, ok := x.Member.Way.Fail(rule, x.trial, now, func() int { n, _ := x.Route.Others(x.Member, now, false); return n })
	if !ok {
		return
	}
	x.trial = false
	x.Route.LaneOf(x.Member).AwaitTrial(x.Member.Way.TrialAt())
	x.scope.Ejected(x.Member.Upstream, e, now)
}

// unsuccessful says whether an attempt counts: errors, timeouts and invalid headers always do, a status where next-upstream lists it, and
// 403 and 404 never (ngx_http_proxy_module, proxy_next_upstream).
func unsuccessful(f Failure, status int, next dialect.Next) bool {
	switch f {
	case FailedConnect, FailedHandshake, FailedSettle, FailedSent, FailedReset, FailedSilent, FailedAnswer:
		return true
	case FailedStatus:
		return next.Written() && status != 403 && status != 404 && next.Has(dialect.NextOfStatus(status))
	}
	return false
}

// suspicion is what a failed attempt says of its instance: counts is false where it says nothing. The end of a kept connection may be the
// patience of the instance with idle ones, and what can't be connected to has a back-off of its own.
func (x *Exchange) suspicion(f Failure, kept bool) (r balancer.Reason, counts bool) {
	if !x.judges() {
		return 0, false
	}
	switch f {
	case FailedSent:
		return balancer.ReasonClosed, !kept
	case FailedReset:
		return balancer.ReasonReset, !kept
	case FailedAnswer:
		return balancer.ReasonInvalid, true
	case FailedSilent:
		return balancer.ReasonTimeout, true
	case FailedLate:
		return balancer.ReasonSilent, true
	case FailedStatus:
		return balancer.ReasonStatus, unavailable(int(x.dropped))
	}
	return 0, false
}

// unavailable says whether a status tells that the instance, or what stands behind it, could not take the request.
func unavailable(status int) bool { return status >= 502 && status <= 504 }

// silent says whether the present instance has sent nothing since a time, while others have.
func (x *Exchange) silent(since, now time.Time) bool {
	return x.Route.Policy.Eject != routing.EjectOff && x.Member.Way.Silent(since) && x.Route.OthersAnswer(x.Member, since)
}

// observeHead notes the head of an answer, given to the client or not, that came some time after the request was sent.
func (x *Exchange) observeHead(status int, took time.Duration, now time.Time) {
	m, good := x.Member, status < firstBad
	m.Upstream.ObserveHead(x.scope.Number(), now, good)
	if m.Way.Out() && m.Way.Readmit(false, now) {
		x.scope.Returned(m.Upstream, now)
	}
	if !good || x.failed.n == 0 {
		return
	}
	for i := range x.failed.list[:x.failed.n] {
		f := &x.failed.list[i]
		if !f.counts || f.Member == m || f.reason == balancer.ReasonSilent && took >= f.waited { // it is a slow request
			continue
		}
		f.counts = false
		x.judge(f.Member, balancer.Failing{Reason: f.reason, Sent: now.Add(-took - f.waited), Trial: f.trial}, now)
	}
}

// firstBad is the lowest status of an answer that is none to be proud of.
const firstBad = 500

// endTrial brings an ejected instance back whose trial was answered well and to the end.
func (x *Exchange) endTrial(now time.Time) {
	if !x.cut && x.Outcome == OutcomeForwarded && x.Status > 0 && x.Status < firstBad && x.Member.Way.Readmit(true, now) {
		x.scope.Returned(x.Member.Upstream, now)
	}
}

// alone says whether the request has failed at no instance before that others like it were asked instead of. One whose answer something else
// took the place of is none: that is another service.
func (x *Exchange) alone() bool { return x.failed.n == x.failed.apart }

// accuse notes that the request failed at the present instance, and that no other one was asked.
func (x *Exchange) accuse(r balancer.Reason, now time.Time) {
	x.judge(x.Member, balancer.Failing{Reason: r, Client: x.Origin.Client, Trial: x.trial}, now)
}

// judge lets a failure speak against an instance.
func (x *Exchange) judge(m *routing.Member, f balancer.Failing, now time.Time) {
	x.scope.judge(x.Route, m, f, now)
}

// choose picks the first instance: one that is ejected and due for a trial, as safe requests are the first to try it; else by the route's
// policy; else, where no other can be asked, one that is ejected.
func (x *Exchange) choose() (m *routing.Member, trial, ok bool) {
	route := x.Route
	if x.attempts.Safe && route.Lane.TrialDue(x.begun) {
		if m, ok := route.Trial(x.want(), x.begun); ok && x.reserve(m) {
			return m, true, true
		}
	}
	if m, ok = x.pickOn(); ok {
		return m, false, true
	}
	m, ok = x.rest()
	return m, false, ok
}
