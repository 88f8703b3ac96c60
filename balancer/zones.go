package balancer

import (
	"sync/atomic"
	"time"
)

// Zones prefers the members of the own zone. While the share of them that is usable is at least Threshold they get all choices; below, so much
// less as it is below, and the other zones the rest. Within a zone, and among all others, Of chooses.
//
// Home gives way at once, and comes back by a tenth of the choices a second at most, so that it is not flooded as it recovers. It takes all
// while no other zone has a usable member, and nothing while it has none itself. Whatever the shares say, a choice goes elsewhere rather
// than nowhere.
type Zones struct {
	Of Policy
	// Threshold is above 0 and at most 1.
	Threshold float64
	// Missing counts instances of the own zone that belong to the set and are no members of it for the moment: those that are no backups, and
	// backups.
	Missing [2]int
}

const (
	// lookEvery is how often the members of a set are counted, at most: soon enough that nobody sees the difference, and so seldom that it
	// costs nothing, also among thousands.
	lookEvery = 100 * time.Millisecond
	// returnTime is how long home takes from nothing to all.
	returnTime = 10 * time.Second
	// returnStep bounds what a set that is looked at seldom returns at once.
	returnStep = time.Second
	// otherZone makes another draw of a key than its score and its ramp are.
	otherZone = 0xd1b54a32d192ed03
)

// Build makes a picker; a choice costs a few nanoseconds more than one of Of.
func (z Zones) Build(members []Member, lane *Lane) Picker {
	p := &zones{threshold: z.Threshold}
	for i := range members {
		m := members[i]
		if m.at == 0 {
			m.at = int32(i) + 1
		}
		g := groupOf(&m)
		p.groups[g].members = append(p.groups[g].members, m)
		p.groups[g].at = append(p.groups[g].at, int32(i))
	}
	home, away := p.groups[groupHome].members, p.groups[groupAway].members
	share, lanes := lane.ofHome(), [groups]*Lane{lane, lane.ofAway(), NewLane()}
	if len(home) == 0 {
		share.empty()
		return z.Of.Build(members, lanes[groupAway])
	}
	if len(away) == 0 {
		share.all()
		return z.Of.Build(members, lane)
	}
	share.come(time.Now().UnixNano())
	rank := 0
	if home[0].Backup {
		rank = 1
	}
	p.share, p.all = share, len(home)+z.Missing[rank]
	for g := range p.groups {
		p.groups[g].Picker = z.Of.Build(p.groups[g].members, lanes[g])
	}
	return p
}

// The groups that members are parted into. Those without a weight are the last resort, in whatever zone they are.
const (
	groupHome = iota
	groupAway
	groupSpare
	groups
)

func groupOf(m *Member) int {
	switch {
	case m.Weight <= 0:
		return groupSpare
	case m.Away:
		return groupAway
	}
	return groupHome
}

// group are some members of a set, and where they stand in it.
type group struct {
	Picker
	members []Member
	at      []int32
}

// zones chooses between home and away.
type zones struct {
	groups    [groups]group
	threshold float64
	all       int // at home, with those that are missing
	share     *homeShare
	next      atomic.Int64 // unix nanoseconds from which the members are counted again
}

func (p *zones) Pick(w Want) (int, bool) {
	first, second := groupHome, groupAway
	if !p.home(&w) {
		first, second = second, first
	}
	if w.Settled { // rather a settled one in another zone
		w.settledOnly = true
		if i, ok := p.from(first, w); ok {
			return i, true
		}
		if i, ok := p.from(second, w); ok {
			return i, true
		}
		w.settledOnly = false
	}
	if i, ok := p.from(first, w); ok {
		return i, true
	}
	if i, ok := p.from(second, w); ok {
		return i, true
	}
	return p.from(groupSpare, w)
}

func (p *zones) from(g int, w Want) (int, bool) {
	i, ok := p.groups[g].Pick(w)
	if !ok {
		return -1, false
	}
	return int(p.groups[g].at[i]), true
}

// home says whether a choice is home's. Of the choices for one key it is always the same, while the share is.
func (p *zones) home(w *Want) bool {
	if !w.Tried.any() { // who comes back brings an old time
		p.look(w.At)
	}
	part := p.share.part.Load()
	switch {
	case part >= whole:
		return true
	case part <= 0:
		return false
	case w.Key != 0:
		return int64(mix(w.Key+otherZone)>>48) < part
	}
	n := p.share.drawn.Add(uint64(part))
	return n/whole != (n-uint64(part))/whole
}

// look brings the share up to date, now and then. at is unix nanoseconds; 0 is now.
func (p *zones) look(at int64) {
	if at == 0 {
		at = time.Now().UnixNano()
	}
	next := p.next.Load()
	if next-at > int64(lookEvery) { // it was long in coming here, or the clock was set back
		at = time.Now().UnixNano()
	}
	if wait := next - at; wait > 0 && wait <= int64(lookEvery) {
		return
	}
	if p.next.CompareAndSwap(next, at+int64(lookEvery)) {
		p.follow(at)
	}
}

func (p *zones) follow(at int64) {
	others, place := count(p.groups[groupAway].members)
	if others == 0 {
		p.share.all()
		return
	}
	usable, room := count(p.groups[groupHome].members)
	part := min(p.share.follow(p.part(usable), at), p.part(room))
	if place == 0 { // for the moment: it is no reason to come back sooner
		part = whole
	}
	p.share.part.Store(part)
}

// part is home's part where so many of its members can be asked.
func (p *zones) part(n int) int64 {
	return min(whole, int64(float64(n)/float64(p.all)/p.threshold*whole))
}
