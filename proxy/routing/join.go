package routing

import (
	"slices"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/dialect"
)

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
