package balancer

import (
	"math/rand/v2"
	"sync/atomic"
)

// turns is round robin among members of one weight, which is what nearly all sets are: it needs neither the rotation's lock nor its walk.
// Each pick draws a number from one counter, and more of them while the member whose turn that is can't be chosen: each usable member
// so gets every turn that is its own and none of another's, however many pick at once. What is drawn is never given back, so that a
// neighbour of one that is ejected gets no more than the others.
type turns struct {
	drawn   atomic.Uint64
	_       [56]byte // what is written stands on a line of its own
	members []Member
	_       [40]byte
}

// ofOneWeight says whether all members have the same weight, and one.
func ofOneWeight(members []Member) bool {
	for i := range members {
		if members[i].Weight <= 0 || members[i].Weight != members[0].Weight {
			return false
		}
	}
	return len(members) > 0
}

// follow begins where another one, which may be nil, would have gone on: with the first of its members to come that is still there.
func (p *turns) follow(old *turns) {
	if old == nil || len(old.members) == 0 {
		return
	}
	at := make(map[*Way]int, len(p.members))
	for i := range p.members {
		at[p.members[i].Way] = i
	}
	next := old.drawn.Load()
	for k := range uint64(len(old.members)) {
		if i, ok := at[old.members[(next+k)%uint64(len(old.members))].Way]; ok {
			p.drawn.Store(uint64(i))
			return
		}
	}
}

func (p *turns) Pick(w Want) (int, bool) {
	if len(p.members) == 1 {
		return only(&p.members[0], w)
	}
	if n := uint64(len(p.members)); n > 0 && !w.Settled && !w.Tried.any() { // nearly always the first one will do
		if i := int((p.drawn.Add(1) - 1) % n); p.members[i].may(i, &w) == chanceNow {
			return i, true
		}
	}
	return choose(p, w)
}

// only is the pick of a set of one.
func only(m *Member, w Want) (int, bool) {
	w.eager = true
	if m.may(0, &w) == chanceNow {
		return 0, true
	}
	if !w.Settled || w.settledOnly {
		return -1, false
	}
	w.Settled = false
	return 0, m.may(0, &w) == chanceNow
}

// take takes a turn. A request that has had one, and goes on, takes none: after each of its failures the member that failed would else have
// the next turn, too.
func (p *turns) take(w Want) (int, chance) {
	if w.Tried.any() {
		return p.any(w)
	}
	n := uint64(len(p.members))
	all := chanceNone
	for range min(n, maxSkips) {
		i := int((p.drawn.Add(1) - 1) % n)
		switch v := p.members[i].may(i, &w); v {
		case chanceNow:
			return i, chanceNow
		case chanceLater:
			all = chanceLater
		}
	}
	if all == chanceLater {
		return -1, chanceLater
	}
	return p.any(w)
}

// maxDraws is how often any draws: with half of the members gone, one of them finds none in sixteen.
const maxDraws = 4

// any is a random member that can be chosen, in most cases; else the first from a random one on: there are so many that the turns of a few
// are far apart, or others have drawn them meanwhile, or the request has had its turn.
func (p *turns) any(w Want) (int, chance) {
	n, all := len(p.members), chanceNone
	if n == 0 {
		return -1, chanceNone
	}
	from := rand.IntN(n)
	for range maxDraws {
		if p.members[from].may(from, &w) == chanceNow {
			return from, chanceNow
		}
		from = rand.IntN(n)
	}
	for k := range n {
		i := (from + k) % n
		v := p.members[i].may(i, &w)
		if v == chanceNow {
			return i, chanceNow
		}
		all = max(all, v)
	}
	return -1, all
}
