package discovery

import (
	"time"
)

const (
	// stateVersion changes when an older reader could misread the file.
	stateVersion = 1
	// stateLimit is how old the disk's content may be to be served: a day-old view is more likely wrong than useful.
	stateLimit = 24 * time.Hour
	// stateSkew is how far in the future it may be: clocks are set back by seconds, not by hours.
	stateSkew = time.Hour
	// maxStateBytes bounds the read: 20,000 instances with a kilobyte of tags each need a third of it.
	maxStateBytes = 64 << 20
	// maxWeight is Consul's own bound for a weight.
	maxWeight = 65535
	// stateInterval is the least time between two writes.
	stateInterval = time.Second
	// confirmInterval is how often an unchanged snapshot is written again, so that its age tells when the catalogue last
	// confirmed it, and not when it last changed.
	confirmInterval = 15 * time.Minute
)

// state is the file's content.
type state struct {
	Version    int            `json:"version"`
	Confirmed  time.Time      `json:"confirmed"`
	Datacenter string         `json:"datacenter,omitempty"`
	Node       string         `json:"node,omitempty"`
	Services   []stateService `json:"services"`
	// Remote are those of other datacenters. An older reader passes them over.
	Remote []stateService `json:"remote,omitempty"`
	// Texts are those that the catalogue holds, in place of a broken one the last that was not; files are there to be read again.
	Texts     []stateText `json:"texts,omitempty"`
	TextIndex uint64      `json:"textIndex,omitempty"`
	// Pins are those of the Store. An older reader passes them over.
	Pins []stateText `json:"pins,omitempty"`
}

type stateText struct {
	Name  string   `json:"name"`
	Lines []string `json:"lines"`
	Index uint64   `json:"index,omitempty"`
}

type stateService struct {
	Name       string          `json:"name"`
	Datacenter string          `json:"datacenter,omitempty"`
	Index      uint64          `json:"index,omitempty"`
	Instances  []stateInstance `json:"instances"`
}

type stateInstance struct {
	Node       string            `json:"node,omitempty"`
	ID         string            `json:"id"`
	Address    string            `json:"address"`
	Port       int               `json:"port"`
	Start      string            `json:"start,omitempty"`
	Kind       string            `json:"kind,omitempty"`
	Tags       []string          `json:"tags,omitempty"`
	Meta       map[string]string `json:"meta,omitempty"`
	Zone       string            `json:"zone,omitempty"`
	Weight     int               `json:"weight"`
	Status     string            `json:"status"`
	NodeDown   bool              `json:"nodeDown,omitempty"`
	Marked     bool              `json:"marked,omitempty"`
	Registered bool              `json:"registered,omitempty"`
	Container  string            `json:"container,omitempty"`
	Started    time.Time         `json:"started,omitzero"`
	Sent       time.Time         `json:"sent,omitzero"`
	Index      uint64            `json:"index,omitempty"`
	Created    uint64            `json:"created,omitempty"`
	Local      bool              `json:"local,omitempty"`
	Draining   time.Time         `json:"draining,omitzero"` // an older reader passes it over
}

func newState(s *Snapshot, confirmed time.Time) state {
	out := state{Version: stateVersion, Confirmed: confirmed, Datacenter: s.Datacenter, Node: s.Node,
		Services: make([]stateService, 0, len(s.Services))}
	for _, b := range s.Services {
		out.Services = append(out.Services, newStateService(b))
	}
	for _, b := range s.Remote {
		if b.Missing == "" {
			out.Remote = append(out.Remote, newStateService(b))
		}
	}
	out.TextIndex = s.TextIndex
	for _, t := range s.Texts {
		if t.Kind != TextKV {
			continue
		}
		if t.Before != nil { // it is asked for again
			t, out.TextIndex = t.Before, 0
		}
		out.Texts = append(out.Texts, stateText{Name: t.Name, Lines: t.Lines, Index: t.Index})
	}
	for _, t := range s.Pins {
		out.Pins = append(out.Pins, stateText{Name: t.Name, Lines: t.Lines})
	}
	return out
}

func newStateService(b *Service) stateService {
	t := stateService{Name: b.Name, Datacenter: b.Datacenter, Index: b.Index, Instances: make([]stateInstance, 0, len(b.Instances))}
	for _, i := range b.Instances {
		t.Instances = append(t.Instances, stateInstance{
			Node: i.Node, ID: i.ID, Address: i.Address, Port: i.Port, Start: i.Start, Kind: i.Kind, Tags: i.Tags, Meta: i.Meta, Zone: i.Zone,
			Weight: i.Weight, Status: i.Status.String(), NodeDown: i.NodeDown, Marked: i.Marked, Registered: i.Registered, Started: i.Started,
			Sent: i.Sent, Container: i.Container, Index: i.Index, Created: i.Created, Local: i.Local, Draining: i.Draining,
		})
	}
	return t
}
