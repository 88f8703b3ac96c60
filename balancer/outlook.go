package balancer

import "slices"

// Outlook is what a picker would choose, for people. Load and health are those of now.
type Outlook struct {
	// Next are the members that the next choices would be, in order, where they hang on turns, keys or cookies; fewer than were asked for,
	// or none, where there is nobody to choose.
	Next []int
	// Chances are the chances of members to be the next choice, where that is left to chance; members without one are not in it. Nil
	// where Next tells.
	Chances map[int]float64
}

// none says that nobody would be chosen.
func (o *Outlook) none() bool { return len(o.Next) == 0 && len(o.Chances) == 0 }

// at is the same with each member at another position.
func (o Outlook) at(position func(int) int) Outlook {
	var out Outlook
	for _, i := range o.Next {
		out.Next = append(out.Next, position(i))
	}
	for i, c := range o.Chances {
		out.add(position(i), c)
	}
	return out
}

func (o *Outlook) add(i int, c float64) {
	if o.Chances == nil {
		o.Chances = map[int]float64{}
	}
	o.Chances[i] += c
}

// chance is the same in chances: those of the first choice of Next.
func (o *Outlook) chance() map[int]float64 {
	if len(o.Next) > 0 {
		return map[int]float64{o.Next[0]: 1}
	}
	return o.Chances
}

// Look tells what the next n choices of a picker would be, and takes no turn. Pickers of other packages tell nothing.
func Look(p Picker, w Want, n int) Outlook {
	w.dry = true
	switch p := p.(type) {
	case *sticky:
		return p.look(w, n)
	case *backups:
		return p.look(w, n)
	case *zones:
		return p.ahead(w, n)
	case *hash:
		if w.Key == 0 {
			return Look(p.turns, w, n)
		}
		return repeated(p, w, n)
	case *turns:
		return p.look(w, n)
	case *rotation:
		return p.look(w, n)
	case *wheel:
		return p.look(w, n)
	case *twoChoices:
		return settledFirst(w, p.chances)
	case *soonest:
		return settledFirst(w, p.chances)
	}
	return Outlook{}
}

// repeated is the outlook of a picker that chooses the same member again and again.
func repeated(p Picker, w Want, n int) (o Outlook) {
	if i, ok := p.Pick(w); ok {
		o.Next = slices.Repeat([]int{i}, n)
	}
	return o
}

// chosen are the next choices of a picker that nobody else uses.
func chosen(p Picker, w Want, n int) (o Outlook) {
	for range n {
		i, ok := p.Pick(w)
		if !ok {
			break
		}
		o.Next = append(o.Next, i)
	}
	return o
}

// settledFirst asks for settled members first, as choose does.
func settledFirst(w Want, chances func(Want) Outlook) Outlook {
	if w.Settled {
		if o := chances(w); !o.none() {
			return o
		}
		w.Settled = false
	}
	return chances(w)
}

// ramping says whether any member is on its ramp: turns that it leaves to others are none that could be told.
func ramping(members []Member) bool {
	return slices.ContainsFunc(members, func(m Member) bool { return m.Way.part(m.SlowStart) < whole })
}

// rampShares are the chances of members by weight, those on their ramp with their part of it.
func rampShares(members []Member, w Want) Outlook {
	return settledFirst(w, func(w Want) (o Outlook) {
		w.eager = true
		var total float64
		for i := range members {
			m := &members[i]
			if m.Weight > 0 && m.may(i, &w) == chanceNow {
				part := float64(m.Weight) * float64(m.Way.part(m.SlowStart))
				o.add(i, part)
				total += part
			}
		}
		for i := range o.Chances {
			o.Chances[i] /= total
		}
		return o
	})
}

func (p *sticky) look(w Want, n int) Outlook {
	if i, ok := p.at[w.Sticky]; ok && w.Sticky != 0 {
		if p.members[i].may(int(i), &Want{Tried: w.Tried, eager: true}) == chanceNow {
			return Outlook{Next: slices.Repeat([]int{int(i)}, n)}
		}
		if w.Key == 0 {
			w.Key = w.Sticky
			return Look(p.standIn, w, n)
		}
	}
	return Look(p.rest, w, n)
}

func (p *backups) look(w Want, n int) Outlook {
	for rank := range p.ranks {
		if o := Look(p.ranks[rank], w, n); !o.none() {
			return o.at(func(i int) int { return int(p.sets[rank][i]) })
		}
	}
	return Outlook{}
}

func (p *turns) look(w Want, n int) Outlook {
	if ramping(p.members) {
		return rampShares(p.members, w)
	}
	same := &turns{members: p.members}
	same.drawn.Store(p.drawn.Load())
	return chosen(same, w, n)
}

func (p *rotation) look(w Want, n int) Outlook {
	if ramping(p.members) {
		return rampShares(p.members, w)
	}
	same := newRotation(p.members)
	p.mu.Lock()
	copy(same.current, p.current)
	p.mu.Unlock()
	return chosen(same, w, n)
}

func (w *wheel) look(want Want, n int) Outlook {
	if ramping(w.members) {
		return rampShares(w.members, want)
	}
	same := &wheel{rotation: newRotation(w.members), total: w.total, spares: w.spares}
	w.mu.Lock()
	copy(same.current, w.current)
	same.turns = w.turns
	for _, b := range w.buckets {
		same.buckets = append(same.buckets, bucket{b.weight, slices.Clone(b.members)})
	}
	w.mu.Unlock()
	return chosen(same, want, n)
}
