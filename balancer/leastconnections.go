package balancer

import (
	"math/rand/v2"
	"sort"
)

// LeastConnections looks at two members drawn by weight and takes the one with fewer requests in flight for its weight: the
// power of two choices, which spreads load nearly as well as looking at all, in constant time, and without the herd that
// runs to the one emptiest member. What counts lives in Upstream, so a swap loses nothing.
type LeastConnections struct{}

// Build makes a picker; one choice costs time in proportion to the logarithm of the number of members.
func (LeastConnections) Build(members []Member, _ *Lane) Picker {
	p := &twoChoices{members: members, ends: make([]int64, len(members))}
	for i, m := range members {
		p.total += int64(max(0, m.Weight))
		p.ends[i] = p.total
	}
	return p
}

type twoChoices struct {
	members []Member
	ends    []int64 // running sums of the weights
	total   int64
}

func (p *twoChoices) Pick(w Want) (int, bool) {
	if w.Settled {
		if i, ok := p.choose(w.Tried, true); ok {
			return i, true
		}
	}
	return p.choose(w.Tried, false)
}

func (p *twoChoices) choose(t *Tried, settled bool) (int, bool) {
	if p.total == 0 {
		return p.scan(0, t, settled)
	}
	first := p.at(rand.Int64N(p.total))
	second := p.other(first)
	a := allowed(p.members[first].Way, first, t, settled)
	b := second != first && allowed(p.members[second].Way, second, t, settled)
	switch {
	case a && b:
		return p.lighter(first, second), true
	case a:
		return first, true
	case b:
		return second, true
	}
	return p.scan(first, t, settled)
}

// at is the member whose stretch of the running sums holds x.
func (p *twoChoices) at(x int64) int {
	return sort.Search(len(p.ends), func(i int) bool { return p.ends[i] > x })
}

// other draws a second member, distinct from the first without trying again: it draws from the sum without the first one's
// stretch and jumps over that stretch. Each of the others so keeps a chance in proportion to its weight.
func (p *twoChoices) other(first int) int {
	weight := int64(p.members[first].Weight)
	rest := p.total - weight
	if rest == 0 {
		return first
	}
	x := rand.Int64N(rest)
	if x >= p.ends[first]-weight {
		x += weight
	}
	return p.at(x)
}

// lighter compares requests in flight per weight; the first drawn wins a tie, so that an idle set is used by weight.
func (p *twoChoices) lighter(a, b int) int {
	x, y := &p.members[a], &p.members[b]
	if y.Way.upstream.InFlight()*int64(x.Weight) < x.Way.upstream.InFlight()*int64(y.Weight) {
		return b
	}
	return a
}

// scan takes the first member that will do from a given one on, round the end; those without a weight come last.
func (p *twoChoices) scan(from int, t *Tried, settled bool) (int, bool) {
	spare := -1
	for k := range p.members {
		i := (from + k) % len(p.members)
		if p.members[i].Weight <= 0 && spare >= 0 || !allowed(p.members[i].Way, i, t, settled) {
			continue
		}
		if p.members[i].Weight > 0 {
			return i, true
		}
		spare = i
	}
	return spare, spare >= 0
}
