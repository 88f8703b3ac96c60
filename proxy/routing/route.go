// Package routing holds the Table of routes: which Route takes a request, and which instances stand behind it.
//
// A Snapshot of the catalogue comes in; Table.Next derives the next Table from the present one; Switch publishes it by one atomic store.
// A request loads the Table once and asks Match for its Route and Route.Pick for a Member: one instance in one route. The package does
// no I/O and knows neither connections nor messages.
//
// Three laws. A request loads the table once. Nothing is modified after it is published. What changes while requests are served lives
// in Upstream, Way and Lane (see package balancer), which a new table carries over by identity.
package routing

import (
	"slices"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// Route is a rule compiled over all instances that ask for it. Frozen once its table is published.
type Route struct {
	// Name is the service's name made fit for a metric label: printable ASCII, at most 128 bytes. Where several services
	// ask for the same route it is the one that did so first; Upstream.Service tells whose instance was chosen.
	Name string
	// Host is in lower case with the port where the rule has one, "" for any host; Path is the prefix.
	Host, Path string
	// Language is that of the first service's rule, for people: nothing else depends on it.
	Language string
	// Priority orders the routes of one host: higher ones are tried first. It is what the oldest claim asks for.
	Priority int
	// Default marks the route of the default service; its Host and Path are "".
	Default bool
	// Members are the instances that the catalogue allows traffic to. Empty means known but down.
	Members []Member
	Lane    *balancer.Lane
	// Rules are those by which the route is asked for, the oldest claim's first: what they restrict adds up, and of all else the first
	// one decides. Never empty; those that ask the same of the route stand there once.
	Rules []*dialect.Rule
	// Policy is how requests are treated. Never nil.
	Policy *Policy
	// Blocking says that serving the route may block (TLS towards the instances, see also Options.Blocking), which an event loop
	// must not.
	Blocking bool
	// Closed says that there are no members because instances restrict the route in a way that can't be honoured: nobody is let in.
	Closed bool
	// Sets serve where Members can't: the first Fallbacks of them in their order, and each of the others for a case of On. Nil where the
	// route has none.
	Sets      []Set
	Fallbacks int
	// On is what takes the place of errors; nil where nothing does.
	On *On

	// Via is the route's own name in Via fields, see newPseudonym.
	Via string
	key routeKey
	// conditions are those of all claims; nil where there are none. closed stands for the route where it can't be told in time whether a
	// request meets them; nil where that is always told.
	conditions *dialect.Conditions
	closed     *Route
	// guards says that who meets the conditions is refused, sent elsewhere, or asked who he is: nobody gets past them by writing a parameter or a cookie in another way.
	guards bool
	claims []*claim // the oldest first
	picker balancer.Picker
	named  []named   // services that the sets are made of
	notes  []Verdict // about them
}

// Member is one instance in one route.
type Member struct {
	Upstream *balancer.Upstream
	// Way is how the Upstream is spoken to in this route.
	Way *balancer.Way
	// Instance is what the catalogue says of it; nil where a line names an address that no service has registered.
	Instance *discovery.Instance
	// Authority is the host and port by which a line names it; "" where that is the address that is dialled.
	Authority string
	// Rule is the one by which this instance asks for the route. Never nil.
	Rule *dialect.Rule
	// Index is the position in Route.Members, for balancer.Tried.
	Index int
	// Weight is what the picker was given: relative to the route's other members.
	Weight int
	// Away says that it stands in another zone than ours.
	Away bool
	// MaxConns is how many requests the Upstream may have at once; 0 is no limit.
	MaxConns int
	// Sticky is what clients' cookies name the instance by, and Cookie such a cookie; 0 and "" where the route is not sticky.
	Sticky uint64
	Cookie string
}

// Pick chooses an instance that is usable and was not tried. ok is false when there is none: answer 503 at once. The caller
// adds Member.Index to those tried. No allocation.
func (r *Route) Pick(w balancer.Want) (*Member, bool) {
	i, ok := r.picker.Pick(w)
	if !ok {
		return nil, false
	}
	return &r.Members[i], true
}

// Choices is how many members there are to choose from, one after the other.
func (r *Route) Choices() int {
	n := len(r.Members)
	for i := range r.Fallbacks {
		n += len(r.Sets[i].Members)
	}
	return n
}

// newRoute builds a route over claims. Old, if not nil, is the one that it replaces; it hands its Lane on. find finds services by name.
func newRoute(o *Options, key routeKey, claims []*claim, old *Route, find func(dialect.ServiceName) *claimant) *Route {
	r := &Route{Host: key.host, Path: key.path.Text, Language: dialect.NativeName, Default: key.isDefault, key: key, claims: claims}
	if key.port != "" {
		r.Host += ":" + key.port
	}
	if old != nil {
		r.Lane, r.Via = old.Lane, old.Via
	} else {
		r.Lane, r.Via = balancer.NewLane(), newPseudonym()
	}
	r.Name = label(o.DefaultService)
	n := 0
	shut := false
	for _, c := range claims {
		n += len(c.members)
		r.Closed = r.Closed || c.closed
		shut = shut || c.shut
	}
	if shut { // nobody is let in, to whatever instance
		claims, n = nil, 0
	}
	r.Closed = r.Closed && n == 0
	if len(r.claims) > 0 {
		m := &r.claims[0].rule.Match
		r.Name, r.Language, r.Priority, r.conditions = nameOf(r.claims), r.claims[0].rule.Language, m.Priority, m.Conditions
	}
	if r.Rules = rulesOf(claims); r.Rules == nil {
		r.Rules = []*dialect.Rule{{Language: dialect.NativeName}}
	}
	r.Members = make([]Member, 0, n)
	for _, c := range claims {
		r.Members = append(r.Members, c.members...)
	}
	setWeights(r.Members)
	for i := range r.Members {
		t := &r.Members[i]
		t.Index = i
		r.Blocking = r.Blocking || t.Rule.Options.TLS
	}
	r.addSets(o, find, old)
	r.Blocking = r.Blocking || o.Blocking != nil && o.Blocking(r)
	r.nameAuth(o, find)
	r.Policy = o.policyOf(r)
	r.Blocking = r.Blocking || r.Policy.Compress != nil || r.Policy.Files != nil || r.On.pages() || r.Policy.Filters != nil && r.Policy.Filters.Blocking
	r.balance(o)
	r.guards = r.Closed || slices.ContainsFunc(r.Rules, func(rule *dialect.Rule) bool { return guardsBy(&rule.Policy) })
	if takesSteps(r.conditions) {
		r.closed = r.closedForm(o)
	}
	return r
}
