package discovery

import (
	"slices"
	"strings"
)

// pins are what the view knows of them.
type pins struct {
	pins     []*Text
	pinned   map[string]bool // the services
	pinsTold bool            // nobody waits for them any more
}

// SetPins tells all pins, in whatever order, instead of those told before: with an empty list that there are none. The texts, but not the list, are
// the Watcher's from then on.
func (w *Watcher) SetPins(list []*Text) {
	list = append([]*Text{}, list...) // not nil
	slices.SortFunc(list, (*Text).Compare)
	w.fed.tell(func() { w.fed.pins = list })
}

// PinsUnknown says that pins can't be told for now: the first view waits for them no longer, and those of the disk stay.
func (w *Watcher) PinsUnknown() { w.fed.tell(func() { w.fed.pinsUnknown = true }) }

// PinnedService is the service that a pin of that name is of.
func PinnedService(name string) (string, error) {
	return NameOfKey(strings.TrimPrefix(name, PinPrefix+"/"))
}

// pinsKnown says whether the first view need not wait for pins.
func (v *view) pinsKnown() bool { return !v.o.Pinned || v.pinsTold }

// takePins takes what was told. A service that is pinned is followed even where its tags ask for no route any more.
func (v *view) takePins(list []*Text) {
	v.pinsTold = true
	v.setPins(list)
}

func (v *view) setPins(list []*Text) {
	next, same := keep(v.pins.pins, list, func(a, b *Text) bool { return a.Name == b.Name })
	if same {
		return
	}
	v.pins.pins = next
	v.pinned = make(map[string]bool, len(next))
	for _, t := range next {
		if service, err := PinnedService(t.Name); err == nil {
			v.pinned[service] = true
		}
	}
	v.textsChanged("pins")
	if v.listed {
		v.relist()
	}
}
