package balancer

// sticky gives a client the member that its cookie names for as long as it can be chosen, and lets another picker choose where it can't,
// or where there is no cookie. A client's own instance is worth more to it than an even start: a ramp does not turn it away.
type sticky struct {
	rest    Picker
	members []Member
	at      map[uint64]int32
}

// withSticky wraps a picker where members have names for cookies.
func withSticky(members []Member, rest Picker) Picker {
	p := &sticky{rest: rest, members: members}
	for i := range members {
		if members[i].Sticky == 0 {
			continue
		}
		if p.at == nil {
			p.at = make(map[uint64]int32, len(members))
		}
		p.at[members[i].Sticky] = int32(i)
	}
	if p.at == nil {
		return rest
	}
	return p
}

func (p *sticky) Pick(w Want) (int, bool) {
	if w.Sticky != 0 {
		if i, ok := p.at[w.Sticky]; ok && p.members[i].may(int(i), &Want{Tried: w.Tried, eager: true}) == chanceNow {
			return int(i), true
		}
	}
	return p.rest.Pick(w)
}
