package balancer

// mostPaired is among how many members all pairs are looked at, which takes some milliseconds: among more, chances go by weight.
const mostPaired = 300

// chances are those of a draw of two members: each pair comes with the chance of its draw, and the better one of it is chosen.
func (p *twoChoices) chances(w Want) (o Outlook) {
	if len(p.members) > mostPaired {
		return rampShares(p.members, w)
	}
	w.eager = true
	open := make([]bool, len(p.members))
	for i := range p.members {
		open[i] = p.members[i].may(i, &w) == chanceNow
	}
	if p.total == 0 {
		if i, v := p.scan(0, w); v == chanceNow {
			o.add(i, 1)
		}
		return o
	}
	for first := range p.members {
		a := &p.members[first]
		if a.Weight <= 0 {
			continue
		}
		drawn, rest := float64(a.Weight)/float64(p.total), p.total-int64(a.Weight)
		if rest == 0 {
			p.chosen(&o, first, first, drawn, open, w)
			continue
		}
		for second := range p.members {
			if b := &p.members[second]; second != first && b.Weight > 0 {
				p.chosen(&o, first, second, drawn*float64(b.Weight)/float64(rest), open, w)
			}
		}
	}
	return o
}

// chosen adds the chance of a pair to the member that would be chosen of it.
func (p *twoChoices) chosen(o *Outlook, first, second int, chance float64, open []bool, w Want) {
	switch {
	case open[first] && open[second] && first != second && p.better(&p.members[first], &p.members[second]):
		o.add(second, chance)
	case open[first]:
		o.add(first, chance)
	case open[second]:
		o.add(second, chance)
	default:
		if i, v := p.scan(first, w); v == chanceNow {
			o.add(i, chance)
		}
	}
}

// chances are those over all members from which the look may begin.
func (p *soonest) chances(w Want) (o Outlook) {
	w.eager = true
	for k := range p.members {
		if i, v := p.takeFrom(k, w); v == chanceNow {
			o.add(i, 1/float64(len(p.members)))
		}
	}
	return o
}

// ahead is the outlook over the own zone and the others. The own zone's part is as it was when somebody was last chosen.
func (p *zones) ahead(w Want, n int) Outlook {
	var groups [groups]Outlook
	look := func(w Want) bool {
		for g := range p.groups {
			groups[g] = Look(p.groups[g].Picker, w, n).at(func(i int) int { return int(p.groups[g].at[i]) })
		}
		return !groups[groupHome].none() || !groups[groupAway].none()
	}
	if only := w; w.Settled {
		only.settledOnly = true
		if look(only) {
			return p.parted(&groups, w, n)
		}
		w.settledOnly = false
	}
	if !look(w) {
		return groups[groupSpare]
	}
	return p.parted(&groups, w, n)
}

// parted is what home gets of the choices, and the rest; a side without anybody leaves all to the other one.
func (p *zones) parted(groups *[groups]Outlook, w Want, n int) (o Outlook) {
	home, away := &groups[groupHome], &groups[groupAway]
	part := p.share.part.Load()
	switch {
	case away.none(), part >= whole && !home.none():
		return *home
	case home.none(), part <= 0:
		return *away
	case w.Key != 0 && int64(mix(w.Key+otherZone)>>48) < part:
		return *home
	case w.Key != 0:
		return *away
	}
	if len(home.Next) == 0 || len(away.Next) == 0 {
		share := float64(part) / whole
		for i, c := range home.chance() {
			o.add(i, share*c)
		}
		for i, c := range away.chance() {
			o.add(i, (1-share)*c)
		}
		return o
	}
	drawn := p.share.drawn.Load()
	for range n {
		drawn += uint64(part)
		from := away
		if drawn/whole != (drawn-uint64(part))/whole {
			from = home
		}
		if len(from.Next) == 0 {
			break
		}
		o.Next, from.Next = append(o.Next, from.Next[0]), from.Next[1:]
	}
	return o
}
