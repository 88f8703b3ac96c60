package memory

import (
	"maps"
	"slices"

	"github.com/pointsman/pointsman/registrator"
)

// record is one registration. The Registration is not modified; a later one replaces the record as a whole.
type record struct {
	registrator.Registration
	checks      []*check
	maintenance bool
	index       uint64
	created     uint64 // the index of the first registration of its ID for its name
}

// inherit takes over what lives longer than a registration.
func (h *record) inherit(before *record) {
	if before == nil {
		return
	}
	h.maintenance = before.maintenance
	if h.Name == before.Name {
		h.created = before.created
	}
	for i, one := range h.checks {
		for _, old := range before.checks {
			if old.id == one.id && old.sameAs(one.definition) {
				h.checks[i] = old
			} else if old.id == one.id {
				one.status, one.output, one.since = old.status, old.output, old.since
			}
		}
	}
}

// clone makes what is held independent of the caller's slices and maps, and the other way round.
func clone(r registrator.Registration) registrator.Registration {
	r.Tags, r.Meta, r.Checks = slices.Clone(r.Tags), maps.Clone(r.Meta), slices.Clone(r.Checks)
	for i := range r.Checks {
		r.Checks[i].Header = maps.Clone(r.Checks[i].Header)
		r.Checks[i].Script = slices.Clone(r.Checks[i].Script)
	}
	return r
}

// bump makes a change of one instance visible; the lock is held.
func (c *Catalogue) bump(h *record) {
	c.index++
	h.index = c.index
	c.changed[h.Name] = c.index
	c.broadcast()
}

// bumpRemoved makes it visible that a service has one instance less. The index of a service without instances is forgotten
// and all such services share one, so that names that come and go leave nothing behind.
func (c *Catalogue) bumpRemoved(name string) {
	c.index++
	c.changed[name] = c.index
	if !c.exists(name) {
		delete(c.changed, name)
		c.removed = c.index
	}
	c.broadcast()
}

func (c *Catalogue) exists(name string) bool {
	for _, h := range c.services {
		if h.Name == name {
			return true
		}
	}
	return false
}

func (c *Catalogue) broadcast() {
	close(c.wake)
	c.wake = make(chan struct{})
}

func (c *Catalogue) wakeChecks() {
	select {
	case c.recheck <- struct{}{}:
	default: // one is pending already
	}
}
