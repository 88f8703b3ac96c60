package discovery

import "time"

const (
	// memory is how long an instance that left is remembered: one that is drained, or paused, and registered again is not
	// a new one.
	memory = 10 * time.Minute
	// maxDeparted bounds the memory.
	maxDeparted = 10_000
)

type sighting struct {
	at         time.Time
	sinceStart bool
}

// departed remembers the first sightings of instances that have left, in two generations. The zero value is ready.
type departed struct {
	young, old map[Identity]sighting
	turned     time.Time
}

// leave remembers what is in before and not in after; both are sorted.
func (d *departed) leave(before, after []Instance) {
	for i := range before {
		b := &before[i]
		if find(after, b.Identity) != nil {
			continue
		}
		if d.young == nil || time.Since(d.turned) > memory || len(d.young) >= maxDeparted {
			d.old, d.young, d.turned = d.young, map[Identity]sighting{}, time.Now()
		}
		d.young[b.Identity] = sighting{b.Seen, b.SinceStart}
	}
}

// take returns the first sighting of an instance that is back.
func (d *departed) take(id Identity) (sighting, bool) {
	for _, m := range []map[Identity]sighting{d.young, d.old} {
		if s, ok := m[id]; ok {
			delete(m, id)
			return s, true
		}
	}
	return sighting{}, false
}
