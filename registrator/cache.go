package registrator

import (
	"context"
	"maps"
	"sync"
	"time"
)

// cache is what the catalogue holds, as far as we know: the last complete listing, corrected by what we wrote since.
type cache struct {
	// remember keeps who owns what we wrote in memory, for -compat, where the catalogue carries no mark of ours.
	remember bool

	mu      sync.Mutex
	held    map[string]Held
	listed  time.Time                      // when the last listing was asked for
	byOwner map[string]map[string]struct{} // container → service ids that bear its mark under our host
	host    string
	written map[string]Owner      // only with remember
	unsure  map[string]bool       // a write failed: the catalogue may or may not have it
	locals  map[string]localState // what the catalogue does not tell of a registration
	// seq numbers our writes, so that a listing that overlaps a write does not undo what we know of it.
	seq      uint64
	touched  map[string]uint64
	inFlight map[string]int
	locks    map[string]*keyLock
}

// localState is what only we know of a registration.
type localState struct {
	withheld bool      // we put it into maintenance
	reported time.Time // when we last wrote its HEALTHCHECK mirror
}

type keyLock struct {
	token chan struct{}
	users int
}

func newCache(host string, remember bool) *cache {
	return &cache{
		host: host, remember: remember, held: map[string]Held{}, byOwner: map[string]map[string]struct{}{},
		written: map[string]Owner{}, unsure: map[string]bool{}, locals: map[string]localState{},
		touched: map[string]uint64{}, inFlight: map[string]int{}, locks: map[string]*keyLock{},
	}
}

// lock serialises all writes to one service id; the wait ends with ctx.
func (c *cache) lock(ctx context.Context, id string) (unlock func(), err error) {
	c.mu.Lock()
	k := c.locks[id]
	if k == nil {
		k = &keyLock{token: make(chan struct{}, 1)}
		c.locks[id] = k
	}
	k.users++
	c.mu.Unlock()
	leave := func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if k.users--; k.users == 0 {
			delete(c.locks, id)
		}
	}
	select {
	case k.token <- struct{}{}:
		return func() { <-k.token; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

// mark is taken before a listing is asked for and given to replace with its answer.
func (c *cache) mark() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seq
}

// age is how old the last listing is.
func (c *cache) age() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Since(c.listed)
}

// replace takes over a complete listing, asked for at that time. What we wrote since the mark, or are writing, stays as we know it.
func (c *cache) replace(listing map[string]Held, mark uint64, asked time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listed = asked
	next := make(map[string]Held, len(listing))
	fresh := func(id string) bool { return c.inFlight[id] == 0 && c.touched[id] <= mark }
	for id, h := range listing {
		if fresh(id) {
			if o, ok := c.written[id]; ok && h.Owner == (Owner{}) {
				h.Owner = o
			}
			next[id] = h
			delete(c.unsure, id)
		}
	}
	for id, h := range c.held {
		if !fresh(id) {
			next[id] = h
		}
	}
	maps.DeleteFunc(c.touched, func(_ string, at uint64) bool { return at <= mark })
	gone := func(id string) bool { _, ok := next[id]; return !ok }
	maps.DeleteFunc(c.written, func(id string, _ Owner) bool { return gone(id) })
	maps.DeleteFunc(c.locals, func(id string, _ localState) bool { return gone(id) })
	maps.DeleteFunc(c.unsure, func(id string, _ bool) bool { return gone(id) })
	c.held = next
	c.reindex()
}

func (c *cache) reindex() {
	c.byOwner = map[string]map[string]struct{}{}
	for id, h := range c.held {
		c.addOwner(id, h.Owner)
	}
}

func (c *cache) addOwner(id string, o Owner) {
	if o.Container == "" || o.Host != c.host {
		return
	}
	set := c.byOwner[o.Container]
	if set == nil {
		set = map[string]struct{}{}
		c.byOwner[o.Container] = set
	}
	set[id] = struct{}{}
}

func (c *cache) removeOwner(id string) {
	o := c.held[id].Owner.Container
	delete(c.byOwner[o], id)
	if len(c.byOwner[o]) == 0 {
		delete(c.byOwner, o)
	}
}

// beginWrite notes that a write to id is under way; the result ends it.
func (c *cache) beginWrite(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight[id]++
}

func (c *cache) endWrite(id string) {
	if c.inFlight[id]--; c.inFlight[id] <= 0 {
		delete(c.inFlight, id)
	}
	c.seq++
	c.touched[id] = c.seq
}

// registered ends a registration: h is what is now held, or may be when failed.
func (c *cache) registered(id string, h Held, failed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endWrite(id)
	h.Maintenance, h.MaintenanceReason = c.held[id].Maintenance, c.held[id].MaintenanceReason
	c.removeOwner(id)
	c.held[id] = h
	c.addOwner(id, h.Owner)
	if c.remember {
		c.written[id] = h.Owner
	}
	if failed {
		c.unsure[id] = true
	} else {
		delete(c.unsure, id)
	}
}

// deregistered ends a deregistration; a failed one leaves things as they were, to be tried again.
func (c *cache) deregistered(id string, failed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endWrite(id)
	if failed {
		return
	}
	c.removeOwner(id)
	delete(c.held, id)
	delete(c.written, id)
	delete(c.unsure, id)
	delete(c.locals, id)
}

// adjusted ends a write that changes something within a registration; change is nil when the write failed.
func (c *cache) adjusted(id string, change func(*Held, *localState)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endWrite(id)
	h, ok := c.held[id]
	if !ok || change == nil {
		return
	}
	a := c.locals[id]
	change(&h, &a)
	c.held[id], c.locals[id] = h, a
}

// markUnsure ends a write that failed in a way that asks for a new registration.
func (c *cache) markUnsure(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endWrite(id)
	if _, ok := c.held[id]; ok {
		c.unsure[id] = true
	}
}

// localState returns what only we know of a registration.
func (c *cache) localState(id string) localState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.locals[id]
}

// get returns what is held under id. unsure: the last write failed, so nobody knows.
func (c *cache) get(id string) (h Held, ok, unsure bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, ok = c.held[id]
	return h, ok, c.unsure[id]
}

// ownedBy lists the service ids that bear a container's mark.
func (c *cache) ownedBy(container string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]string, 0, len(c.byOwner[container]))
	for id := range c.byOwner[container] {
		out = append(out, id)
	}
	return out
}

// addresses are those under which a container is registered, by service id.
func (c *cache) addresses(container string) map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make(map[string]string, len(c.byOwner[container]))
	for id := range c.byOwner[container] {
		out[id] = c.held[id].Address
	}
	return out
}

// owners lists all containers that own something.
func (c *cache) owners() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]string, 0, len(c.byOwner))
	for container := range c.byOwner {
		out = append(out, container)
	}
	return out
}

// count is the number of registrations that are ours.
func (c *cache) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, set := range c.byOwner {
		n += len(set)
	}
	return n
}

// all copies what is held, for a full plan.
func (c *cache) all() map[string]Held {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.held)
}
