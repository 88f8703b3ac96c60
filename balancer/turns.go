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
		return 0, allowed(p.members[0].Way, 0, w.Tried, w.Settled) || allowed(p.members[0].Way, 0, w.Tried, false)
	}
	if w.Settled {
		if i, ok := p.draw(w.Tried, true); ok {
			return i, true
		}
	}
	return p.draw(w.Tried, false)
}

// draw takes a turn. A request that has had one, and goes on, takes none: after each of its failures the member that failed would else have
// the next turn, too.
func (p *turns) draw(t *Tried, settled bool) (int, bool) {
	if t.any() {
		return p.any(t, settled)
	}
	n := uint64(len(p.members))
	for range min(n, maxSkips) {
		i := int((p.drawn.Add(1) - 1) % n)
		if allowed(p.members[i].Way, i, t, settled) {
			return i, true
		}
	}
	return p.any(t, settled)
}

// maxDraws is how often any draws: with half of the members gone, one of them finds none in sixteen.
const maxDraws = 4

// any is a random member that can be chosen, in most cases; else the first from a random one on: there are so many that the turns of a few
// are far apart, or others have drawn them meanwhile, or the request has had its turn.
func (p *turns) any(t *Tried, settled bool) (int, bool) {
	n := len(p.members)
	from := rand.IntN(n)
	for range maxDraws {
		if allowed(p.members[from].Way, from, t, settled) {
			return from, true
		}
		from = rand.IntN(n)
	}
	for k := range n {
		i := (from + k) % n
		if allowed(p.members[i].Way, i, t, settled) {
			return i, true
		}
	}
	return -1, false
}
