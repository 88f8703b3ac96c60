package registrator

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Claim is one container's wish for one registration.
type Claim struct {
	Registration
	Container string // full id
	Name      string // container name without slash
	Started   time.Time
}

// Claims turns a container's registrations into claims.
func Claims(c Container, rs []Registration) []Claim {
	out := make([]Claim, 0, len(rs))
	for _, r := range rs {
		out = append(out, Claim{Registration: r, Container: c.ID, Name: c.PlainName(), Started: c.State.StartedAt})
	}
	return out
}

// Scope says what a plan may touch.
type Scope struct {
	Host    string // our host name
	Compat  Compat
	Cleanup bool // -cleanup: also remove what Registrator left behind under our host name
	// Kept are containers, id to name, whose held registrations stay although nothing claims them: ended, but kept by
	// -deregister, or not inspected this time (an error never removes anything).
	Kept map[string]string
	// Began is when this registrator started. What another one has registered since for the very same container is left to it:
	// two that follow one engine under different host names would otherwise overwrite each other for ever. What is older, from
	// before the host was renamed, is taken over. Zero: everything is taken over.
	Began time.Time
	// Never is -deregister never: only a container with claims loses registrations (those it no longer claims).
	Never bool
}

// Steps is what has to be done to get from what is held to what is claimed, both lists in the order of IDs.
type Steps struct {
	Register   []Registration
	Deregister []string
	Complaints []Complaint
}

// Plan compares the claims of all containers of this host with what the catalogue holds. It is pure, and the same
// for any order of claims. A claim that is held as claimed costs nothing; what is held, ours, and claimed by nobody is
// removed. Of several claims to one ID that of the container started last is registered, so that the end of another
// one removes nothing.
func Plan(claims []Claim, held map[string]Held, s Scope) Steps {
	p := &plan{scope: s, claimed: map[string]Claim{}, live: map[string]bool{}}
	for _, c := range claims {
		p.claim(c)
	}
	for _, id := range slices.Sorted(maps.Keys(p.claimed)) {
		p.register(p.claimed[id], held)
	}
	for _, id := range slices.Sorted(maps.Keys(held)) {
		if _, ok := p.claimed[id]; !ok && p.ours(held[id]) && !p.stays(held[id]) {
			p.steps.Deregister = append(p.steps.Deregister, id)
		}
	}
	return p.steps
}

type plan struct {
	scope   Scope
	claimed map[string]Claim
	live    map[string]bool // containers with claims, by id and by name
	steps   Steps
}

// claim settles who gets an ID.
func (p *plan) claim(c Claim) {
	p.live[c.Container], p.live[c.Name] = true, true
	old, taken := p.claimed[c.ID]
	if !taken {
		p.claimed[c.ID] = c
		return
	}
	winner, loser := old, c
	if newer(c, old) {
		winner, loser = c, old
	}
	p.claimed[c.ID] = winner
	other := "another port of the same container"
	if winner.Container != loser.Container {
		other = "container " + Shown(winner.Name) + ", started later,"
	}
	p.complain(loser, "service ID "+Shown(c.ID)+" is also claimed by "+other, "this one is not registered")
}

func (p *plan) complain(c Claim, problem, done string) {
	p.steps.Complaints = append(p.steps.Complaints, Complaint{Container: c.Container, Name: c.Name, Problem: problem, Done: done})
}

// newer tells whether claim a goes before b: the later start, then (a tie is no time of day to fight over) the greater
// container id, then the lower port.
func newer(a, b Claim) bool {
	if d := a.Started.Compare(b.Started); d != 0 {
		return d > 0
	}
	if d := strings.Compare(a.Container, b.Container); d != 0 {
		return d > 0
	}
	return a.Port < b.Port
}

// register adds the claim unless it is held already, or held by a later start on another host: two hosts with one
// custom ID would otherwise overwrite each other for ever.
func (p *plan) register(c Claim, held map[string]Held) {
	h, ok := held[c.ID]
	if ok && Same(c.Registration, h) && !p.changedHands(c, h) {
		return
	}
	if ok && p.tended(c, h) {
		p.complain(c, "service ID "+Shown(c.ID)+" is held by another registrator, on host "+Shown(h.Owner.Host)+", for the same container", "left to it")
		return
	}
	foreign := ok && h.Owner.Container != "" && h.Owner.Host != p.scope.Host && h.Owner.Container != c.Container
	if foreign && h.Owner.Started.After(c.Started) {
		p.complain(c, "service ID "+Shown(c.ID)+" is held by a container of host "+Shown(h.Owner.Host)+", started later", "this one is not registered")
		return
	}
	p.steps.Register = append(p.steps.Register, c.Registration)
}

// tended tells whether a registrator of another host name looks after a claim's container, this run of it.
func (p *plan) tended(c Claim, h Held) bool {
	return h.Owner.Host != p.scope.Host && h.Owner.Container == c.Container && h.Owner.Started.Equal(c.Started) &&
		!p.scope.Began.IsZero() && h.Owner.Sent.After(p.scope.Began)
}

// changedHands tells, for the compat modes, whether a registration without a mark was made for another container or an
// earlier start: its checks may differ, and the catalogue does not tell.
func (p *plan) changedHands(c Claim, h Held) bool {
	return c.Owner.Container == "" && h.Owner.Container != "" &&
		(h.Owner.Container != c.Container || !h.Owner.Started.Equal(c.Started))
}

// ours tells whether a held registration may be removed by us: our mark under our host name; with -cleanup also what
// has the form of Registrator's IDs under our host name, in the compat modes always so. There the catalogue holds no mark,
// and the caller fills in the Owner (all but Sent) of what it registered itself.
func (p *plan) ours(h Held) bool {
	if h.Owner.Container != "" {
		return h.Owner.Host == p.scope.Host
	}
	host, _, _, _, ok := RegistratorID(h.ID)
	return ok && host == p.scope.Host && (p.scope.Cleanup || p.scope.Compat != CompatNone)
}

// stays tells whether something that nobody claims is to be left alone all the same.
func (p *plan) stays(h Held) bool {
	id, name := h.Owner.Container, ""
	if id == "" {
		_, name, _, _, _ = RegistratorID(h.ID)
	}
	for keptID, keptName := range p.scope.Kept {
		if keptID == id || id == "" && keptName == name {
			return true
		}
	}
	return p.scope.Never && !p.live[id] && (id != "" || !p.live[name])
}

// Same tells whether the catalogue holds a registration just as it is wanted. When it was sent plays no part, neither
// does the state of a check; the order of tags does. With EnableTagOverride the held tags are somebody else's business.
func Same(r Registration, h Held) bool {
	return r.Name == h.Name && r.Address == h.Address && r.Port == h.Port &&
		r.EnableTagOverride == h.EnableTagOverride &&
		(r.EnableTagOverride || slices.Equal(r.Tags, h.Tags)) &&
		maps.Equal(r.Meta, h.Meta) &&
		max(r.Weight, 1) == max(h.Weight, 1) && // Consul's default is 1, and 1 is what it reports
		sameMark(r.Owner, h.Owner) &&
		// A digest is kept with our mark; without, nothing may tell which checks a registration was made with.
		(h.Digest == Digest(r.Checks) || h.Digest == "" && r.Owner.Container == "")
}

// sameMark compares marks. One that was not wanted (-compat) is told by the time when it was sent: what a caller fills
// in for a registration of its own has none.
func sameMark(wanted, held Owner) bool {
	if wanted.Container == "" {
		return held.Sent.IsZero()
	}
	return wanted.Host == held.Host && wanted.Container == held.Container && wanted.Started.Equal(held.Started)
}
