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

// judge says whether a loss is believed at once (sure), or why it is retained back. A frozen agent that wakes, a wiped or
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
	var at map[hostPort]int
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
			at = usableAt(now)
		}
		out = append(out, loss{was: *was, now: is, nodeDown: down(was.Node), replaced: at[hostPortOf(was)] > 0})
	}
	return out
}

// hostPort is where an instance listens.
type hostPort struct {
	address string
	port    int
}

func hostPortOf(i *Instance) hostPort { return hostPort{i.Address, i.Port} }

// usableAt counts the usable instances at each address and port.
func usableAt(in []Instance) map[hostPort]int {
	out := make(map[hostPort]int, len(in))
	for i := range in {
		if in[i].Usable() {
			out[hostPortOf(&in[i])]++
		}
	}
	return out
}

// vanishedTogether says whether so many services at once are a sign of a catalogue that lost its memory and not of
// services that ended: at least two, and half of all.
func vanishedTogether(vanished, all int) bool { return vanished >= 2 && 2*vanished >= all }

// assemble is what to publish of a service: the answer, with what is retained back standing as it was last good.
func assemble(raw []Instance, retained map[Identity]*retention) []Instance {
	if len(retained) == 0 {
		return raw
	}
	out := make([]Instance, 0, len(raw)+len(retained))
	for i := range raw {
		if retained[raw[i].Identity] == nil {
			out = append(out, raw[i])
		}
	}
	for _, h := range retained {
		out = append(out, h.was)
	}
	slices.SortStableFunc(out, compare)
	return out
}
