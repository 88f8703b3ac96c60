package balancer

import "math"

// Hash gives all requests of one key to the same member, in proportion to the weights: rendezvous hashing, where each member's score
// for a key is drawn by its identity alone, and the highest has it. Keys so move only from a member that goes, or to one that comes; it
// needs no table that a swap had to build, and among 200 members costs no more than the rest of a pick. Requests without a key take turns.
type Hash struct {
	// Most is how much of the mean of requests in flight, by weight, a member may have before its further keys go to the next in their
	// order; 0 is no bound. It is above 1 else.
	Most float64
}

// Build makes a picker; one choice costs time in proportion to the number of members.
func (h Hash) Build(members []Member, lane *Lane) Picker {
	return &hash{members: members, most: h.Most, even: ofOneWeight(members), turns: lane.rotate(members)}
}

type hash struct {
	members []Member
	most    float64
	even    bool // all have one weight
	turns   Picker
}

func (p *hash) Pick(w Want) (int, bool) {
	if w.Key == 0 {
		return p.turns.Pick(w)
	}
	l := limits{bound: math.Inf(1), part: p.part()}
	if p.most > 0 {
		l.bound = p.bound()
	}
	if w.Settled {
		if i := p.nearest(w, l); i >= 0 {
			return i, true
		}
		if w.settledOnly {
			return -1, false
		}
		w.Settled = false
	}
	i := p.nearest(w, l)
	return i, i >= 0
}

// limits are what keeps a member from keys of its own.
type limits struct {
	bound float64 // requests in flight for each of its weight
	part  int64   // the highest part of any member's ramp, to which the others' are relative; 0 leaves ramps alone
}

// nearest is the member that has the key, among those within the limits where there are any; -1 where none is left.
func (p *hash) nearest(w Want, l limits) int {
	i := p.highest(w, l)
	if i < 0 && !math.IsInf(l.bound, 1) {
		l.bound = math.Inf(1)
		i = p.highest(w, l)
	}
	if i < 0 && l.part > 0 { // also where the highest part is that of a member which is full or was tried
		i = p.highest(w, limits{bound: l.bound})
	}
	return i
}

// highest is the member with the highest score that may be chosen. It is asked of those only that have a higher one than all before.
func (p *hash) highest(w Want, l limits) int {
	best, top := -1, math.Inf(-1)
	w.eager = true // keys are no turns
	for i := range p.members {
		m := &p.members[i]
		s := p.score(m, w.Key)
		if s <= top || m.may(i, &w) != chanceNow || !m.Way.owns(w.Key^m.ID, m.SlowStart, l.part) || !m.within(l.bound) {
			continue
		}
		best, top = i, s
	}
	return best
}

// part is the highest of any usable member.
func (p *hash) part() (most int64) {
	for i := 0; i < len(p.members) && most < whole; i++ {
		if m := &p.members[i]; m.Weight > 0 && m.Way.Usable() {
			most = max(most, m.Way.part(m.SlowStart))
		}
	}
	return most
}

// score is drawn by member and key; those without a weight come behind all others.
func (p *hash) score(m *Member, key uint64) float64 {
	drawn := (float64(mix(key^m.ID)>>11) + 0.5) / (1 << 53) // in (0, 1)
	switch {
	case m.Weight <= 0:
		return drawn - 2
	case p.even:
		return drawn
	}
	return float64(m.Weight) / -math.Log(drawn) // the highest of these is a member's with a chance in proportion to its weight
}

// bound is how many requests a member may have in flight for each of its weight, with the one that is to come.
func (p *hash) bound() float64 {
	total, weight := int64(1), int64(0)
	for i := range p.members {
		if m := &p.members[i]; m.Way.Usable() {
			total += m.Way.upstream.InFlight()
			weight += int64(m.Weight)
		}
	}
	return p.most * float64(total) / float64(max(1, weight))
}

// within says whether another request is within a bound for each weight. One is always.
func (m *Member) within(bound float64) bool {
	if math.IsInf(bound, 1) {
		return true
	}
	return float64(m.Way.upstream.InFlight()) < math.Ceil(bound*float64(m.Weight))
}

// mix spreads 64 bits over 64 bits: the finisher of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
