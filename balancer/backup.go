package balancer

// backups asks the members that are none first, and the others when none of those is left, as nginx does.
type backups struct {
	ranks [2]Picker
	sets  [2][]int32
}

// ranked builds a picker by a policy, over each rank of members where there are two.
func ranked(policy Policy, members []Member, lane *Lane) Picker {
	var by [2][]Member
	p := &backups{}
	for i := range members {
		rank := 0
		if members[i].Backup {
			rank = 1
		}
		by[rank] = append(by[rank], members[i])
		p.sets[rank] = append(p.sets[rank], int32(i))
	}
	if len(by[0]) == 0 || len(by[1]) == 0 {
		return policy.Build(members, lane)
	}
	p.ranks[0], p.ranks[1] = policy.Build(by[0], lane), policy.Build(by[1], lane.ofBackups())
	return p
}

func (p *backups) Pick(w Want) (int, bool) {
	for rank := range p.ranks {
		if i, ok := p.ranks[rank].Pick(w); ok {
			return int(p.sets[rank][i]), true
		}
	}
	return -1, false
}
