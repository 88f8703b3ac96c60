package discovery

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery/outside"
)

// Options configure a Watcher. Only Catalogue is required; every other zero value has a meaning, told at the field.
type Options struct {
	// Catalogue is what is watched.
	Catalogue Catalogue
	// Wanted says whether a service with these tags (the union over its instances) is to be watched. Nil wants all. It is
	// called from the Watcher's goroutine only and must be quick and pure.
	Wanted func(name string, tags []string) bool
	// Refer says what texts name: services that are then watched like those that are Wanted, and hosts. Called from the Watcher's goroutine
	// only, when texts have changed; it must be quick, and not keep the list. Nil: nothing.
	Refer func(texts []*Text) References
	// Broken says whether a text can't be taken as a whole: then the last one that could is kept beside it, on disk in its place. Nil: none is. It is
	// called as Refer is.
	Broken func(t *Text) bool
	// Named says which services the tags of another one name, which are then watched, too. Nil: none. It is called as Wanted is.
	Named func(name string, tags []string) References
	// Pinned says that somebody will call SetPins; the first view waits for it.
	Pinned bool
	// InUse says whether requests went to a service of another datacenter within the last seconds. Nil: none did. It is called from the
	// Watcher's goroutine once a second, and must not block.
	InUse func(service, datacenter string) bool
	// Never names services that are not watched whatever their tags say (the catalogue's own, the proxy itself). Nil: none.
	Never func(name string) bool
	// Wait is how long the catalogue may hold a question without news. 0 means 60 s: a connection that silently broke is
	// noticed after Wait*17/16 + 5 s, and an idle watch costs one question a minute; the list's, every 10 s, tells that a leader
	// is lost. Consul's own limit is 10 minutes.
	Wait time.Duration
	// StateFile keeps the last good snapshot; "" keeps none.
	StateFile string
	// Probe connects to an instance (host:port, IPv6 in brackets) and returns nil when the connection was accepted. It must
	// return when ctx ends, which is after 2 s. Nil dials TCP through a zero outside.Gate and closes.
	Probe func(ctx context.Context, address string) error
	// FirstViewLimit bounds the wait for the services of the first list, counted from that list's arrival. 0 means 10 s.
	FirstViewLimit time.Duration
	// MaxWatches is how many questions may wait at the same time unless Multiplexed, beside the list's. 0 means 128: Consul's
	// agent allows 200 connections from one address, and others on the host need some of them. With more services than that,
	// and a Catalogue that is a Hinter, the watches are on nodes; with more nodes too, these are asked in turn.
	MaxWatches int
	// Multiplexed says that the catalogue's questions share connections (HTTP/2, or no network at all): no limit then.
	Multiplexed bool
	// Drains says that SetDrains will be called; the first view waits for that.
	Drains bool
	// Home tells the local datacenter and node, "" where unknown. It is asked with each list, and what becomes known there is
	// published as any change is. Nil: both unknown. It must not block.
	Home func() (datacenter, node string)
	// Cost tells how long the receiver was busy with the last Snapshot that it took, 0 where unknown. Snapshots then follow each
	// other so that this is some 2 % of a core, at most 200 and, while there is something to tell, at least one a second. Nil:
	// always 0.
	Cost func() time.Duration
	// Decided is told of each Decision, and Noted when the catalogue or another datacenter stops answering, and when it answers again. They are
	// called from the Watcher's goroutine, and must not block. Nil: nobody is told.
	Decided func(Decision)
	Noted   func(Outage)
	// Log gets one line per change of state. The zero Logger writes nothing.
	Log zerolog.Logger
	// Registerer gets the Watcher's collector. Nil: no metrics.
	Registerer prometheus.Registerer
}

const (
	// defaultWait: see Options.Wait.
	defaultWait = time.Minute
	// firstViewLimit: longer than any healthy catalogue takes for its first answers, short enough for a start-up probe.
	firstViewLimit = 10 * time.Second
	// maxWatches: see Options.MaxWatches.
	maxWatches = 128
	// probeLimit: a host that is alive answers a SYN in milliseconds; one lost packet is repeated by the kernel after 1 s.
	probeLimit = 2 * time.Second
)

func (o Options) withDefaults() Options {
	if o.Wanted == nil {
		o.Wanted = func(string, []string) bool { return true }
	}
	if o.Never == nil {
		o.Never = func(string) bool { return false }
	}
	if o.Wait <= 0 {
		o.Wait = defaultWait
	}
	if o.Probe == nil {
		o.Probe = connect
	}
	if o.FirstViewLimit <= 0 {
		o.FirstViewLimit = firstViewLimit
	}
	if o.MaxWatches <= 0 {
		o.MaxWatches = maxWatches
	}
	if o.Cost == nil {
		o.Cost = func() time.Duration { return 0 }
	}
	if o.InUse == nil {
		o.InUse = func(string, string) bool { return false }
	}
	if o.Home == nil {
		o.Home = func() (string, string) { return "", "" }
	}
	return o
}

// connect is the default Probe: a TCP connection that is closed at once.
func connect(ctx context.Context, address string) error {
	c, err := outside.Gate{}.Dial(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return c.Close()
}
