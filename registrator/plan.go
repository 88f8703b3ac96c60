package registrator

import (
	"maps"
	"slices"
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
	// Seen tells whether a container has been looked at, so that what it claims is known. What bears our mark for one that has not is
	// left alone until then. Nil: all have.
	Seen func(container string) bool
	// Never is -deregister never: only a container with claims loses registrations (those it no longer claims).
	Never bool
}

// Steps is what has to be done to get from what is held to what is claimed, both lists in the order of IDs.
type Steps struct {
	Register   []Registration
	Deregister []string
	// Look lists containers to look at before anything can be said about an ID that they hold and another one claims.
	Look       []string
	Complaints []Complaint
}

// Plan compares the claims of all containers of this host with what the catalogue holds. It is pure, and the same
// for any order of claims. A claim that is held as claimed costs nothing; what is held, ours, and claimed by nobody is
// removed. An ID belongs to the container that Registrator's form of it names, else to whoever holds it, else to the claim of the
// container started first; the others' claims are refused.
func Plan(claims []Claim, held map[string]Held, s Scope) Steps {
	p := &plan{scope: s, held: held, claimed: map[string]Claim{}, live: map[string]bool{}}
	for _, c := range claims {
		p.claim(c)
	}
	for _, id := range slices.Sorted(maps.Keys(p.claimed)) {
		p.register(p.claimed[id])
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
	held    map[string]Held
	claimed map[string]Claim
	live    map[string]bool // containers with claims, by id and by name
	steps   Steps
}

// claim decides who gets an ID.
func (p *plan) claim(c Claim) {
	p.live[c.Container], p.live[c.Name] = true, true
	old, taken := p.claimed[c.ID]
	if !taken {
		p.claimed[c.ID] = c
		return
	}
	winner, loser := old, c
	if p.before(c, old) {
		winner, loser = c, old
	}
	p.claimed[c.ID] = winner
	if winner.Container == loser.Container {
		p.complain(loser, "service ID "+Shown(c.ID)+" is also claimed by another port of the same container", "this one is not registered")
		return
	}
	p.refuse(loser, "container "+Shown(winner.Name)+" of this host")
}

func (p *plan) complain(c Claim, problem, done string) {
	p.steps.Complaints = append(p.steps.Complaints, Complaint{Container: c.Container, Name: c.Name, Problem: problem, Done: done})
}

// refuse tells that a claim is not registered, since somebody else has its ID.
func (p *plan) refuse(c Claim, holder string) {
	p.complain(c, "service ID "+Shown(c.ID)+" belongs to "+holder,
		"not registered: give the container a SERVICE_ID of its own, or deregister the other one")
}

// before tells whether claim a goes before b: the container that the ID names, the one that holds it, the earlier start, then (a
// tie is no time of day to fight over) the smaller container id; of one container the lower port.
func (p *plan) before(a, b Claim) bool {
	if a.Container == b.Container {
		return a.Port < b.Port
	}
	x, y := p.names(a), p.names(b)
	if x != y {
		return x
	}
	if x { // an engine has each name once, and the earlier one's new name is not known yet
		return a.Started.After(b.Started)
	}
	if h, ok := p.held[a.ID]; ok && (h.Owner.Container == a.Container || h.Owner.Container == b.Container) {
		return h.Owner.Container == a.Container
	}
	if d := a.Started.Compare(b.Started); d != 0 {
		return d < 0
	}
	return a.Container < b.Container
}

// names tells whether a claim's ID has Registrator's form and names the claim's own container on this host. Nobody else can have
// meant it, so that it is taken whoever holds it: Registrator, a predecessor of the same name, or somebody who took it.
func (p *plan) names(c Claim) bool { return c.namesItself(p.scope.Host) }

func (c Claim) namesItself(ownHost string) bool {
	host, name, _, _, ok := RegistratorID(c.ID)
	return ok && name == c.Name && (host == ownHost || ownHost == "")
}

// register adds the claim unless it is held already, or by somebody else.
func (p *plan) register(c Claim) {
	h, ok := p.held[c.ID]
	switch {
	case !ok:
	case Same(c.Registration, h) && !p.changedHands(c, h):
		return
	case p.tended(c, h):
		p.complain(c, "service ID "+Shown(c.ID)+" is held by another registrator, on host "+Shown(h.Owner.Host)+", for the same container", "left to it")
		return
	case h.Owner.Container == c.Container || p.names(c):
	case h.Owner.Container == "":
		if p.scope.Compat == CompatNone && !sameService(c.Registration, h) {
			p.refuse(c, "a registration that no registrator made")
			return
		}
	case h.Owner.Host != p.scope.Host:
		p.refuse(c, "a container of host "+Shown(h.Owner.Host))
		return
	case p.scope.Seen != nil && !p.scope.Seen(h.Owner.Container):
		p.steps.Look = append(p.steps.Look, h.Owner.Container)
		return
	}
	p.steps.Register = append(p.steps.Register, c.Registration)
}

// sameService tells whether an unmarked registration is of the very service that is wanted, so that whoever made it, Registrator for
// one, meant this container. Registrator's v7 leaves the address out.
func sameService(r Registration, h Held) bool {
	return r.Name == h.Name && r.Port == h.Port && (r.Address == h.Address || h.Address == "")
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
