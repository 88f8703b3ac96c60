package routing

import (
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/filter"
)

// Options say how tables are built. The zero value serves tagged services only, by round robin.
type Options struct {
	// Registered adds a route <service>.<Domain> for every service that a registrator has registered.
	Registered bool
	// RegisteredPath adds a route /<service> on any host, too; the path is removed from the front of what goes upstream.
	RegisteredPath bool
	// RegisteredTag has Registered add routes for all services that carry this tag, and no others; "" is none.
	RegisteredTag string
	// Domain is the suffix for Registered, and for hosts that a language has written short; "" means localhost.
	Domain string
	// DefaultService answers what no route claims; "" means none.
	DefaultService string
	// OwnServices are the names under which this proxy is registered itself; they never get a route.
	OwnServices []string
	// Gate judges the instances' addresses where they are IP literals: the same as Shared.Gate.
	Gate outside.Gate
	// OwnContainer begins the id of the container that we run in, whose registrations are ours under whatever name and address;
	// "" where it is none.
	OwnContainer string
	// ExclusiveHosts gives each host to the service that asked for it first, and refuses the routes of others on it.
	ExclusiveHosts bool
	// Listeners are the names that a route may call; none takes any name for that of a listener.
	Listeners []string
	// PlainOnly says that nothing serves HTTPS, neither the process nor a trusted proxy in front of it.
	PlainOnly bool
	// ClientCAs are the names of the operator's sets of authorities for client certificates; nil takes any name for one.
	ClientCAs []string
	// EntryPoints are the names by which other languages call them; nil has the usual ones.
	EntryPoints *dialect.EntryPoints
	// UpstreamCAs and UpstreamCerts are the authorities of instances, and the certificates that are shown to them, by the names that routes
	// call them by; a route that calls another name is closed.
	UpstreamCAs   map[string]balancer.Authorities
	UpstreamCerts map[string]balancer.Certificate
	// SecureListeners are those of them that speak TLS.
	SecureListeners []string
	// NoACME says that the process gets no certificates by itself.
	NoACME bool
	// Languages are those in which tags ask for routes; without one no tag is read.
	Languages dialect.Languages
	// TextLanguage is the language of the texts with the key TextKey and below it; nil has our own lines there too.
	TextLanguage dialect.TextLanguage
	TextKey      string
	// Balancing is how an instance is chosen on routes that do not say it; the zero value is by round robin.
	Balancing dialect.Balance
	// Balance is the policy that does it; nil means that of Balancing.
	Balance balancer.Policy
	// Zone is the own zone, whose instances are preferred; "" prefers none.
	Zone string
	// ZoneThreshold is the part of the own zone's instances, above 0 and at most 1, that have to be usable for them to get all requests;
	// below, other zones take over in proportion. 0 means 0.7.
	ZoneThreshold float64
	// Defaults are the policy of a route of which nothing else is said; nil means DefaultPolicy.
	Defaults *Policy
	// Policy, unless nil, changes the policy of a route, which begins as a copy of Defaults. It is called when the route is built, of which
	// name, host, path and members are then known.
	Policy func(*Route, *Policy)
	// Blocking says which routes' policies may block, besides those with TLS towards the instances; nil means that none do. It is
	// asked when a route is built, of which host, path and targets are then known.
	Blocking func(*Route) bool
	// Reviver brings instances back that refuse; nil lets time alone do it.
	Reviver *balancer.Reviver
	// Filters is what the filters of all routes share; nil means one made for these tables.
	Filters *filter.Common
	// Checker asks the instances of which a rule wants it; nil asks none.
	Checker *balancer.Checker
	// Read, unless nil, is told what the tags of an instance were read as, before what is done about it. It is called from Next.
	Read func(*discovery.Instance, dialect.Result)
	// Log gets one line for each thing that is newly refused; the zero value writes nothing.
	Log zerolog.Logger
}

// catalogueService is the name under which Consul registers its own servers. They are no application of anybody.
const catalogueService = "consul"

