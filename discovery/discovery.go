// Package discovery turns a catalogue (Consul, or the embedded one) into Snapshots: what the catalogue says exists, service by
// service, complete and with its health.
//
// The nouns: a Catalogue answers a Query about the list of services (Listing) or about one of them (Answer: all its Instances).
// The Watcher keeps the last good answer of every service that is wanted and publishes a Snapshot, one immutable Service for
// each, whenever content changed. Where there are too many services for a question each, a Hinter tells by Topic in which
// services something has changed (Hints), and those are asked for again. Discovery carries facts and does not interpret
// them: tags and meta pass through unread.
//
// How an answer comes in: follow (or askAll) asks, cursor judges its index, takeAnswer compares it with the view, judge says
// which losses are believed at once and which instances are retained and probed, publish hands out the next Snapshot.
//
// Rules: what is published is never modified; an error never shrinks the world; equal content publishes nothing; nothing is
// published before the first view is complete (or its deadline has passed).
package discovery

import (
	"context"
	"errors"
	"time"
)

// Status is the aggregated health of an instance over its node's and its own checks: the worst of them counts.
// The zero value is Critical, so that an instance nobody judged gets no traffic.
type Status uint8

// The states of health, from worst to best but for Maintenance, which is an operator's decision and outranks them all.
const (
	Critical Status = iota
	Warning
	Passing
	Maintenance
)

// String is the word that Consul uses for the state.
func (s Status) String() string {
	switch s {
	case Warning:
		return "warning"
	case Passing:
		return "passing"
	case Maintenance:
		return "maintenance"
	default:
		return "critical"
	}
}

// Identity says whether two sightings are the same instance: what it has gathered (counts, connections, its ejection) then stays
// with it from Snapshot to Snapshot. It is comparable and usable as a map key.
// A container restarted on the same address carries another Start and so is another instance.
type Identity struct {
	// Datacenter is "" for that which is watched: others may have a node and a service ID of the same names.
	Datacenter string

	Node    string
	ID      string // service ID
	Address string // host or IP literal, no brackets, no port
	Port    int
	Start   string // the container's start stamp as registered; "" where there is none
}

// Instance is what the catalogue says exists. It is a value; Tags and Meta are shared and must not be modified.
type Instance struct {
	Identity
	Service string
	// Kind is the catalogue's word for what is no ordinary service: connect-proxy, mesh-gateway and the like in Consul; "" for
	// all else (https://developer.hashicorp.com/consul/api-docs/agent/service, Kind).
	Kind string
	Tags []string
	Meta map[string]string
	// Zone is where it stands, see ZoneOf.
	Zone string
	// Weight is the catalogue's weight for the present Status (Consul's Weights.Passing or .Warning). Always >= 1.
	Weight int
	Status Status
	// NodeDown says that the node's own check (serfHealth) is critical: the agent is unreachable, which says little about
	// the instance itself.
	NodeDown bool
	// Registered says that a registrator made the registration, ours or another one: by our mark or by the form of the ID.
	Registered bool
	// Marked says that a registrator of ours registered it; Started and Sent are then the container's start and the moment
	// the registration was sent, on the registrating host's clock. Zero when absent.
	Marked        bool
	Started, Sent time.Time
	// Container is the id of the container that it was registered for; "" where unknown.
	Container string
	// Index is the entry's modification index in the catalogue; 0 where unknown.
	Index uint64
	// Created is the index at which the catalogue first got the instance: who was there before whom. 0 where unknown.
	Created uint64
	// Seen is when this process first saw the instance; SinceStart says that this was after the first complete view.
	Seen       time.Time
	SinceStart bool
	// Draining is until when the instance gets no new requests, as somebody asked for that; zero: nobody did. The catalogue does not know it.
	Draining time.Time
	// Local says that the instance's node is the host of the catalogue's agent that we talk to.
	Local bool
}

// Usable says whether new requests may go to it: the catalogue's verdict is passing or warning, and it is not draining.
func (i *Instance) Usable() bool {
	return (i.Status == Passing || i.Status == Warning) && i.Draining.IsZero()
}

// Service is one immutable block: all instances of a service, sorted by node, then ID. An unchanged service keeps its
// block's pointer from snapshot to snapshot.
type Service struct {
	Name string
	// Datacenter is "" for that which is watched.
	Datacenter string
	Instances  []Instance
	Index      uint64
	// Missing is why nothing is known of a service of another datacenter, for people; Instances is then empty, and says nothing. "" otherwise.
	Missing string
}

// Snapshot is every watched service at one moment. Immutable.
type Snapshot struct {
	Services []*Service // sorted by name
	// Remote are services of other datacenters that somebody names, sorted by datacenter, then name.
	Remote []*Service
	// Texts are route lines that stand outside of services, those of files first, then by name. An unchanged one keeps its pointer.
	Texts []*Text
	// Pins hold the routes of services as they were, in texts that discovery does not read, sorted by name: PinPrefix, a slash, and KeyOf the
	// service. An unchanged one keeps its pointer.
	Pins []*Text
	// Names are where the hosts lead that Texts name, sorted by host.
	Names    []*Name
	Sequence uint64 // 1 for the first one published by this process
	// Cause is a short text for people: what changed ("web: +2 -1", "from disk").
	Cause string
	// Stale says that the content comes from disk and no catalogue has confirmed it yet.
	Stale bool
	Taken time.Time
	// Datacenter is the local datacenter's name; "" where unknown. Node is the local agent's node.
	Datacenter, Node string

	// TextIndex is the index of the last answer about the catalogue's texts; 0 where there was none.
	TextIndex uint64
}

// Query is one blocking question. Index 0 asks for an answer at once; otherwise the catalogue answers when it has something
// newer, or when Wait has passed. Zero Wait means the catalogue's default.
type Query struct {
	Index uint64
	Wait  time.Duration
}

// Meta is what came with an answer.
type Meta struct {
	// Index is what to wait with next; 0 when the answer's index was missing or junk (IndexBad is then true).
	Index    uint64
	IndexBad bool
	// Leaderless says that the catalogue has no leader, told by a back-end whose word can be believed on that.
	Leaderless bool
}

// ErrDenied marks an answer of "permission denied" (Consul ACL): loud, and never an empty list.
var ErrDenied = errors.New("permission denied by the catalogue")

// Listing is the set of services that exist, by name, with the union of their instances' tags.
type Listing struct {
	Services map[string][]string
	// Bytes is the answer's size, 0 where unknown; the pace of the questions follows it.
	Bytes int
	Meta
}

// Answer is the complete set of instances of one service, unfiltered: sick ones are part of it with their Status.
type Answer struct {
	Instances []Instance
	Meta
}

// Catalogue answers blocking queries. Implementations are discovery/consul and discovery/memory. Both methods may be called
// from several goroutines; each must return when ctx ends, which the Watcher sees to a few seconds after Wait has passed, and
// must return an error rather than an incomplete answer. The caller owns what is returned.
type Catalogue interface {
	List(ctx context.Context, q Query) (Listing, error)
	Instances(ctx context.Context, service string, q Query) (Answer, error)
}
