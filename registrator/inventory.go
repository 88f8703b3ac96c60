package registrator

import (
	"sync"
	"time"
)

// inventory is what we know of the containers: the last look at each, and what it claims.
type inventory struct {
	mu     sync.Mutex
	of     map[string]*tracked
	claims map[string]map[string][]Claim // service id → container → its claims
}

// tracked is one container in the inventory.
type tracked struct {
	last      Container // of the last inspect; ID "" before the first
	inspected bool
	claims    []Claim
	withhold  bool // its registrations stay, in maintenance
	kept      bool // it ended or is gone, and -deregister keeps what it had
	name      string
	listed    bool
	// outline is how the last list showed it; "" when the container may have changed since the inspect before that list, so
	// that it is looked at once more.
	outline        string
	drain          *drain
	failures       int       // looks or writes that failed in a row
	hinted         time.Time // the first event not yet answered by a success
	kill           *Event    // the last kill that may end it, until judged
	lastComplaints string    // what was last complained about, so that it is said once
	namedForLabels bool      // it was named for labels that nobody carries
}

func newInventory() *inventory {
	return &inventory{of: map[string]*tracked{}, claims: map[string]map[string][]Claim{}}
}

// with runs f on a tracked container, made if need be, under the lock.
func (v *inventory) with(id string, f func(*tracked)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	m := v.of[id]
	if m == nil {
		m = &tracked{}
		v.of[id] = m
	}
	f(m)
}

// get copies a tracked container; ok is false for a container not in the inventory.
func (v *inventory) get(id string) (m tracked, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if p := v.of[id]; p != nil {
		return *p, true
	}
	return tracked{}, false
}

// claim replaces a container's claims and returns the service ids that it claimed before or claims now.
func (v *inventory) claim(id string, now []Claim) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.reclaim(id, now)
}

func (v *inventory) reclaim(id string, now []Claim) []string {
	m := v.of[id]
	if m == nil {
		return nil
	}
	concerned := make([]string, 0, len(m.claims)+len(now))
	for _, c := range m.claims {
		concerned = append(concerned, c.ID)
		delete(v.claims[c.ID], id)
		if len(v.claims[c.ID]) == 0 {
			delete(v.claims, c.ID)
		}
	}
	m.claims = now
	for _, c := range now {
		concerned = append(concerned, c.ID)
		set := v.claims[c.ID]
		if set == nil {
			set = map[string][]Claim{}
			v.claims[c.ID] = set
		}
		set[id] = append(set[id], c)
	}
	return concerned
}

// claimsOf lists who claims a service id, and one claim more of the container, which shows that it has any.
func (v *inventory) claimsOf(serviceID, container string) []Claim {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := make([]Claim, 0, 2)
	for _, cs := range v.claims[serviceID] {
		out = append(out, cs...)
	}
	if m := v.of[container]; m != nil && len(m.claims) > 0 && m.claims[0].ID != serviceID {
		out = append(out, m.claims[0])
	}
	return out
}

// everything lists all claims, and the containers whose registrations must stay although they claim none.
func (v *inventory) everything() (claims []Claim, kept map[string]string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	kept = map[string]string{}
	for id, m := range v.of {
		claims = append(claims, m.claims...)
		if m.kept || !m.inspected || m.failures > 0 {
			kept[id] = m.name
		}
	}
	return claims, kept
}

// leave takes a container out of the inventory.
func (v *inventory) leave(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.reclaim(id, nil)
	delete(v.of, id)
}

// dependents lists the containers that share the network of the one with this id and name.
func (v *inventory) dependents(id, name string) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []string
	for other, m := range v.of {
		ref := m.last.NetworkOwner()
		if ref != "" && other != id && (ref == name || len(ref) >= 12 && len(ref) <= len(id) && id[:len(ref)] == ref) {
			out = append(out, other)
		}
	}
	return out
}

// takeList takes in a complete list and returns who needs a look: the new, the changed, the vanished, or all of them.
func (v *inventory) takeList(list []Outline, all bool) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, m := range v.of {
		m.listed = false
	}
	var look []string
	for _, o := range list {
		m := v.of[o.ID]
		if m == nil {
			m = &tracked{}
			v.of[o.ID] = m
		}
		if all || !m.inspected || m.kept || m.outline != o.Look {
			look = append(look, o.ID)
		}
		m.listed, m.outline, m.name = true, o.Look, o.Name
	}
	for id, m := range v.of {
		if !m.listed && !m.kept {
			look = append(look, id)
		}
	}
	return look
}

// knows tells whether a container is in the inventory and has been looked at.
func (v *inventory) knows(id string) bool {
	m, ok := v.get(id)
	return ok && m.inspected
}

// unseen tells whether some listed container has not been looked at yet.
func (v *inventory) unseen() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, m := range v.of {
		if m.listed && !m.inspected {
			return true
		}
	}
	return false
}
