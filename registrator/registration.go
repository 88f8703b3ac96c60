package registrator

import (
	"context"
	"time"
)

// Registration is what we ask the catalogue to hold: one service instance. Immutable once made.
// The keys and their meaning are those of Consul's agent API, PUT /v1/agent/service/register.
type Registration struct {
	ID      string
	Name    string
	Tags    []string
	Address string // "" means the agent node's address
	Port    int
	// Meta is what came from SERVICE_* variables, already made valid, and what the keys of package outside say of the container (not in
	// -compat). Ownership is not in here: see Owner.
	Meta map[string]string
	// Weight is Consul's Weights.Passing; 0 means not given (Consul's default 1).
	Weight            int
	EnableTagOverride bool
	// Checks: at most two, the one from SERVICE_CHECK_* and the one that mirrors Docker's HEALTHCHECK.
	Checks []Check
	// Owner is our mark. The zero Owner means that no mark is written (-compat).
	Owner Owner
}

// Owner is what the adapter writes into the catalogue beside the registration, so that a later process knows whose it is
// (4 of Consul's 64 meta keys: mark, container, start, sent). Sent is left out of every comparison.
type Owner struct {
	Host      string    // the registrator's host name: the scope of ownership
	Container string    // full container id
	Started   time.Time // the container's State.StartedAt
	Sent      time.Time // set by the adapter when it sends
}

// Check is a health check definition with Consul's fields. Exactly one of HTTP, TCP, GRPC, TTL, Script,
// ShellLine is set.
// Durations are Consul's duration strings, already made valid.
type Check struct {
	// ID is "" for the first check (Consul then derives "service:<ID>"); the HEALTHCHECK mirror has one of its own.
	ID, Name string
	HTTP     string
	Method   string
	Header   map[string][]string
	// NoRedirects: an answer that redirects is not followed, and is critical. Otherwise whoever is asked would choose what the
	// catalogue's process asks next, its own API for one. Left out of the digest of checks that are no HTTP.
	NoRedirects   bool `json:",omitempty"`
	TCP           string
	GRPC          string
	GRPCUseTLS    bool
	TLSSkipVerify bool
	TTL           string
	Script        []string
	// ShellLine is a command for Consul's old Script key: only CompatV7 makes it. Consul >= 1.1 refuses it, as it did v7's.
	ShellLine string
	Interval  string
	Timeout   string
	// Status is the initial status; "" leaves it to the catalogue (critical).
	Status          string
	DeregisterAfter string
	// Output accompanies Status of a TTL check that we write ourselves (the HEALTHCHECK mirror).
	Output string
}

// Held is a registration as the catalogue holds it.
type Held struct {
	Registration
	// Digest tells whether the held checks are those that Registration.Checks would make; compared with Digest().
	Digest string
	// Maintenance says that the instance is in maintenance mode.
	Maintenance bool
	// MaintenanceReason is the reason that was given with it; "" where the catalogue does not tell.
	MaintenanceReason string
	// TTLStatus is the present status of the HEALTHCHECK mirror, "" when there is none.
	TTLStatus string
}

// Catalogue is the registrator's side of a catalogue. Implementations are discovery/consul and discovery/memory. Every
// method is bounded in time by the implementation as well as by ctx, and may be called from several goroutines.
type Catalogue interface {
	// Ping answers whether the catalogue can be reached (Consul: GET /v1/status/leader, any 200 counts).
	Ping(ctx context.Context) error
	// Held lists all registrations of the agent, ours or not. Complete, or an error.
	Held(ctx context.Context) (map[string]Held, error)
	// Register creates or replaces.
	Register(ctx context.Context, r Registration) error
	// Deregister removes; an unknown id is success.
	Deregister(ctx context.Context, id string) error
	// Report writes the status ("passing", "warning", "critical") of a TTL check that we own.
	Report(ctx context.Context, checkID, status, output string) error
	// Maintain puts an instance into maintenance, or takes it out.
	Maintain(ctx context.Context, id string, on bool, reason string) error
}