func (o Options) withDefaults() Options {
	if o.Domain == "" {
		o.Domain = "localhost" // resolves to loopback everywhere (RFC 6761, section 6.3)
	}
	if o.Balance == nil {
		o.Balance = chooserOf(&o.Balancing)
	}
	if o.Defaults == nil {
		p := DefaultPolicy()
		o.Defaults = &p
	}
	if o.Zone != "" { // so that routes can still share it
		p := *o.Defaults
		p.Balance.Zoned = true
		o.Defaults = &p
	}
	if o.Filters == nil {
		o.Filters = filter.NewCommon(o.Gate)
	}
	return o
}

// env is what tags and lines may refer to.
func (o *Options) env(datacenter string) dialect.Env {
	cas := strings.Join(o.ClientCAs, ",")
	if o.ClientCAs != nil && cas == "" {
		cas = dialect.NoNames
	}
	return dialect.Env{
		Datacenter: datacenter, Listeners: strings.Join(o.Listeners, ","), EntryPoints: o.EntryPoints, Domain: o.Domain,
		PlainOnly: o.PlainOnly, ClientCAs: cas, UpstreamCAs: namesIn(o.UpstreamCAs), UpstreamCerts: namesIn(o.UpstreamCerts),
		SecureListeners: strings.Join(o.SecureListeners, ","), NoACME: o.NoACME, Exclusive: o.ExclusiveHosts,
	}
}

// Wants says whether a service, by its name and the union of its instances' tags, has to be watched for these tables.
func (o Options) Wants(name string, tags []string) bool {
	if o.isOwn(name) {
		return false
	}
	return name == o.DefaultService || o.Registered && name != catalogueService && (o.RegisteredTag == "" || slices.Contains(tags, o.RegisteredTag)) || o.Languages.Wants(tags)
}

func (o *Options) isOwn(name string) bool {
	for _, own := range o.OwnServices {
		if own == name {
			return true
		}
	}
	return false
}

// isThis says whether a service is this proxy: one of its name in another datacenter is another proxy.
func (o *Options) isThis(s dialect.ServiceName) bool { return s.Datacenter == "" && o.isOwn(s.Name) }

// Table is all routes at one moment. Immutable.
type Table struct {
	// Number counts the tables of this process; 0 is the empty one that NewTable makes. Previous is the number of the one
	// that this was derived from.
	Number, Previous uint64
	// Cause is why it differs from that one.
	Cause Cause
	// Sequence, Stale and Taken are those of the snapshot.
	Sequence uint64
	Stale    bool
	Taken    time.Time
	// Published is when a Switch published it; zero where none did.
	Published time.Time

	options            *Options
	env                dialect.Env // without Definitions, which change by name
	definitions        *dialect.Definitions
	claimants          []*claimant // sorted by name
	remote             []*claimant // of other datacenters, in the order of Snapshot.Remote
	sources            []*source   // in the order of Snapshot.Texts
	pins               []*pinned   // in the order of Snapshot.Pins
	changes            []dialect.TagChange
	changesAt          []int // where those of each text begin in changes
	fixed              map[fixedKey]*balancer.Upstream
	index              *index
	naming             map[routeKey]*Route // those that name other services, or have notes; nil where none does
	fallback           *Route              // of the default service; nil when there is none
	arrived            []*balancer.Upstream
	drained, undrained []*balancer.Upstream // that get no new requests from now on, or get some again
	returned           []*balancer.Way      // of instances that the catalogue keeps requests from no more
	departed           []*balancer.Upstream
	unspoken           []*balancer.Way // of instances that stay
	checked            []wayCheck      // that were not before
	unchecked          []wayCheck      // that are no more
	told               []Verdict       // those that the table before did not have
	contests           []step          // likewise: services that came to the grounds of others
	vacant             int
}

// NewTable makes the empty table from which the first one is derived.
func NewTable(o Options) *Table {
	o = o.withDefaults()
	return &Table{options: &o, index: &index{overall: overall{seed: maphash.MakeSeed()}}}
}

// Len is the number of places (host, port and path) that have a route, without the default.
func (t *Table) Len() int { return t.index.slots.size }
