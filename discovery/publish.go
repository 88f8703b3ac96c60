package discovery

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxCauses bounds the text of a Snapshot's cause.
const maxCauses = 3

// arrived notes that a service of the first list has answered, or is no more.
func (v *view) arrived(name string) {
	if v.awaited[name] {
		delete(v.awaited, name)
		v.checkComplete()
	}
}

// checkComplete publishes the first view once all of it is there.
func (v *view) checkComplete() {
	if v.complete || !v.listed || len(v.awaited) > 0 || !v.textsKnown() || !v.remotesKnown() || !v.drainsKnown() {
		return
	}
	v.complete, v.dirty = true, true
	v.limit.Stop()
	if v.sequence > 0 {
		v.o.Log.Info().Int("services", len(v.blocks)).Msg("the catalogue has confirmed the view from disk")
	}
}

// giveUpWaiting publishes a first view that is not complete.
func (v *view) giveUpWaiting() {
	if v.complete {
		return
	}
	names := sortedKeys(v.awaited)
	v.o.Log.Warn().Int("missing", len(names)).Strs("for example", names[:min(len(names), 10)]).Bool("without route lines", !v.textsKnown()).
		Dur("limit", v.o.FirstViewLimit).Msg("the first view is not complete; starting without the services that have not answered")
	v.complete, v.dirty = true, true
	v.goWithoutStore()
}

// changes notes a changed block for the next publication.
func (v *view) changes(name string, was, is *Service) {
	v.dirty = true
	if len(v.causes) > maxCauses {
		return
	}
	added, removed, changed := difference(was, is)
	v.causes = append(v.causes, name+": "+DifferenceText(added, removed, changed))
}

// DifferenceText says how many instances of a service came, went and changed, as "2 instances added and 1 removed"; "" where none did.
func DifferenceText(added, removed, changed int) string {
	var words []string
	for _, x := range [...]struct {
		n    int
		what string
	}{{added, "added"}, {removed, "removed"}, {changed, "changed"}} {
		switch {
		case x.n == 0:
		case len(words) > 0:
			words = append(words, fmt.Sprint(x.n, " ", x.what))
		case x.n == 1:
			words = append(words, "1 instance "+x.what)
		default:
			words = append(words, fmt.Sprint(x.n, " instances ", x.what))
		}
	}
	return strings.Join(words, " and ")
}

func difference(was, is *Service) (added, removed, changed int) {
	var before, after []Instance
	if was != nil {
		before = was.Instances
	}
	if is != nil {
		after = is.Instances
	}
	for i := range after {
		switch b := find(before, after[i].Identity); {
		case b == nil:
			added++
		case !b.Equal(after[i]):
			changed++
		}
	}
	return added, len(before) + added - len(after), changed
}

// publishWhenDue publishes at once, or when the pace allows.
func (v *view) publishWhenDue() {
	if !v.news() || v.waiting {
		return
	}
	if d := v.pace.reserve(v.o.Cost()); d > 0 {
		v.waiting = true
		v.due.Reset(d)
		return
	}
	v.publish()
}

// news says whether there is something to publish.
func (v *view) news() bool {
	if v.complete {
		return v.dirty
	}
	return v.disk != nil && v.lines.changed != ""
}

func (v *view) publish() {
	switch {
	case !v.news():
		return
	case !v.complete:
		v.publishDisk(v.lines.changed)
		return
	}
	s := v.snapshot()
	s.Cause = v.cause()
	v.dirty, v.causes, v.disk = false, nil, nil
	v.emit(s)
	if v.o.StateFile != "" {
		deliver(v.states, s)
	}
}

func (v *view) snapshot() *Snapshot {
	v.sequence++
	v.datacenter, v.node = v.home()
	return &Snapshot{Services: slices.Clone(v.blocks), Remote: v.remoteBlocks(), Texts: v.lines.texts, Pins: v.pins.pins, Names: v.lines.names, Sequence: v.sequence, Taken: time.Now(), Datacenter: v.datacenter, Node: v.node,
		TextIndex: v.textIndex}
}

func (v *view) emit(s *Snapshot) {
	v.ready.Store(true)
	v.count.published.Add(1)
	deliver(v.snapshots, s)
}

func (v *view) cause() string {
	if len(v.causes) == 0 {
		return "first view"
	}
	if len(v.causes) > maxCauses {
		return strings.Join(v.causes[:maxCauses], ", ") + ", and more"
	}
	return strings.Join(v.causes, ", ")
}
