package proxy

import (
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/routing"
)

// pick chooses the first instance to send to: Send, or Reply where there is none.
func (x *Exchange) pick() Action {
	route := x.Route
	if !x.deposited {
		x.deposited = true
		route.Lane.Budget.Deposit(x.begun)
	}
	x.attempts = attemptsOf(x.Request.Method, route.Policy)
	x.asked = x.askedOf(&route.Policy.Balance)
	x.position = position{}
	member, trial, ok := x.choose()
	switch {
	case !ok && route.Closed:
		return x.reply(OutcomeClosedRoute, "")
	case !ok && route.Policy.Balance.Limited && route.Full():
		return x.reply(OutcomeUpstreamsFull, "")
	case !ok:
		return x.reply(OutcomeNoInstance, "")
	}
	do := x.sendTo(member, false)
	x.trial = x.trial || trial
	return do
}

func attemptsOf(method string, p *routing.Policy) Attempts {
	a := Attempts{Idempotent: Idempotent(method), Safe: Safe(method), Max: p.Retries, Tries: p.Tries}
	if p.Tries.Most > 0 {
		a.Max = p.Tries.Most - 1
	}
	return a
}

// want is what the request wants of a pick: not what it has tried, and where it can't be repeated rather a settled instance.
func (x *Exchange) want() balancer.Want {
	w := balancer.Want{Tried: &x.tried, Settled: !x.attempts.Idempotent, Key: x.asked.key, Sticky: x.asked.sticky}
	if x.Route.Policy.Balance.Zoned {
		w.At = x.begun.UnixNano()
	}
	return w
}

// sendTo makes m the instance to send to, with fresh not over a kept connection.
func (x *Exchange) sendTo(m *routing.Member, fresh bool) Action {
	if x.Member != m {
		x.trial = m.Way.Out() && m.Way.TakeTrial(time.Now())
		if x.Route.Policy.Balance.Zoned {
			x.scope.Picked(&x.recorded, x.service(), m.Away)
		}
	}
	x.Member, x.Fresh, x.blame = m, fresh, nil
	if x.timeline != nil {
		x.timeline.beginAttempt(m)
	}
	x.lateDue, x.grace, x.stood = 0, 0, false
	switch {
	case x.acquired == m.Upstream:
		x.unreserve()
	case x.reserved == m.Upstream:
		x.release()
		x.acquired, x.reserved = x.reserved, nil
	default:
		x.release()
		x.unreserve()
		m.Upstream.Acquire(x.scope.Number())
		x.acquired = m.Upstream
	}
	return ActionSend
}

// release counts the request out at the instance that it was sent to last.
func (x *Exchange) release() {
	if x.acquired != nil {
		x.acquired.Release(x.scope.Number())
		x.acquired = nil
	}
}

// Room counts a connection to x.Member in where its instance may have another one; most is how many it may have, 0 is no limit. With
// Fresh the kept connections make room: empty closes them. Where it is false the failure is FailedFull.
func (x *Exchange) Room(most int, empty func()) bool {
	u := x.Member.Upstream
	if u.Connect(most) {
		return true
	}
	if !x.Fresh {
		return false
	}
	empty()
	return u.Connect(most)
}
