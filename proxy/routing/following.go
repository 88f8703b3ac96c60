package routing

import (
	"slices"
	"sync"
)

// mostUntaken is how many tables wait for a Following. Who takes them needs a fraction of a millisecond for each, so that more come
// together only where the machine is short of CPU; tables hold instances that have gone, so they must not wait in numbers.
const mostUntaken = 64

// Following are the tables that a Switch has published since they were last taken. Safe for concurrent use.
type Following struct {
	of *Switch

	mu     sync.Mutex
	tables []*Table
	more   chan struct{}
}

// followings are those of a Switch. The zero value has none. Safe for concurrent use.
type followings struct {
	mu   sync.Mutex
	list []*Following
}

// add gives all of them a table.
func (l *followings) add(t *Table) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.list {
		f.add(t)
	}
}

// Follow keeps each table that is published from now on until it is taken. Who publishes never waits for who takes: beyond mostUntaken a
// table takes the room of the one before it. Stop ends it.
func (s *Switch) Follow() *Following {
	f := &Following{of: s, more: make(chan struct{}, 1)}
	s.followings.mu.Lock()
	defer s.followings.mu.Unlock()
	s.followings.list = append(s.followings.list, f)
	return f
}

// Stop ends keeping tables, and lets go of those that were not taken.
func (f *Following) Stop() {
	l := &f.of.followings
	l.mu.Lock()
	l.list = slices.DeleteFunc(l.list, func(o *Following) bool { return o == f })
	l.mu.Unlock()
	f.Take()
}

// More has something to receive when there are tables to take.
func (f *Following) More() <-chan struct{} { return f.more }

// Take hands over the tables that are kept, the oldest first. The first of them may be the present table, or an older one, of the moment
// when Follow returned.
func (f *Following) Take() []*Table {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := f.tables
	f.tables = nil
	return list
}

func (f *Following) add(t *Table) {
	f.mu.Lock()
	if n := len(f.tables); n == mostUntaken {
		f.tables[n-1] = t
	} else {
		f.tables = append(f.tables, t)
	}
	f.mu.Unlock()
	select {
	case f.more <- struct{}{}:
	default:
	}
}
