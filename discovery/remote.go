package discovery

import (
	"cmp"
	"context"
	"errors"
	"strings"
)

// Remote is a service of another datacenter that a text or a tag names.
type Remote struct {
	Service, Datacenter string
	// Standby says that it serves only where the service of the same name here can't. It is watched while that one is weak or requests go
	// there, and else asked about once a minute, so that an answer is at hand when it is needed.
	Standby bool
}

// Compare orders them by datacenter, then service.
func (r Remote) Compare(o Remote) int {
	standby := func(r Remote) int {
		if r.Standby {
			return 1
		}
		return 0
	}
	return cmp.Or(strings.Compare(r.Datacenter, o.Datacenter), strings.Compare(r.Service, o.Service), cmp.Compare(standby(r), standby(o)))
}

// Federated is a Catalogue that can be asked about other datacenters. What Instances promises holds for InstancesIn too; where there is no way
// to the datacenter, or no such one, its error is ErrNoDatacenter.
type Federated interface {
	InstancesIn(ctx context.Context, datacenter, service string, q Query) (Answer, error)
}

// ErrNoDatacenter marks an answer that the catalogue knows no way to a datacenter: it does not exist, or is cut off.
var ErrNoDatacenter = errors.New("the catalogue knows no way to the datacenter")

// errAlone is the catalogue that is no Federated.
var errAlone = errors.New("the embedded catalogue has no other datacenters")

// text is what people call the service: NAME, or NAME@DATACENTER.
func (s *subject) text() string {
	if s.in.name == "" {
		return s.name
	}
	return s.name + "@" + s.in.name
}

// key is what tells the service from all others of whatever datacenter.
func (s *subject) key() string { return keyOf(s.name, s.in.name) }

func keyOf(service, datacenter string) string {
	if datacenter == "" {
		return service
	}
	return service + "\x00" + datacenter // in no name
}

// makeRoom sees to it that there is room for a service that a line names: with too many, one goes that no line names, rather one that nobody
// names any more.
func (v *view) makeRoom(r Remote, byLines map[string]bool) {
	if in := v.realms[r.Datacenter]; in != nil && in.subjects[r.Service] != nil || v.remoteCount() < maxRemotes {
		return
	}
	var goes *subject
	for s := range v.eachRemote {
		if !byLines[s.key()] && (goes == nil || s.dispensableBefore(goes)) {
			goes = s
		}
	}
	if goes != nil {
		v.tellFull(goes.text())
		v.dropRemote(goes)
	}
}

// dispensableBefore says whether a service goes rather than another one: the one that nobody names any more, else the last by name.
func (s *subject) dispensableBefore(o *subject) bool {
	if unnamed := !s.remote.unnamed.IsZero(); unnamed == o.remote.unnamed.IsZero() {
		return unnamed
	}
	return s.key() > o.key()
}

// tellFull tells, once, that there are too many.
func (v *view) tellFull(example string) {
	if v.full {
		return
	}
	v.full = true
	v.o.Log.Error().Int("limit", maxRemotes).Str("for example", example).
		Msg("more services of other datacenters are named than are followed: the others have no instances")
}

// eachRemote yields all that are followed.
func (v *view) eachRemote(yield func(*subject) bool) {
	for _, in := range v.realms {
		for _, s := range in.subjects {
			if !yield(s) {
				return
			}
		}
	}
}

func (v *view) remoteCount() (n int) {
	for _, in := range v.realms {
		n += len(in.subjects)
	}
	return n
}
