package balancer

// Want is what a request wants of a choice. The zero value takes every usable member.
type Want struct {
	// Tried are the members that are passed over, as the request has used them; nil is none.
	Tried *Tried
	// Settled prefers members that have answered, or whose bare connection stayed open, and that are not leaving; when there is none, it
	// takes the others.
	Settled bool
	// Key is the hash of what the route balances by; 0 where the request has none, or the route balances otherwise.
	Key uint64
	// Sticky is the member that the client's cookie names; 0 where it names none.
	Sticky uint64
	// At is when the request came, in unix nanoseconds, for Zones; 0 is now.
	At int64

	eager       bool // members on their ramp take every turn
	dry         bool // nobody is sent anywhere: nothing is noted, see Look
	settledOnly bool // with Settled: it takes no others
}

// Picker chooses a member of the set that it was built over. Pick never blocks for long, allocates nothing and may be
// called from several goroutines. It skips members that are ejected, retired, full, or tried; ok is false when none is left.
type Picker interface {
	Pick(w Want) (i int, ok bool)
}

// Policy builds a Picker over members of one rank; see Build. What must survive the set lives in lane, which is not nil. The Picker owns
// members afterwards.
type Policy interface {
	Build(members []Member, lane *Lane) Picker
}

// Build builds a picker by a policy over members of which some may be backups, and to which clients may stick.
func Build(p Policy, members []Member, lane *Lane) Picker {
	for i := range members {
		members[i].at = int32(i) + 1
	}
	return withSticky(p, members, ranked(p, members, lane), lane)
}

// taker asks a set once for a member: yes, no, or not now where turns were left to others by members on their ramp.
type taker interface {
	take(w Want) (i int, v chance)
}

// choose asks for a settled member first where the request wants one. While only members on their ramp are left, their turns come round
// until one takes it: so each keeps its part.
func choose(t taker, w Want) (int, bool) {
	if w.Settled {
		if i, ok := comeRound(t, w); ok {
			return i, true
		}
		if w.settledOnly {
			return -1, false
		}
		w.Settled = false
	}
	return comeRound(t, w)
}

func comeRound(t taker, w Want) (int, bool) {
	for range rampRounds {
		switch i, v := t.take(w); v {
		case chanceNow:
			return i, true
		case chanceNone:
			return -1, false
		}
	}
	w.eager = true // others took the turns meanwhile
	i, v := t.take(w)
	return i, v == chanceNow
}

// maxTried is more than any sensible number of attempts: those that refused are ejected anyway, so only attempts that got
// further count, and the number of these is bounded by the retries allowed.
const maxTried = 16

// Tried is the set of members, by index, that a request has used. The zero value is empty. It holds 16; past that the
// oldest is forgotten.
type Tried struct {
	members [maxTried]int32
	n       int
}

// Add notes member i.
func (t *Tried) Add(i int) {
	if t.Has(i) {
		return
	}
	t.members[t.n%maxTried] = int32(i)
	t.n++
}

// Has says whether member i was noted. A nil set has none.
func (t *Tried) Has(i int) bool {
	if t == nil {
		return false
	}
	for _, m := range t.members[:min(t.n, maxTried)] {
		if m == int32(i) {
			return true
		}
	}
	return false
}

// any says whether any was noted.
func (t *Tried) any() bool { return t != nil && t.n > 0 }
