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
func (l *cache) lock(ctx context.Context, id string) (unlock func(), err error) {
	l.mu.Lock()
	k := l.locks[id]
	if k == nil {
		k = &keyLock{token: make(chan struct{}, 1)}
		l.locks[id] = k
	}
	k.users++
	l.mu.Unlock()
	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if k.users--; k.users == 0 {
			delete(l.locks, id)
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
func (l *cache) mark() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seq
}

// age is how old the last listing is.
func (l *cache) age() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Since(l.listed)
}

// replace takes over a complete listing, asked for at that time. What we wrote since the mark, or are writing, stays as we know it.
func (l *cache) replace(listing map[string]Held, mark uint64, asked time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listed = asked
	next := make(map[string]Held, len(listing))
	fresh := func(id string) bool { return l.inFlight[id] == 0 && l.touched[id] <= mark }
	for id, h := range listing {
		if fresh(id) {
			if o, ok := l.written[id]; ok && h.Owner == (Owner{}) {
				h.Owner = o
			}
			next[id] = h
			delete(l.unsure, id)
		}
	}
	for id, h := range l.held {
		if !fresh(id) {
			next[id] = h
		}
	}
	maps.DeleteFunc(l.touched, func(_ string, at uint64) bool { return at <= mark })
	gone := func(id string) bool { _, ok := next[id]; return !ok }
	maps.DeleteFunc(l.written, func(id string, _ Owner) bool { return gone(id) })
	maps.DeleteFunc(l.locals, func(id string, _ localState) bool { return gone(id) })
	maps.DeleteFunc(l.unsure, func(id string, _ bool) bool { return gone(id) })
	l.held = next
	l.reindex()
}

func (l *cache) reindex() {
	l.byOwner = map[string]map[string]struct{}{}
	for id, h := range l.held {
		l.addOwner(id, h.Owner)
	}
}

func (l *cache) addOwner(id string, o Owner) {
	if o.Container == "" || o.Host != l.host {
		return
	}
	set := l.byOwner[o.Container]
	if set == nil {
		set = map[string]struct{}{}
		l.byOwner[o.Container] = set
	}
	set[id] = struct{}{}
}

func (l *cache) removeOwner(id string) {
	o := l.held[id].Owner.Container
	delete(l.byOwner[o], id)
	if len(l.byOwner[o]) == 0 {
		delete(l.byOwner, o)
	}
}

// beginWrite notes that a write to id is under way; the result ends it.
func (l *cache) beginWrite(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight[id]++
}

func (l *cache) endWrite(id string) {
	if l.inFlight[id]--; l.inFlight[id] <= 0 {
		delete(l.inFlight, id)
	}
	l.seq++
	l.touched[id] = l.seq
}

// registered ends a registration: h is what is now held, or may be when failed.
func (l *cache) registered(id string, h Held, failed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.endWrite(id)
	h.Maintenance, h.MaintenanceReason = l.held[id].Maintenance, l.held[id].MaintenanceReason
	l.removeOwner(id)
	l.held[id] = h
	l.addOwner(id, h.Owner)
	if l.remember {
		l.written[id] = h.Owner
	}
	if failed {
		l.unsure[id] = true
	} else {
		delete(l.unsure, id)
	}
}

// deregistered ends a deregistration; a failed one leaves things as they were, to be tried again.
func (l *cache) deregistered(id string, failed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.endWrite(id)
	if failed {
		return
	}
	l.removeOwner(id)
	delete(l.held, id)
	delete(l.written, id)
	delete(l.unsure, id)
	delete(l.locals, id)
}

// adjusted ends a write that changes something within a registration; change is nil when the write failed.
func (l *cache) adjusted(id string, change func(*Held, *localState)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.endWrite(id)
	h, ok := l.held[id]
	if !ok || change == nil {
		return
	}
	a := l.locals[id]
	change(&h, &a)
	l.held[id], l.locals[id] = h, a
}

// markUnsure ends a write that failed in a way that asks for a new registration.
func (l *cache) markUnsure(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.endWrite(id)
	if _, ok := l.held[id]; ok {
		l.unsure[id] = true
	}
}

// localState returns what only we know of a registration.
func (l *cache) localState(id string) localState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.locals[id]
}

// get returns what is held under id. unsure: the last write failed, so nobody knows.
func (l *cache) get(id string) (h Held, ok, unsure bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h, ok = l.held[id]
	return h, ok, l.unsure[id]
}

// ownedBy lists the service ids that bear a container's mark.
func (l *cache) ownedBy(container string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]string, 0, len(l.byOwner[container]))
	for id := range l.byOwner[container] {
		out = append(out, id)
	}
	return out
}

// addresses are those under which a container is registered, by service id.
func (l *cache) addresses(container string) map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make(map[string]string, len(l.byOwner[container]))
	for id := range l.byOwner[container] {
		out[id] = l.held[id].Address
	}
	return out
}

// owners lists all containers that own something.
func (l *cache) owners() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]string, 0, len(l.byOwner))
	for c := range l.byOwner {
		out = append(out, c)
	}
	return out
}

// count is the number of registrations that are ours.
func (l *cache) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, set := range l.byOwner {
		n += len(set)
	}
	return n
}

// all copies what is held, for a full plan.
func (l *cache) all() map[string]Held {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.held)
}
