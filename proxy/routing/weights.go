package routing

import "math"

// shareUnit is the sum that fixed shares are turned into: fine enough for a share of a thousandth of a percent.
const shareUnit = 1_000_000

// setWeights gives the members of one route their weights. Fixed shares are per instance. Their sum above 1 is scaled down;
// below 1 the rest belongs to the others by their weights, or, where all are fixed, they are scaled up. Without a fixed share the weights
// are the weights.
func setWeights(members []Member) {
	var fixed, others float64
	dynamic := 0
	for i := range members {
		if w := members[i].Rule.Options.Share; w > 0 {
			fixed += w
			continue
		}
		dynamic++
		others += float64(weightOf(&members[i]))
	}
	if dynamic == len(members) {
		for i := range members {
			members[i].Weight = weightOf(&members[i])
		}
		return
	}
	scale := 1.0
	if fixed > 1 || dynamic == 0 {
		scale = 1 / fixed
	}
	rest := max(0, 1-fixed*scale)
	for i := range members {
		m := &members[i]
		if w := m.Rule.Options.Share; w > 0 {
			m.Weight = units(w * scale)
		} else {
			m.Weight = units(rest * float64(weightOf(m)) / others)
		}
	}
}

// units is a share in whole numbers: 0 only where nothing is left for it (it is then used when no other can be).
func units(share float64) int {
	const nothing = 1e-12 // what rounding leaves of a rest of 0
	if share < nothing {
		return 0
	}
	return max(1, int(math.Round(share*shareUnit)))
}

// maxCatalogueWeight is Consul's own bound for Weights.Passing and Weights.Warning.
const maxCatalogueWeight = 65535

// weightOf is the weight that an instance's rule asks for, in whatever state it is; else that which the catalogue has for its state.
func weightOf(m *Member) int {
	switch w := m.Rule.Options.Balance.Weight; {
	case w > 0:
		return w
	case m.Instance == nil:
		return 1
	}
	return min(max(1, m.Instance.Weight), maxCatalogueWeight)
}
