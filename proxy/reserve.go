package proxy

import "github.com/pointsman/pointsman/proxy/routing"

// A choice takes a place at its instance at once: where that may have so many requests and no more, no two take the same one, and where it is
// being drained, whoever waits for its last request sees this one.

// maxReserves is how often one choice may find that others took the last place at an instance meanwhile, or that it is being drained.
const maxReserves = 8

// pickHere chooses from the set at hand an instance that has a place.
func (x *Exchange) pickHere() (*routing.Member, bool) {
	for range maxReserves {
		m, ok := x.pickOnce()
		if !ok {
			return nil, false
		}
		if x.reserve(m) {
			return m, true
		}
	}
	return nil, false
}

// restHere chooses an ejected one.
func (x *Exchange) restHere() (*routing.Member, bool) {
	for range maxReserves {
		m, ok := x.restOnce()
		if !ok {
			return nil, false
		}
		if x.reserve(m) {
			return m, true
		}
	}
	return nil, false
}

// lateAgain chooses an instance that was left as it was late, once: it has not failed, and where all others have, waiting for it is better than
// an error. It may be one of a set before that at hand, unless the request was diverted.
func (x *Exchange) lateAgain() (*routing.Member, bool) {
	for i := range x.failed.list[:x.failed.n] {
		f := &x.failed.list[i]
		if f.Failure != FailedLate || f.again || f.set != x.set && x.diverted || f.Member.Way.Retired() || !x.reserve(f.Member) {
			continue
		}
		f.again = true
		if f.set != x.set {
			x.enter(f.set)
		}
		return f.Member, true
	}
	return nil, false
}

// reserve takes a place at an instance, which sendTo uses and unreserve leaves; false where there is none. At the one that the request is at it
// has one already.
func (x *Exchange) reserve(m *routing.Member) bool {
	x.unreserve()
	if m.Upstream == x.acquired {
		return true
	}
	m.Upstream.Acquire(x.scope.Number())
	x.reserved = m.Upstream
	if !m.Way.Draining() && (m.MaxConns == 0 || m.Upstream.Within(m.MaxConns)) {
		return true
	}
	x.unreserve()
	return false
}

// unreserve leaves the place that the last choice took.
func (x *Exchange) unreserve() {
	if x.reserved != nil {
		x.reserved.Release(x.scope.Number())
		x.reserved = nil
	}
}
