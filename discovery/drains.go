package discovery

import (
	"maps"
	"slices"
	"time"
)

// Drain asks that an instance gets no new requests until a time. Another instance with its address, as a container that was started again
// there, is not meant.
type Drain struct {
	Identity
	Until time.Time
}

// Of says whether an instance is meant. What counts is where it is and when it was started, so that several registrations of one container
// are drained together; one that does not say when it was started is the same.
func (d *Drain) Of(in *Instance) bool {
	return d.Address == in.Address && d.Port == in.Port && d.Datacenter == in.Datacenter &&
		(d.Start == in.Start || d.Start == "" || in.Start == "")
}

// SetDrains tells all drains that are in effect, instead of those told before. From its return on no Snapshot is made in which an instance that
// is meant is without its drain. The list is the Watcher's.
func (w *Watcher) SetDrains(list []Drain) {
	w.fed.tell(func() { w.fed.drains, w.fed.drainsKnown = list, true })
}

// drainsKnown says whether the first view need not wait for drains.
func (v *view) drainsKnown() bool {
	v.fed.mu.Lock()
	defer v.fed.mu.Unlock()
	return !v.o.Drains || v.fed.drainsKnown
}

// takeDrains brings what drains say into all blocks, when they have changed.
func (v *view) takeDrains() {
	v.fed.mu.Lock()
	now := v.fed.drains
	v.fed.mu.Unlock()
	if slices.Equal(now, v.draining) {
		return
	}
	v.draining = now
	for _, name := range slices.Sorted(maps.Keys(v.subjects)) {
		if s := v.subjects[name]; s.raw != nil && s.block != nil {
			v.refresh(s, s.cursor.last)
		}
	}
}

// drained is a list with what drains say. It is changed in no other case, and then a copy.
func (v *view) drained(in *realm, list []Instance) []Instance {
	v.fed.mu.Lock()
	drains := v.fed.drains
	v.fed.mu.Unlock()
	if len(drains) == 0 || in.name != "" {
		return list
	}
	own := false
	for i := range list {
		at := slices.IndexFunc(drains, func(d Drain) bool { return d.Of(&list[i]) })
		if at < 0 {
			continue
		}
		if !own {
			list, own = slices.Clone(list), true
		}
		list[i].Draining = drains[at].Until
	}
	return list
}

// drainedBlock is a block from disk with what drains say.
func (v *view) drainedBlock(b *Service) *Service {
	list := v.drained(v.realm, b.Instances)
	if same(list, b.Instances) {
		return b
	}
	out := *b
	out.Instances = list
	return &out
}
