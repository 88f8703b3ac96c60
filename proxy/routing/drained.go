package routing

import (
	"slices"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
)

// Drained are the live sides of the instances that a drain means, each once. ready says that none of them gets new requests, of this table or
// of one before; there may be none.
func (t *Table) Drained(d *discovery.Drain) (list []*balancer.Upstream, ready bool) {
	if t == nil {
		return nil, false
	}
	for _, c := range t.claimants {
		for i := range c.standing {
			in, u := &c.block.Instances[i], c.standing[i].upstream
			if !d.Of(in) {
				continue
			}
			if in.Draining.IsZero() || u != nil && !u.Draining() {
				return nil, false
			}
			if u != nil && !slices.Contains(list, u) {
				list = append(list, u)
			}
		}
	}
	return list, true
}

// Blocks are all services of the catalogue that the table knows, sorted by name, but those of other datacenters. They must not be modified.
func (t *Table) Blocks() (out []*discovery.Service) {
	if t == nil {
		return nil
	}
	for _, c := range t.claimants {
		if c.block != nil {
			out = append(out, c.block)
		}
	}
	return out
}
