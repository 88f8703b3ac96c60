package routing

import (
	"slices"
	"strings"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
)

// claimant is what one service's block was compiled to. Frozen; it lives as long as the block stays the same.
type claimant struct {
	name    string
	block   *discovery.Service // nil when the service has left the catalogue
	claims  []*claim
	grounds []string // of the claims; see routeKey.ground
	rejects []Reject
	// standing is what each instance carries over to the next table, in the block's order; known finds it by identity.
	standing []standing
	known    map[discovery.Identity]*standing
	// vacant is when the last instance went; zero while there is one.
	vacant time.Time
}

// standing is what an instance carries over.
type standing struct {
	upstream *balancer.Upstream // nil when it has none
	ways     []*balancer.Way    // those in which its rules speak to it
	rules    []*dialect.Rule    // the good ones, with what its tags had asked for before they were spoilt
	tags     []string
	clean    bool // the tags gave rise to nothing but rules in effect
	foreign  bool // it is no HTTP instance: it has no upstream and no part in any route
}

// claim is a service's part in one route. No targets means that none of its instances is usable.
type claim struct {
	key     routeKey
	service string
	targets []Member // Index and Weight are set in the Route
	closed  bool     // an instance restricts the route in a way that can't be honoured
}

// compiler turns one block into a claimant.
type compiler struct {
	options *Options
	env     dialect.Env
	prev    *claimant // of the same service; nil when it is new
	same    bool      // prev was compiled in the same environment
	out     *claimant
	byKey   map[routeKey]*claim
	seated  map[seat]bool
	tags    []string // of the last instance parsed, whose result follows
	rules   []*dialect.Rule
	rejects []dialect.Reject
}

// seat is an Upstream in a claim.
type seat struct {
	claim    *claim
	upstream *balancer.Upstream
}

// compile makes the claimant of a block, and returns the Upstreams that it had to make.
func (o *Options) compile(env dialect.Env, same bool, prev *claimant, block *discovery.Service) (*claimant, []*balancer.Upstream) {
	c := &compiler{options: o, env: env, same: same, prev: prev, byKey: map[routeKey]*claim{}, seated: map[seat]bool{}}
	c.out = &claimant{name: block.Name, block: block}
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
		for _, r := range c.out.standing[i].rules {
			c.claim(ruleKey(r), i, r)
		}
	}
	c.implied()
	c.out.grounds = groundsOf(c.out.claims)
	return c.out, made
}

// read parses the tags of an instance, and puts back the last good rules of the same instance where a tag was refused that
// had one. Tags that were good before are not parsed again.
func (c *compiler) read(i int) {
	in, now := &c.out.block.Instances[i], &c.out.standing[i]
	before := c.before(in)
	now.tags = in.Tags
	if c.same && before != nil && before.clean && slices.Equal(before.tags, in.Tags) {
		now.rules, now.clean = before.rules, true
		return
	}
	if c.tags == nil || !slices.Equal(c.tags, in.Tags) {
		c.tags = in.Tags
		c.rules, c.rejects = dialect.Parse(in.Service, in.Tags, c.env)
	}
	now.rules, now.clean = c.rules, len(c.rejects) == 0
	for _, r := range c.rejects {
		c.reject(in, r.Tag, r.Reason)
	}
	for _, r := range c.rules {
		if r.Inert != "" {
			c.reject(in, r.Tag, r.Inert)
			now.clean = false
		}
		for _, note := range r.Options.Notes {
			c.reject(in, r.Tag, note)
			now.clean = false
		}
	}
	if before != nil && len(c.rejects) > 0 {
		now.rules = lastGood(before.rules, c.rules, c.rejects)
	}
}

// before is what an instance carries over, or nil.
func (c *compiler) before(in *discovery.Instance) *standing {
	if c.prev == nil {
		return nil
	}
	return c.prev.known[in.Identity]
}

// claim adds an instance to a route. An instance that is not usable only sees to it that the route exists.
func (c *compiler) claim(key routeKey, i int, r *dialect.Rule) {
	if r.Inert != "" {
		return
	}
	cl := c.byKey[key]
	if cl == nil {
		cl = &claim{key: key, service: c.out.name}
		c.byKey[key] = cl
		c.out.claims = append(c.out.claims, cl)
	}
	in := &c.out.block.Instances[i]
	cl.closed = cl.closed || r.Closed
	u := c.out.standing[i].upstream
	if u == nil || r.Closed { // its address was refused, or nobody is let in
		return
	}
	way := c.way(i, &r.Options)
	if !in.Usable() {
		return
	}
	// Registrations of one address are one Upstream: it counts once in a route.
	at := seat{cl, u}
	if c.seated[at] {
		return
	}
	c.seated[at] = true
	cl.targets = append(cl.targets, Member{Upstream: u, Way: way, Instance: in, Options: &r.Options})
}

// way is how an instance is spoken to under a rule's options. An instance that is not usable keeps its ways, as it keeps its Upstream.
func (c *compiler) way(i int, o *dialect.Options) *balancer.Way {
	now := &c.out.standing[i]
	w := now.upstream.Way(wayKey(o))
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

// wayKey says how options want an instance to be spoken to. The certificate must be for the host that they send.
func wayKey(o *dialect.Options) balancer.WayKey {
	key := balancer.WayKey{TLS: o.TLS, SkipVerify: o.TLSSkipVerify}
	if !o.HostDst {
		key.ServerName = http1.HostOnly(o.Host)
	}
	return key
}

// plain is the rule behind routes that no tag asked for.
var plain = &dialect.Rule{}

// implied adds what the options ask for: the default service's route, and <service>.<domain>.
func (c *compiler) implied() {
	name := c.out.name
	if name == c.options.DefaultService {
		for i := range c.out.block.Instances {
			if !c.out.standing[i].foreign {
				c.claim(routeKey{isDefault: true}, i, plain)
			}
		}
	}
	if !c.options.Registered || name == catalogueService {
		return
	}
	host := strings.ToLower(name) + "." + c.options.Domain
	key := routeKey{dialect: dialect.Native, host: host, path: "/"}
	for i := range c.out.block.Instances {
		in := &c.out.block.Instances[i]
		if c.out.standing[i].foreign || !in.Registered || restricted(c.out.standing[i].rules) {
			continue
		}
		if !outside.IsHostName(host) {
			c.reject(in, "", "the service's name is no host name: there is no route "+quoted(host))
			return
		}
		c.claim(key, i, plain)
	}
}

// restricted says whether an instance restricts any of its routes. It then gets no route that it did not ask for, as that
// would lead past the restriction.
func restricted(rules []*dialect.Rule) bool {
	for _, r := range rules {
		if r.Closed || len(r.Options.Allow) > 0 || len(r.Options.Deny) > 0 {
			return true
		}
	}
	return false
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

func ruleKey(r *dialect.Rule) routeKey {
	return routeKey{dialect: r.Dialect, host: r.Host, port: r.Port, path: r.Path}
}

func (c *compiler) reject(in *discovery.Instance, tag, reason string) {
	for _, r := range c.out.rejects {
		if r.Tag == tag && r.Reason == reason {
			return
		}
	}
	if len(c.out.rejects) < maxRejects {
		c.out.rejects = append(c.out.rejects, Reject{Service: label(c.out.name), Instance: escaped(in.ID), Tag: tag, Reason: reason})
	}
}
