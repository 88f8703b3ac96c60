package balancer

// RoundRobin is nginx's smooth weighted round robin: weights 5:1:1 give a a b a c a a, never a run longer than needed.
// Current weights live in the Lane, so that a swap does not start the rotation anew: an instance that stays keeps its
// place, a new one starts at 0.
type RoundRobin struct{}

// Build makes a picker; one choice costs a walk over few members, and for many the logarithm of their number for each
// different weight.
func (RoundRobin) Build(members []Member, lane *Lane) Picker {
	return lane.rotate(members)
}

type rotation struct {
	members []Member
	cells   []*cell
	lane    *Lane
}

func (r *rotation) Pick(t *Tried, w Want) (int, bool) {
	r.lane.mu.Lock()
	defer r.lane.mu.Unlock()
	if w == Answered {
		if i, ok := r.turn(t, true); ok {
			return i, true
		}
	}
	return r.turn(t, false)
}

// turn moves the rotation one step on. Members that cannot be chosen now neither gain nor lose.
func (r *rotation) turn(t *Tried, settled bool) (int, bool) {
	best, spare := -1, -1
	var total, top int64
	for i := range r.members {
		m := &r.members[i]
		if !allowed(m.Upstream, i, t, settled) {
			continue
		}
		if m.Weight <= 0 {
			if spare < 0 {
				spare = i
			}
			continue
		}
		weight := int64(m.Weight)
		c := r.cells[i]
		c.current += weight
		total += weight
		if best < 0 || c.current > top {
			best, top = i, c.current
		}
	}
	if best < 0 {
		return spare, spare >= 0
	}
	r.cells[best].current -= total
	return best, true
}
