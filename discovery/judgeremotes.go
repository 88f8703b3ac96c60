package discovery

import (
	"errors"
	"maps"
	"slices"
	"time"
)

// judgeRemotes begins and ends watches of those on standby, as they are needed.
func (v *view) judgeRemotes() {
	crowded := v.watch.crowded()
	for s := range v.eachRemote {
		r := &s.remote
		if r.standby && v.complete && v.weak(s.name) {
			r.needed = time.Now()
		}
		watching := !r.standby || !r.needed.IsZero() && time.Since(r.needed) < watchFor
		if watching == r.watching {
			continue
		}
		r.watching = watching
		if r.standby {
			v.o.Log.Info().Str("service", s.name).Str("datacenter", s.in.name).Bool("watched", watching).Msg("a service on standby is watched while it is needed")
		}
		v.stop(s)
		v.start(s)
	}
	if v.watch.crowded() == crowded {
		return
	}
	for s := range v.eachRemote { // questions under way were asked with the other wait
		if s.watch != nil && s.watched {
			v.stop(s)
			v.start(s)
		}
	}
}

// weak says whether a service of the datacenter that is watched has less than half of its instances left, or none.
func (v *view) weak(name string) bool {
	s := v.subjects[name]
	if s == nil || s.block == nil {
		return true
	}
	n := usable(s.block.Instances)
	return n == 0 || 2*n < len(s.block.Instances)
}

// patrolRemotes looks which of those on standby requests go to, and forgets those that nobody names.
func (v *view) patrolRemotes() {
	for s := range v.eachRemote {
		switch r := &s.remote; {
		case !r.unnamed.IsZero() && time.Since(r.unnamed) > v.keepFor(s):
			v.dropRemote(s)
		case r.standby && v.o.InUse(s.name, s.in.name):
			r.needed = time.Now()
		}
	}
	v.checkComplete() // which does not wait for them for ever
}

// keepFor is how long one is followed that nobody names any more. A list that is wrong names nobody: what its services name stays as long
// as their instances do.
func (v *view) keepFor(s *subject) time.Duration {
	if _, here := v.services[s.name]; s.remote.standby && !here {
		return standbyFor
	}
	return retentionLimit
}

// miss notes that nothing is known of one yet. An error after an answer changes nothing.
func (v *view) miss(s *subject, err error) {
	if s.raw == nil && (s.block == nil || s.block.Missing != "") {
		why := "there was no answer about it yet"
		switch {
		case errors.Is(err, ErrNoDatacenter), errors.Is(err, errAlone):
			why = err.Error()
			if errors.Is(err, ErrNoDatacenter) {
				why = ErrNoDatacenter.Error()
			}
		case errors.Is(err, ErrDenied):
			why = ErrDenied.Error()
		}
		if s.block == nil || s.block.Missing != why {
			v.setBlock(s, &Service{Name: s.name, Datacenter: s.in.name, Missing: why})
		}
	}
	v.outcome(s)
}

// outcome notes that the first question about one has had an outcome.
func (v *view) outcome(s *subject) {
	if !s.remote.answered {
		s.remote.answered = true
		v.checkComplete()
	}
}

// remotesKnown says whether the first view need not wait for other datacenters.
func (v *view) remotesKnown() bool {
	if time.Since(v.remotes.since) >= remotePatience {
		return true
	}
	for s := range v.eachRemote {
		if !s.remote.standby && !s.remote.answered {
			return false
		}
	}
	return true
}

// remoteBlocks are those of all, as a Snapshot has them.
func (v *view) remoteBlocks() (out []*Service) {
	for _, name := range slices.Sorted(maps.Keys(v.realms)) {
		out = append(out, v.realms[name].blocks...)
	}
	return out
}

// loadRemotes brings back what the disk holds of those that are named.
func (v *view) loadRemotes(s *Snapshot) {
	v.stored, v.confirmed = make(map[string]*Service, len(s.Remote)), s.Taken
	for _, b := range s.Remote {
		v.stored[keyOf(b.Name, b.Datacenter)] = b
	}
}
