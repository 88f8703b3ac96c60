package balancer

import "slices"

// sticky gives a client the member that its cookie names for as long as it can be chosen. While it can't, another one stands in, which is
// the same for all of the client's requests; who has no cookie, or one of a member that is gone, is left to another picker. A client's own
// instance is worth more to it than an even start: a ramp does not turn it away.
type sticky struct {
	rest    Picker
	standIn Picker
	members []Member
	at      map[uint64]int32
}

// withSticky wraps a policy's picker where members have names for cookies.
func withSticky(policy Policy, members []Member, rest Picker, lane *Lane) Picker {
	p := &sticky{rest: rest, members: members}
	named := slices.Clone(members)
	for i := range members {
		if members[i].Sticky == 0 {
			continue
		}
		if p.at == nil {
			p.at = make(map[uint64]int32, len(members))
		}
		p.at[members[i].Sticky] = int32(i)
		named[i].ID = members[i].Sticky
	}
	if p.at == nil {
		return rest
	}
	stands := Policy(standIns{})
	if z, ok := policy.(Zones); ok { // rather in the own zone
		z.Of = stands
		stands = z
	}
	p.standIn = ranked(stands, named, lane)
	return p
}

// standIns is the policy by which another member stands in: by the hash of what the client's own one is called. Each choice has such a key.
type standIns struct{}

// Build makes a picker.
func (standIns) Build(members []Member, _ *Lane) Picker {
	return &hash{members: members, even: ofOneWeight(members)}
}

func (p *sticky) Pick(w Want) (int, bool) {
	if w.Sticky != 0 {
		i, ok := p.at[w.Sticky]
		switch {
		case ok && p.members[i].may(int(i), &Want{Tried: w.Tried, eager: true}) == chanceNow:
			return int(i), true
		case ok && w.Key == 0:
			w.Key = w.Sticky
			return p.standIn.Pick(w)
		}
	}
	return p.rest.Pick(w)
}
