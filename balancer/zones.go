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

// count counts the members that are usable, and those that have room for a request, too.
func count(members []Member) (usable, room int) {
	for i := range members {
		m := &members[i]
		if !m.Way.Usable() {
			continue
		}
		usable++
		if !m.Full() {
			room++
		}
	}
	return usable, room
}

// homeShare is home's part of the choices in a set, in whole/s. It outlives the pickers of its set.
type homeShare struct {
	part  atomic.Int64 // as requests read it
	back  atomic.Int64 // the same without what limits of requests take from it; unknown until home has had a member
	moved atomic.Int64 // unix nanoseconds of the last look
	_     [40]byte
	drawn atomic.Uint64 // choices, in whole/s; what is written stands on a line of its own
	_     [56]byte
}

const unknown = -1

func newHomeShare() *homeShare {
	s := &homeShare{}
	s.back.Store(unknown)
	return s
}

// follow goes to what it is by what is usable: down at once, and up in steps. Requests at their limit come and go, and are no part of that.
func (s *homeShare) follow(usable, at int64) int64 {
	back := s.back.Load()
	if back != unknown && usable > back {
		passed := min(max(0, at-s.moved.Load()), int64(returnStep))
		usable = min(usable, back+passed*whole/int64(returnTime))
	}
	s.moved.Store(at)
	s.back.Store(usable)
	return usable
}

// all gives home all choices, as there is nobody else.
func (s *homeShare) all() {
	s.back.Store(whole)
	s.part.Store(whole)
}

// empty notes that home has no members. It comes back in steps, unless it never had one.
func (s *homeShare) empty() {
	if s.back.Load() != unknown {
		s.back.Store(0)
		s.part.Store(0)
	}
}

// come notes that home has members and is not alone: what it was away for does not count for its return.
func (s *homeShare) come(at int64) {
	if s.back.Load() == 0 {
		s.moved.Store(at)
	}
}

// HomeShare is the part of its choices, from 0 to 1, that a picker makes in the own zone; ok is false where it has no choice between zones.
func HomeShare(p Picker, now time.Time) (share float64, ok bool) {
	switch p := p.(type) {
	case *sticky:
		return HomeShare(p.rest, now)
	case *backups:
		return HomeShare(p.ranks[0], now)
	case *zones:
		p.look(now.UnixNano())
		return float64(p.share.part.Load()) / whole, true
	}
	return 0, false
}
