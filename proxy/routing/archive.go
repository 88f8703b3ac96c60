package routing

import (
	"reflect"
	"slices"
)

// Archive holds the last tables of a Switch in little space: the oldest one whole, and of each later one what it does not share with the one
// before it. A table of 2,000 services by itself is some 50 KiB of lists of what it shares with others. What it holds is not for requests: the
// instances of an old table may have gone. Not safe for concurrent use.
type Archive struct {
	most, mostBytes int
	base            *Table // of the Archive alone, which changes it; nil while it holds nothing
	last            *Table
	later           []*delta // from each table to the next, the oldest first
	bytes           int
}

// NewArchive makes an empty one that holds up to most tables, at least one, which take about mostBytes. The oldest go first.
func NewArchive(most, mostBytes int) *Archive {
	return &Archive{most: max(1, most), mostBytes: mostBytes}
}

// Add takes a table that is newer than all that it holds.
func (a *Archive) Add(t *Table) {
	if a.base == nil {
		a.base, a.last = t.copied(), t
		return
	}
	d := deltaOf(a.last, t)
	a.later, a.last = append(a.later, d), t
	a.bytes += d.bytes
	for len(a.later) > 0 && (len(a.later) >= a.most || a.bytes > a.mostBytes) {
		a.later[0].take(a.base)
		a.bytes -= a.later[0].bytes
		a.later[0] = nil
		a.later = a.later[1:]
	}
}

// Oldest is the number of the oldest table that it holds; 0 where it holds none.
func (a *Archive) Oldest() uint64 {
	if a.base == nil {
		return 0
	}
	return a.base.Number
}

// At makes the table of a number anew; nil where it holds none of that number.
func (a *Archive) At(number uint64) *Table {
	switch {
	case a.base == nil || number < a.base.Number || number > a.last.Number:
		return nil
	case number == a.last.Number:
		return a.last
	}
	t := a.base.copied()
	for _, d := range a.later {
		if d.rest.Number > number {
			break
		}
		d.take(t)
	}
	if t.Number != number {
		return nil
	}
	return t
}

// copied is the same table with an index and lists of its own. What was to be done when it was published is left out.
func (t *Table) copied() *Table {
	c := t.bare()
	own := *t.index
	c.index, c.claimants, c.remote = &own, slices.Clone(t.claimants), slices.Clone(t.remote)
	return &c
}

// bare is the table without what a delta holds by itself, and without what was to be done when it was published.
func (t *Table) bare() Table {
	c := *t
	c.index, c.claimants, c.remote = nil, nil, nil
	c.arrived, c.returned, c.departed, c.unspoken, c.checked, c.unchecked, c.told, c.contests = nil, nil, nil, nil, nil, nil, nil, nil
	c.drained, c.undrained = nil, nil
	return c
}

// delta is the way from one table to a later one. Immutable.
type delta struct {
	rest              Table // without index, claimants and remote
	claimants, remote exchanged
	index             indexDelta
	bytes             int // about what it takes, with what no later table holds
}

func deltaOf(was, is *Table) *delta {
	d := &delta{rest: is.bare(), claimants: exchangedIn(was.claimants, is.claimants), remote: exchangedIn(was.remote, is.remote),
		index: was.index.delta(is.index)}
	d.bytes = deltaBytes + d.claimants.bytes() + d.remote.bytes() + d.index.bytes()
	for i, s := range is.sources {
		if i >= len(was.sources) || was.sources[i] != s {
			d.bytes += s.bytes()
		}
	}
	for i, p := range is.pins {
		if d.bytes += pinnedBytes; i >= len(was.pins) || was.pins[i].text != p.text {
			d.bytes += p.bytes()
		}
	}
	if reflect.ValueOf(was.fixed).UnsafePointer() != reflect.ValueOf(is.fixed).UnsafePointer() {
		d.bytes += len(is.fixed) * shardBytes
	}
	if reflect.ValueOf(was.naming).UnsafePointer() != reflect.ValueOf(is.naming).UnsafePointer() {
		d.bytes += len(is.naming) * shardBytes
	}
	return d
}

// take makes of a copied table the one that the delta leads to.
func (d *delta) take(t *Table) {
	index, claimants, remote := t.index, t.claimants, t.remote
	*t = d.rest
	t.index, t.claimants, t.remote = index, d.claimants.in(claimants), d.remote.in(remote)
	d.index.take(index)
}

// What things take, in bytes: as measured on 64 bits, with strings of the usual lengths.
const (
	deltaBytes    = 2 << 10
	claimantBytes = 2 << 10
	instanceBytes = 2 << 10
	routeBytes    = 1 << 10
	shardBytes    = 160 // a place in a map
	pinnedBytes   = 128
)

// exchanged is what one list of services has and another one has not. Both are sorted.
type exchanged struct {
	gone map[*claimant]bool
	come []*claimant
}

func exchangedIn(was, is []*claimant) (e exchanged) {
	sideBySide(was, is, func(was, is *claimant) {
		if was != nil {
			if e.gone == nil {
				e.gone = map[*claimant]bool{}
			}
			e.gone[was] = true
		}
		if is != nil {
			e.come = append(e.come, is)
		}
	})
	return e
}

// in is a list after the exchange; it takes the list over.
func (e *exchanged) in(list []*claimant) []*claimant {
	if len(e.gone) > 0 {
		list = slices.DeleteFunc(list, func(c *claimant) bool { return e.gone[c] })
	}
	for _, c := range e.come {
		at, _ := slices.BinarySearchFunc(list, c, func(a, b *claimant) int {
			if a.before(b) {
				return -1
			}
			return 1
		})
		list = slices.Insert(list, at, c)
	}
	return list
}

func (e *exchanged) bytes() (n int) {
	for _, c := range e.come {
		n += claimantBytes + len(c.standing)*instanceBytes + len(c.claims)*routeBytes
		for i := range c.standing {
			for _, tag := range c.standing[i].tags {
				n += len(tag)
			}
		}
	}
	return n + len(e.gone)*16
}

// bytes is about what a text takes, with what its lines were compiled to.
func (s *source) bytes() (n int) {
	for _, l := range s.text.Lines {
		n += len(l) + 16
	}
	return n + len(s.leads)*routeBytes
}
