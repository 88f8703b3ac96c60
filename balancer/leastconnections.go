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
	p := &twoChoices{members: members, ends: make([]int64, len(members)), better: lighterOf}
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
	better  func(a, b *Member) bool // whether the second is
}

func (p *twoChoices) Pick(w Want) (int, bool) { return choose(p, w) }

func (p *twoChoices) take(w Want) (int, chance) {
	if p.total == 0 {
		return p.scan(0, w)
	}
	first := p.at(rand.Int64N(p.total))
	second := p.other(first)
	a, b := p.members[first].may(first, &w), chanceNone
	if second != first {
		b = p.members[second].may(second, &w)
	}
	switch {
	case a == chanceNow && b == chanceNow:
		if p.better(&p.members[first], &p.members[second]) {
			return second, chanceNow
		}
		return first, chanceNow
	case a == chanceNow:
		return first, chanceNow
	case b == chanceNow:
		return second, chanceNow
	}
	return p.scan(first, w)
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

// lighterOf compares requests in flight per weight; the first drawn wins a tie, so that an idle set is used by weight.
func lighterOf(a, b *Member) bool {
	return b.Way.upstream.InFlight()*int64(a.Weight) < a.Way.upstream.InFlight()*int64(b.Weight)
}

// scan takes the first member that will do from a given one on, round the end; those without a weight come last.
func (p *twoChoices) scan(from int, w Want) (int, chance) {
	spare, v := -1, chanceNone
	for k := range p.members {
		i := (from + k) % len(p.members)
		m := &p.members[i]
		if m.Weight <= 0 && spare >= 0 {
			continue
		}
		switch one := m.may(i, &w); {
		case one != chanceNow:
			v = max(v, one)
		case m.Weight > 0:
			return i, chanceNow
		default:
			spare = i
		}
	}
	if v == chanceNone && spare >= 0 {
		return spare, chanceNow
	}
	return -1, v
}
