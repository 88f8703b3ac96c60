package discovery

import (
	"slices"
)

// loss is an instance that was usable in the published view and is not in the catalogue's new answer.
type loss struct {
	was Instance
	// now is how the answer lists it; nil when it is absent.
	now *Instance
	// nodeDown says that an answer at hand shows its node's own check critical.
	nodeDown bool
	// replaced says that the answer lists another instance at the same address and port as usable.
	replaced bool
}

// judge says whether a loss is believed at once (sure), or why it is held back. A frozen agent that wakes, a wiped or
// restored server and a catalogue that was away all answer with less than there is, and with success. What an operator
// decided and what has been replaced is never in doubt.
func judge(l loss, d doubt) doubt {
	switch {
	case l.replaced, l.now != nil && l.now.Status == Maintenance:
		return sure
	case d != sure:
		return d
	case l.nodeDown, l.now != nil && l.now.NodeDown:
		return nodeDown
	}
	return sure
}

// losses lists what was usable in before and is not in now. Both are sorted. down tells of nodes.
func losses(before, now []Instance, down func(node string) bool) []loss {
	var out []loss
	var at map[place]int
	for i := range before {
		was := &before[i]
		if !was.Usable() {
			continue
		}
		is := find(now, was.Identity)
		if is != nil && is.Usable() {
			continue
		}
		if at == nil {
			at = places(now)
		}
		out = append(out, loss{was: *was, now: is, nodeDown: down(was.Node), replaced: at[placeOf(was)] > 0})
	}
	return out
}

// place is where an instance listens.
type place struct {
	address string
	port    int
}

func placeOf(i *Instance) place { return place{i.Address, i.Port} }

// places counts the usable instances at each place.
func places(in []Instance) map[place]int {
	out := make(map[place]int, len(in))
	for i := range in {
		if in[i].Usable() {
			out[placeOf(&in[i])]++
		}
	}
	return out
}

// vanishedTogether says whether so many services at once are a sign of a catalogue that lost its memory and not of
// services that ended: at least two, and half of all.
func vanishedTogether(vanished, all int) bool { return vanished >= 2 && 2*vanished >= all }

// assemble is what to publish of a service: the answer, with what is held back standing as it was last good.
func assemble(raw []Instance, held map[Identity]*hold) []Instance {
	if len(held) == 0 {
		return raw
	}
	out := make([]Instance, 0, len(raw)+len(held))
	for i := range raw {
		if held[raw[i].Identity] == nil {
			out = append(out, raw[i])
		}
	}
	for _, h := range held {
		out = append(out, h.was)
	}
	slices.SortStableFunc(out, compare)
	return out
}
