package routing

import (
	"slices"
	"strings"
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

// compiler turns one block into a claimant.
type compiler struct {
	options *Options
	env     dialect.Env
	prev    *claimant // of the same service; nil when it is new
	same    bool      // prev was compiled in the same environment
	first   bool      // nothing was compiled before
	out     *claimant
	byKey   map[routeKey]*claim
	joined  map[part]int        // the position among the claim's members
	shut    []part              // nobody is let in there, whatever another registration of the address asks for
	claimed map[routeKey]uint64 // of prev, see since
	changed map[string]bool     // the names whose definitions changed since prev
	changes []dialect.TagChange
	shares  map[shared]*dialect.Rule
	tags    []string // of the last instance parsed, whose container's port, owner and result follow
	port    int
	owner   string
	called  string
	result  dialect.Result
	tally   tally // of result
}

// part is an Upstream's in a claim.
type part struct {
	claim    *claim
	upstream *balancer.Upstream
}

// compile makes the claimant of a block, and returns the Upstreams that it had to make.
func (d *derivation) compile(prev *claimant, block *discovery.Service) (*claimant, []*balancer.Upstream) {
	o := d.prev.options
	c := &compiler{options: o, env: d.next.env, same: d.same, first: d.prev.Number == 0, prev: prev, changed: d.redefined, changes: d.next.changes, byKey: map[routeKey]*claim{}, joined: map[part]int{}}
	c.env.Definitions = d.next.definitions
	c.out = &claimant{name: block.Name, block: block, pin: d.pinOf(block), defines: d.definesNow(prev, block)}
	if o.isOwn(block.Name) {
		return c.out, nil
	}
	n := len(block.Instances)
	c.out.standing = make([]standing, n)
	c.out.known = make(map[discovery.Identity]*standing, n)
	for i := range block.Instances {
		c.out.known[block.Instances[i].Identity] = &c.out.standing[i]
	}
	made := c.populate()
	for i := range block.Instances {
		if c.out.standing[i].foreign {
			continue
		}
		c.read(i)
	}
	for i := range block.Instances {
		for _, r := range c.out.standing[i].rules {
			if r = c.changedByTexts(i, r); r != nil {
				c.join(keyOf(&r.Match), i, r)
			}
		}
	}
	c.guard()
	c.implied()
	c.closeShared()
	c.tellDifferences()
	for i := range c.out.standing {
		c.out.used += c.out.standing[i].used
		for language, n := range c.out.standing[i].tally {
			if c.out.tally == nil {
				c.out.tally = tally{}
			}
			c.out.tally[language] += n
		}
		if uses := c.out.standing[i].uses; len(uses) > 0 {
			c.out.uses = append(c.out.uses, uses...)
		}
	}
	slices.Sort(c.out.uses)
	c.out.uses = slices.Compact(c.out.uses)
	c.out.grounds = groundsOf(c.out.claims)
	return c.out, made
}

// read parses the tags of an instance, and puts back the last good rules of the same instance where a tag was refused that
// had one. Tags that were good before for the same port of a container are not parsed again.
func (c *compiler) read(i int) {
	in, now := &c.out.block.Instances[i], &c.out.standing[i]
	before := c.before(in)
	now.tags, now.port, now.usable = in.Tags, in.ContainerPort(), in.Usable()
	now.served = now.usable || c.first || before != nil && before.served
	if c.same && before != nil && before.clean && before.port == now.port && slices.Equal(before.tags, in.Tags) && !redefined(c.changed, before.uses) && (before.called == "" || before.called == calledOf(in)) {
		now.rules, now.good, now.defaults, now.used, now.uses, now.called, now.clean = before.rules, before.good, before.defaults, before.used, before.uses, before.called, true
		now.tally = before.tally
		return // and lost is false
	}
	owner, called := ownerOf(in), calledOf(in)
	if c.tags == nil || c.port != now.port || c.owner != owner || c.result.Called && c.called != called || !slices.Equal(c.tags, in.Tags) {
		c.tags, c.port, c.owner, c.called = in.Tags, now.port, owner, called
		env := c.env
		env.ContainerPort, env.Owner, env.Called = now.port, owner, called
		c.result = c.options.Languages.Parse(in.Tags, env)
		c.tally = tallyOf(&c.result)
	}
	if c.options.Read != nil {
		c.options.Read(in, c.result)
	}
	now.rules, now.good, now.defaults, now.uses, now.tally = c.result.Rules, c.result.Rules, c.result.Defaults, c.result.Uses, c.tally
	if c.result.Called {
		now.called = called
	}
	for _, v := range c.result.Verdicts {
		if v.Kind == dialect.VerdictUsed {
			now.used++
		} else {
			c.tell(in, v)
		}
	}
	now.clean, now.lost = now.used == len(c.result.Verdicts), lost(c.result)
	if before != nil && !now.clean {
		now.good = lastGood(before.good, before.tags, in.Tags, c.result)
		now.rules = now.shutUnheld(now.good, len(c.result.Rules))
	}
}

// shutUnheld shuts those rules from the first one put back on that lack what the tags now restrict for all routes.
func (s *standing) shutUnheld(rules []*dialect.Rule, first int) []*dialect.Rule {
	if !s.defaults.Restricts() {
		return rules
	}
	out := slices.Clone(rules)
	for i, r := range out[first:] {
		if !s.defaults.HeldBy(r) {
			out[first+i] = r.Shut()
		}
	}
	return out
}

// before is what an instance carries over, or nil.
func (c *compiler) before(in *discovery.Instance) *standing {
	if c.prev == nil {
		return nil
	}
	return c.prev.known[in.Identity]
}

// join adds an instance to a route. An instance that is not usable only sees to it that the route exists.
func (c *compiler) join(key routeKey, i int, r *dialect.Rule) {
	in := &c.out.block.Instances[i]
	cl, since := c.byKey[key], c.since(key, in)
	if cl == nil {
		cl = &claim{key: key, rule: r, service: c.out.name, since: since, oldest: in.Created, pin: c.out.pin}
		c.byKey[key] = cl
		c.out.claims = append(c.out.claims, cl)
	}
	cl.since = min(cl.since, since)
	if in.Created < cl.oldest {
		cl.rule, cl.oldest = r, in.Created
	}
	cl.closed = cl.closed || r.Policy.Closed
	if r.Restricts() && !slices.Contains(cl.restricts, r) {
		cl.restricts = append(cl.restricts, r)
	}
	cl.missing = c.options.misses(cl.missing, in, &c.out.standing[i], r.Options.Balance.Backup)
	u := c.out.standing[i].upstream
	if u == nil || r.Policy.Closed { // its address was refused, or nobody is let in
		if u != nil && in.Usable() {
			c.shut = append(c.shut, part{cl, u})
		}
		return
	}
	way := c.way(i, &r.Options)
	if !in.Usable() {
		return
	}
	if before := c.before(in); before != nil && !before.usable && before.upstream == u {
		c.out.returned = append(c.out.returned, way)
	}
	// Registrations of one address are one Upstream: it counts once in a route, by the one that is told to have started last.
	m := Member{Upstream: u, Way: way, Instance: in, Rule: r}
	at := part{cl, u}
	i, joined := c.joined[at]
	if !joined {
		c.joined[at] = len(cl.members)
		cl.members = append(cl.members, m)
		return
	}
	if other := &cl.members[i]; in.Started.After(other.Instance.Started) {
		m, *other = *other, m
	}
	if m.Rule != cl.members[i].Rule {
		cl.doubles = append(cl.doubles, m.Rule)
	}
}

// closeShared takes the addresses out of a route to which one of their registrations lets nobody in.
func (c *compiler) closeShared() {
	for _, p := range c.shut {
		p.claim.members = slices.DeleteFunc(p.claim.members, func(m Member) bool { return m.Upstream == p.upstream })
	}
}

// way is how an instance is spoken to under a rule's options. An instance that is not usable keeps its ways, as it keeps its Upstream.
func (c *compiler) way(i int, o *dialect.Options) *balancer.Way {
	now := &c.out.standing[i]
	w := now.upstream.Way(c.options.wayKey(o))
	if slices.Contains(now.ways, w) {
		return w
	}
	if n := len(now.ways); n < cap(now.ways) && now.ways[:n+1][n] == w { // as before: the list is shared, and not written to
		now.ways = now.ways[:n+1]
	} else {
		now.ways = append(now.ways[:n:n], w)
	}
	return w
}

// implied adds what the options ask for: the default service's route, <service>.<domain>, and /<service>.
func (c *compiler) implied() {
	if c.out.name == c.options.DefaultService {
		c.fallback()
	}
	if c.options.Registered && c.out.name != catalogueService && c.options.hasTag(c.out.block) {
		c.named()
	}
}

// fallback adds the default service's route.
func (c *compiler) fallback() {
	var rule *dialect.Rule
	for i := range c.out.standing {
		now := &c.out.standing[i]
		if now.foreign {
			continue
		}
		if rule == nil || now.defaults != c.out.standing[i-1].defaults {
			rule = now.defaults.Fallback()
		}
		c.join(routeKey{isDefault: true}, i, rule)
	}
}

// noHTTP says why a registration is none of an HTTP instance, or "". A proxy or gateway of Consul's mesh speaks mutual TLS to other
// proxies only, and carries the tags of its service where the scheduler copies them; a port with :udp behind its ID, as registrators
// write it, is none of TCP.
func noHTTP(in *discovery.Instance) string {
	switch {
	case in.Kind != "":
		return "a registration of the kind " + quoted(in.Kind) + " is no HTTP instance: it gets no traffic"
	case strings.HasSuffix(in.ID, udpSuffix):
		return "a UDP port is no HTTP instance: it gets no traffic"
	}
	return ""
}

// udpSuffix is what registrators put behind the ID of a UDP port.
const udpSuffix = ":udp"

// refuse tells that an instance was refused, or a route that no tag of it asked for.
func (c *compiler) refuse(in *discovery.Instance, reason string) {
	c.tell(in, dialect.Verdict{Kind: dialect.VerdictRefused, Reason: reason})
}

// tell keeps a verdict for people, once for all instances that share it.
func (c *compiler) tell(in *discovery.Instance, v dialect.Verdict) {
	told := Verdict{Verdict: v, Service: label(c.out.name), Instance: escaped(in.ID)}
	if len(c.out.verdicts) < maxVerdicts && !slices.ContainsFunc(c.out.verdicts, told.same) {
		c.out.verdicts = append(c.out.verdicts, told)
	}
}
