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

// drainsNow are the drains that were told, or come from disk, and have not ended. Their end is looked at here, too, so that it comes whatever keeps
// the one who tells them.
func (v *view) drainsNow() []Drain {
	v.fed.mu.Lock()
	list := v.fed.drains
	v.fed.mu.Unlock()
	now := time.Now()
	over := func(d Drain) bool { return !d.Until.After(now) }
	if !slices.ContainsFunc(list, over) {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), over)
}

// takeDrains brings what drains say into all blocks, when they have changed.
func (v *view) takeDrains() {
	now := v.drainsNow()
	if slices.Equal(now, v.draining) {
		return
	}
	v.draining = now
	for _, name := range slices.Sorted(maps.Keys(v.subjects)) {
		switch s := v.subjects[name]; {
		case s.block == nil:
		case s.raw != nil:
			v.refresh(s, s.cursor.last)
		default: // from disk, and the catalogue has not answered yet
			if b := v.drainedBlock(s.block); b != s.block {
				v.setBlock(s, b)
			}
		}
	}
	if v.disk != nil && !v.complete {
		v.textsChanged("drains")
	}
}

// drained is a list with what drains say. It is changed in no other case, and then a copy.
func (v *view) drained(in *realm, list []Instance) []Instance {
	if in.name != "" {
		return list
	}
	drains, own := v.drainsNow(), false
	for i := range list {
		var until time.Time
		if at := slices.IndexFunc(drains, func(d Drain) bool { return d.Of(&list[i]) }); at >= 0 {
			until = drains[at].Until
		}
		if list[i].Draining.Equal(until) {
			continue
		}
		if !own {
			list, own = slices.Clone(list), true
		}
		list[i].Draining = until
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

// diskDrains is how long the snapshot on disk waits for the drains of now. Those that it has itself are in effect in any case; what was drained since is
// known within some tens of milliseconds where the Store answers, and where it does not nobody can have drained anything.
const diskDrains = 300 * time.Millisecond

// loadDrains puts the drains into effect that the snapshot on disk has, and waits a moment for those of now.
func (v *view) loadDrains(list []*Service) {
	if !v.o.Drains {
		return
	}
	var drains []Drain
	for _, b := range list {
		for i := range b.Instances {
			if in := &b.Instances[i]; !in.Draining.IsZero() {
				drains = append(drains, Drain{Identity: in.Identity, Until: in.Draining})
			}
		}
	}
	v.fed.mu.Lock()
	if !v.fed.drainsKnown {
		v.fed.drains = drains
	}
	v.fed.mu.Unlock()
	limit := time.NewTimer(diskDrains)
	defer limit.Stop()
	for waiting := true; waiting && !v.drainsKnown(); {
		select {
		case <-v.fed.wake:
			v.takeFed()
		case <-limit.C:
			waiting = false
		case <-v.ctx.Done():
			waiting = false
		}
	}
	v.draining = v.drainsNow()
}
