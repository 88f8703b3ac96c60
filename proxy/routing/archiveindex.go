package routing

import "reflect"

// indexDelta is the way from one index to a later one. Immutable.
type indexDelta struct {
	overall   overall
	slots     shardsDelta[place, slot]
	hosts     shardsDelta[string, *hostPaths]
	grounds   shardsDelta[string, []string]
	certified shardsDelta[string, []*Route]
}

func (x *index) delta(is *index) indexDelta {
	return indexDelta{overall: is.overall, slots: x.slots.delta(&is.slots), hosts: x.hosts.delta(&is.hosts),
		grounds: x.grounds.delta(&is.grounds), certified: x.certified.delta(&is.certified)}
}

// take makes an index that nobody else reads the one that the delta leads to.
func (d *indexDelta) take(x *index) {
	x.overall = d.overall
	d.slots.take(&x.slots)
	d.hosts.take(&x.hosts)
	d.grounds.take(&x.grounds)
	d.certified.take(&x.certified)
}

func (d *indexDelta) bytes() int {
	return d.slots.bytes() + d.hosts.bytes() + d.grounds.bytes() + d.certified.bytes()
}

// shardsDelta is the shards of a persistent map that a later one does not share.
type shardsDelta[K comparable, V any] struct {
	at    []int
	parts []map[K]V
	size  int
}

func (s *shards[K, V]) delta(is *shards[K, V]) (d shardsDelta[K, V]) {
	d.size = is.size
	for i := range s.parts {
		if reflect.ValueOf(s.parts[i]).UnsafePointer() != reflect.ValueOf(is.parts[i]).UnsafePointer() {
			d.at, d.parts = append(d.at, i), append(d.parts, is.parts[i])
		}
	}
	return d
}

func (d *shardsDelta[K, V]) take(s *shards[K, V]) {
	s.size = d.size
	for i, at := range d.at {
		s.parts[at] = d.parts[i]
	}
}

func (d *shardsDelta[K, V]) bytes() (n int) {
	for _, part := range d.parts {
		n += max(8, len(part)) * shardBytes // a map has room for eight at least
	}
	return n
}
