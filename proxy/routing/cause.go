package routing

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// maxChanges bounds the Changes of a Cause. What is read first tells the story; the first table of a large catalogue changes everything.
const maxChanges = 3

// Cause is why a table differs from the one that it was derived from. Immutable, as the table is.
type Cause struct {
	// Snapshot is what the snapshot says of itself ("first view", "from disk").
	Snapshot string
	// Changes are of the first services that changed, by name; More counts the others. The first table has none.
	Changes []Change
	More    int
	// Texts are the first texts that changed, in the order of Snapshot.Texts; MoreTexts counts the others. The first table has none.
	Texts     []TextChange
	MoreTexts int
	// Pins are the first services that came to be pinned, or were released; MorePins counts the others. The first table has none.
	Pins     []PinChange
	MorePins int
}

// PinChange is a service of which the routes are held at an earlier table from now on, or, with Table 0, no longer.
type PinChange struct {
	Service string
	Table   uint64
}

// String is the change in a few words, as "web: pinned to table 41". The name is as the catalogue has it.
func (c *PinChange) String() string {
	if c.Table == 0 {
		return c.Service + ": released"
	}
	return fmt.Sprintf("%s: pinned to table %d", c.Service, c.Table)
}

// String is the cause in a few words, as "web: 2 instances added and 1 removed, api: 1 instance added, and more". The names are as the catalogue has them.
func (c Cause) String() string {
	if len(c.Changes)+len(c.Texts)+len(c.Pins) == 0 {
		return c.Snapshot
	}
	words := make([]string, 0, len(c.Pins)+len(c.Changes)+len(c.Texts)+1)
	for i := range c.Pins {
		words = append(words, c.Pins[i].String())
	}
	for i := range c.Changes {
		ch := &c.Changes[i]
		words = append(words, ch.Service+": "+ch.What())
	}
	for i := range c.Texts {
		words = append(words, c.Texts[i].String())
	}
	if c.More+c.MoreTexts+c.MorePins > 0 {
		words = append(words, "and more")
	}
	return strings.Join(words, ", ")
}

// What is what became of a service's instances, as "2 instances added and 1 removed"; "" where nothing did.
func (c *Change) What() string {
	return discovery.DifferenceText(c.Added, c.Removed, c.Changed)
}

// explain notes how a service has changed. Either side may be nil.
func (d *derivation) explain(old *claimant, block *discovery.Service) {
	var was, is []discovery.Instance
	ch := Change{}
	if old != nil && old.block != nil {
		ch.Service, was = old.text(), old.block.Instances
	}
	if block != nil {
		ch.Service, ch.Index, is = (&claimant{name: block.Name, datacenter: block.Datacenter}).text(), block.Index, block.Instances
	}
	cause := &d.next.Cause
	switch {
	case d.prev.Number == 0, len(was)+len(is) == 0, old != nil && old.block == block: // or compiled again for another datacenter
	case len(cause.Changes) == maxChanges:
		cause.More++
	default:
		if ch.compare(was, is); ch.Added+ch.Removed+ch.Changed == 0 && len(cause.Pins) > 0 {
			return // the tags that it is held at are those that it has
		}
		cause.Changes = append(cause.Changes, ch)
	}
}

// compare walks the instances of both sides, which are sorted by node and ID.
func (c *Change) compare(was, is []discovery.Instance) {
	for len(was) > 0 || len(is) > 0 {
		switch {
		case len(is) == 0 || len(was) > 0 && was[0].Identity.Compare(is[0].Identity) < 0:
			c.Removed++
			c.first(was[0].ID, was[0].Tags, nil)
			was = was[1:]
		case len(was) == 0 || is[0].Identity.Compare(was[0].Identity) < 0:
			c.Added++
			c.first(is[0].ID, nil, is[0].Tags)
			is = is[1:]
		default:
			if !was[0].Equal(is[0]) {
				c.Changed++
				c.first(is[0].ID, was[0].Tags, is[0].Tags)
			}
			was, is = was[1:], is[1:]
		}
	}
}

// first notes an instance unless there is one before it, and the first tag that only one side has.
func (c *Change) first(id string, was, is []string) {
	if c.Instance != "" {
		return
	}
	c.Instance = id
	for _, pair := range [...][2][]string{{is, was}, {was, is}} {
		for _, tag := range pair[0] {
			if !slices.Contains(pair[1], tag) {
				c.Tag = dialect.Concealed(tag) // the history shows it to whoever asks
				return
			}
		}
	}
}
