package routing

import (
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// claimant is what one service's block was compiled to. Frozen; it lives as long as the block stays the same.
type claimant struct {
	name       string
	datacenter string             // "" for that which is watched
	block      *discovery.Service // nil when the service has left the catalogue
	pin        *Pin               // that the tags of block are of; nil where they are the catalogue's
	claims     []*claim
	grounds    []string              // of the claims; see routeKey.ground
	defines    []*dialect.Definition // what its tags define for others, sorted
	uses       []string              // the names whose definitions its rules depend on, sorted
	// verdicts are those that are told: tags in effect as written are counted, in used.
	verdicts []Verdict
	used     int
	tally    tally // of used
	// standing is what each instance carries over to the next table, in the block's order; known finds it by identity.
	standing []standing
	known    map[discovery.Identity]*standing
	// returned are the ways of instances that were not usable before, until the table is published.
	returned []*balancer.Way
	// vacant is when the last instance went; zero while there is one.
	vacant time.Time
}

// standing is what an instance carries over.
type standing struct {
	upstream *balancer.Upstream // nil when it has none
	ways     []*balancer.Way    // those in which its rules speak to it
	rules    []*dialect.Rule    // the good ones, with what its tags had asked for before they were spoilt
	good     []*dialect.Rule    // the same, without what shutUnheld did to them
	uses     []string           // the names whose definitions they depend on
	called   string             // what they depend on of what the instance is called; "" where they don't
	defaults *dialect.Defaults  // what its tags ask for all its routes
	tags     []string
	port     int // of its container, see dialect.Env
	tally    tally
	used     int  // rules in effect as written
	clean    bool // all of them are, and no tag has another verdict
	foreign  bool // it is no HTTP instance: it has no upstream and no part in any route
	usable   bool // the catalogue allows requests
	lost     bool // a tag restricts what could not be read
	barred   bool // a registration of its address restricts routes of its own: none that was not asked for leads past that
	guarded  bool // or all its routes
	served   bool // it has, since we know the instance, or it was there before us
}

// claim is a service's part in one route. rule is that of its oldest instance. No members means that none of its instances is usable.
type claim struct {
	key      routeKey
	rule     *dialect.Rule
	service  string
	since    uint64          // see compiler.since
	oldest   uint64          // of the instance whose rule it is
	members  []Member        // Index and Weight are set in the Route
	missing  []missing       // of the own zone
	doubles  []*dialect.Rule // of other registrations of members' addresses: what they restrict counts
	closed   bool            // an instance restricts the route in a way that can't be honoured
	operator bool            // it is a line of the operator's
	shut     bool            // the operator does: then nobody is let in, to whatever instance
	name     string          // of a line's, see nameOf; "" where a service makes the claim
	// restricts are the rules of instances, usable or not, that narrow who may use the route: they hold where others serve in their place.
	restricts []*dialect.Rule
	pin       *Pin // of the service; nil where it is not pinned
}
