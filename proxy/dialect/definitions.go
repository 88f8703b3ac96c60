package dialect

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Definitions are those of all instances of a snapshot by their names, and the last ones of instances that went. Immutable; nil holds none.
type Definitions struct {
	names map[string]*defined
	gone  int // of names, those that nobody defines any more
}

// defined is what is known of one name.
type defined struct {
	by   []*Definition // sorted, each once for a service
	from []string      // the services of by
	last *Definition   // what all agree on, or agreed on when the last of them went; nil where they differ
}

// maxGone bounds the definitions that are kept of instances that went.
const maxGone = 1024

// DefinitionsEditor makes the Definitions of the next snapshot. The zero value begins with none.
type DefinitionsEditor struct {
	next    *Definitions
	own     bool // next is shared with nobody
	changed map[string]bool
}

// Edit begins with what is defined now. The receiver, which may be nil, is not modified.
func (d *Definitions) Edit() *DefinitionsEditor { return &DefinitionsEditor{next: d} }

// Change has a service define something else than before. Both lists are as SortedDefinitions makes them.
func (e *DefinitionsEditor) Change(service string, was, is []*Definition) {
	if slices.EqualFunc(was, is, (*Definition).equal) {
		return
	}
	if !e.own {
		e.own, e.changed = true, map[string]bool{}
		if e.next == nil {
			e.next = &Definitions{names: map[string]*defined{}}
		} else {
			e.next = &Definitions{names: maps.Clone(e.next.names), gone: e.next.gone}
		}
	}
	for _, name := range namesOf(was, is) {
		before := e.next.names[name]
		e.next.set(name, before, before.change(service, name, is))
		e.changed[name] = true
	}
}

// Done is the outcome, and the names about which something else is known than before. In use says whether any route uses a name; it is asked where room
// is short.
func (e *DefinitionsEditor) Done(inUse func(name string) bool) (next *Definitions, changed map[string]bool) {
	if e.own {
		e.next.forget(inUse, e.changed)
	}
	return e.next, e.changed
}

// set puts what is known of a name now in the place of what was known; before may be nil.
func (d *Definitions) set(name string, before, after *defined) {
	if before != nil && len(before.by) == 0 {
		d.gone--
	}
	switch {
	case len(after.by) > 0:
		d.names[name] = after
	case after.last != nil:
		d.names[name] = after
		d.gone++
	default:
		delete(d.names, name)
	}
}

// namesOf are the names of both lists, sorted.
func namesOf(was, is []*Definition) (out []string) {
	for _, list := range [][]*Definition{was, is} {
		for _, d := range list {
			out = append(out, d.Name)
		}
	}
	return sorted(out)
}

// change is what is known of a name once a service defines it as it stands in is. The receiver may be nil, and is not modified.
func (d *defined) change(service, name string, is []*Definition) *defined {
	out := &defined{}
	if d != nil {
		out.last = d.last
		for i, by := range d.by {
			if d.from[i] != service {
				out.by, out.from = append(out.by, by), append(out.from, d.from[i])
			}
		}
	}
	for _, by := range is {
		if by.Name == name {
			out.by, out.from = append(out.by, by), append(out.from, service)
		}
	}
	if len(out.by) == 0 {
		return out
	}
	out.last = out.by[0]
	if slices.ContainsFunc(out.by, func(by *Definition) bool { return !by.same(out.last) }) {
		out.last = nil
	}
	return out
}

// forget makes room, where there are too many definitions of instances that went: those that no route uses go first.
func (d *Definitions) forget(inUse func(name string) bool, forgotten map[string]bool) {
	if d.gone <= maxGone {
		return
	}
	names := slices.Sorted(maps.Keys(d.names))
	for _, all := range [...]bool{false, true} {
		for _, name := range names {
			n := d.names[name]
			if d.gone <= maxGone || n == nil || len(n.by) > 0 || !all && inUse(name) {
				continue
			}
			delete(d.names, name)
			d.gone--
			forgotten[name] = true
		}
	}
}

// Others are what owners other than one define under a name now, each once.
func (d *Definitions) Others(name, owner string) (out []*Definition) {
	if d == nil || d.names[name] == nil {
		return nil
	}
	for _, by := range d.names[name].by {
		if by.Owner != owner {
			out = append(out, by)
		}
	}
	return SortedDefinitions(out)
}

// ErrUndefined says that nobody defines a name, nor ever has.
var ErrUndefined = errors.New("no container defines it")

// Find is what a name means for an instance: its own definition, nil where it has none, unless that of another owner differs from it; else what all others agree
// on.
func (d *Definitions) Find(name, owner string, own *Definition) (*Definition, error) {
	var n *defined
	if d != nil {
		n = d.names[name]
	}
	switch {
	case n == nil && own == nil:
		return nil, ErrUndefined
	case n == nil:
		return own, nil
	}
	first := own
	for i, by := range n.by {
		switch {
		case own != nil && by.Owner == owner:
		case first == nil:
			first = by
		case !by.same(first):
			return nil, fmt.Errorf("another container (service %s) defines it in another way, and which of them is meant can't be told", shown(n.from[i]))
		}
	}
	if first == nil { // of instances that went
		first = n.last
	}
	if first == nil {
		return nil, ErrUndefined
	}
	return first, nil
}
