package discovery

import (
	"slices"
	"strings"
	"sync"
)

// fed is what others tell the Watcher: the latest of each counts. The zero value has been told nothing.
type fed struct {
	mu    sync.Mutex
	files []*Text
	names []*Name
	// drains are asked for each time that an instance is looked at: one that comes after SetDrains never comes without its drain.
	drains      []Drain
	drainsKnown bool
	pins        []*Text // nil until they are told
	// pinsUnknown says that they can't be told for now.
	pinsUnknown bool
	wake        chan struct{}
}

func (f *fed) tell(change func()) {
	f.mu.Lock()
	change()
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// SetTexts tells all texts that stand in files, instead of those told before. What is told before Run is part of the first view. The
// texts, but not the list, are the Watcher's from then on.
func (w *Watcher) SetTexts(list []*Text) {
	list = slices.Clone(list)
	slices.SortFunc(list, (*Text).Compare)
	w.fed.tell(func() { w.fed.files = list })
}

// SetNames tells where hosts lead that texts name, all that are known. The names, but not the list, are the Watcher's from then on.
func (w *Watcher) SetNames(list []*Name) {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b *Name) int { return strings.Compare(a.Host, b.Host) })
	w.fed.tell(func() { w.fed.names = list })
}

// takeFed takes what others have told.
func (v *view) takeFed() {
	v.fed.mu.Lock()
	names, pins, unknown := v.fed.names, v.fed.pins, v.fed.pinsUnknown
	v.fed.mu.Unlock()
	if next, same := keep(v.lines.names, names, func(a, b *Name) bool { return a.Host == b.Host }); !same {
		v.lines.names = next
		v.textsChanged("names")
	}
	v.takeDrains()
	v.pinsTold = v.pinsTold || unknown
	if pins != nil {
		v.takePins(pins)
	}
	v.mergeTexts()
	v.checkComplete()
	v.storeAnswers()
}
