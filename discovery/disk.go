package discovery

import (
	"errors"
	"os"
	"time"
)

// disk is the snapshot from disk, which is served until the first view is complete. What files and names say is known without the catalogue,
// so that it is served with theirs.
type disk struct {
	services  []*Service
	confirmed time.Time
	served    map[string]bool // of services, by name: those that are wanted, or were
}

// load publishes the snapshot on disk, if there is one that counts.
func (v *view) load() {
	now := time.Now()
	s, confirmed, err := readState(v.o.StateFile, now)
	switch {
	case errors.Is(err, os.ErrNotExist):
		v.o.Log.Info().Str("file", v.o.StateFile).Msg("no snapshot on disk yet")
		return
	case err != nil:
		v.o.Log.Warn().Err(err).Str("file", v.o.StateFile).Msg("the snapshot on disk is not used")
		return
	}
	if _, ok := v.o.Catalogue.(TextLister); ok {
		v.lines.stored, v.textIndex = s.Texts, s.TextIndex
		v.mergeTexts()
	}
	if !v.pinsTold {
		v.setPins(s.Pins)
	}
	v.nameByTags(func(yield func(string, []string) bool) {
		for _, b := range s.Services {
			if !yield(b.Name, tagsOf(b.Instances)) {
				return
			}
		}
	})
	v.loadDrains(s.Services)
	v.disk = &disk{services: s.Services, confirmed: confirmed, served: map[string]bool{}}
	v.datacenter, v.node = s.Datacenter, s.Node
	v.loadRemotes(s)
	v.publishDisk("from disk")
	v.o.Log.Info().Int("services", len(v.blocks)).Time("confirmed", confirmed).Msg("serving the snapshot from disk until the catalogue answers")
}

// publishDisk publishes what is on disk with the texts and names of now. Answers of the catalogue wait for their first complete view.
func (v *view) publishDisk(cause string) {
	list := v.fromDisk()
	v.followRemotes()
	v.sequence++
	v.dirty, v.causes, v.lines.changed = false, nil, ""
	v.emit(&Snapshot{Services: list, Remote: v.remoteBlocks(), Texts: v.lines.texts, Pins: v.pins.pins, Names: v.lines.names, Sequence: v.sequence, Cause: cause, Stale: true, Taken: v.disk.confirmed,
		Datacenter: v.datacenter, Node: v.node})
}

// fromDisk are the services on disk that are wanted, or were. Those that come to be wanted before the catalogue has told its list are followed
// from then on.
func (v *view) fromDisk() (list []*Service) {
	for _, b := range v.disk.services {
		b = v.drainedBlock(b)
		if !v.disk.served[b.Name] {
			if !v.wants(b.Name, tagsOf(b.Instances)) {
				continue
			}
			v.disk.served[b.Name] = true
			if !v.listed {
				t := v.ensure(b.Name)
				t.age.answered.Store(int64(time.Since(v.base) - time.Since(v.disk.confirmed)))
				v.setBlock(t, b)
			}
		}
		list = append(list, b)
	}
	return list
}
