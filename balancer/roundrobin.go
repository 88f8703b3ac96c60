package balancer

import "sync"

// RoundRobin is nginx's smooth weighted round robin: weights 5:1:1 give a a b a c a a, never a run longer than needed.
// Current weights outlive the picker through the Lane, so that a swap does not start the rotation anew: an instance that stays
// keeps its place, a new one starts at 0.
type RoundRobin struct{}

// Build makes a picker. With members of one weight a choice costs a draw from a counter, without a lock. Else it takes a lock that all
// loops share, for a walk over few members, and for many for the logarithm of their number for each different weight.
func (RoundRobin) Build(members []Member, lane *Lane) Picker {
	return lane.rotate(members)
}

// fewMembers is how many current weights share a cache line with their lock: a loop then waits for one line of another's.
const fewMembers = 7

// rotation is exact over all loops, so they share it. What is written comes first, on a line of its own.
type rotation struct {
	mu      sync.Mutex
	few     [fewMembers]int64
	members []Member
	current []int64 // guarded by mu; of each member
	wheel   *wheel  // that turns this rotation; nil where none does
	_       [8]byte
}

func newRotation(members []Member) *rotation {
	r := &rotation{members: members}
	if len(members) <= fewMembers {
		r.current = r.few[:len(members)]
	} else {
		r.current = make([]int64, len(members))
	}
	return r
}

// inherit takes over what the members had in another rotation, which may be nil. Most sets differ little: they are walked side by
// side, and looked up only where they part.
func (r *rotation) inherit(old *rotation) {
	if old == nil {
		return
	}
	old.mu.Lock()
	defer old.mu.Unlock()
	if old.wheel != nil {
		old.wheel.saveCurrent()
	}
	var at map[*Way]int
	next := 0
	for i, m := range r.members {
		if next < len(old.members) && old.members[next].Way == m.Way {
			r.current[i] = old.current[next]
			next++
			continue
		}
		if at == nil {
			at = make(map[*Way]int, len(old.members))
			for j, o := range old.members {
				at[o.Way] = j
			}
		}
		if j, ok := at[m.Way]; ok {
			r.current[i] = old.current[j]
			next = j + 1
		}
	}
}

func (r *rotation) Pick(w Want) (int, bool) {
	if len(r.members) == 1 {
		return only(&r.members[0], w)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return choose(r, w)
}

// take moves the rotation one step on. Members that cannot be chosen now neither gain nor lose. It needs mu.
func (r *rotation) take(w Want) (int, chance) {
	best, spare, all := -1, -1, chanceNone
	var total, top int64
	for i := range r.members {
		m := &r.members[i]
		if v := m.may(i, &w); v != chanceNow {
			all = max(all, v)
			continue
		}
		if m.Weight <= 0 {
			if spare < 0 {
				spare = i
			}
			continue
		}
		weight := int64(m.Weight)
		r.current[i] += weight
		total += weight
		if best < 0 || r.current[i] > top {
			best, top = i, r.current[i]
		}
	}
	switch {
	case best >= 0:
		r.current[best] -= total
		return best, chanceNow
	case all == chanceNone && spare >= 0:
		return spare, chanceNow
	}
	return -1, all
}
