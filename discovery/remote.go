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
