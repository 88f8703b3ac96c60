package balancer

// Member is one instance of a fixed set, spoken to over one way. Weight is relative to the others; 0 means that it is chosen only when
// no member with a weight can be.
type Member struct {
	Way    *Way
	Weight int
}

// Want is what a request wants of a choice. The zero value takes every usable member.
type Want struct {
	// Tried are the members that are passed over, as the request has used them; nil is none.
	Tried *Tried
	// Settled prefers members that have answered, or whose bare connection stayed open, and that are not leaving; when there is none, it
	// takes the others.
	Settled bool
}

// Picker chooses a member of the set that it was built over. Pick never blocks for long, allocates nothing and may be
// called from several goroutines. It skips members that are ejected, retired, or tried; ok is false when none is left.
type Picker interface {
	Pick(w Want) (i int, ok bool)
}

// Policy builds a Picker. What must survive the set lives in lane, which is not nil. The Picker owns members afterwards.
type Policy interface {
	Build(members []Member, lane *Lane) Picker
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

// allowed says whether a member may be chosen. In a first pass for settled members, one that is merely not settled yet is
// reported to its Reviver, so that it does not starve while others serve.
func allowed(w *Way, i int, t *Tried, settled bool) bool {
	if t.Has(i) || !w.Usable() {
		return false
	}
	if !settled {
		return true
	}
	if !w.Settled() {
		w.ask()
		return false
	}
	return !w.Leaving()
}
