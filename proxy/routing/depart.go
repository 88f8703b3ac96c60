package routing

import (
	"slices"
	"time"

	"github.com/pointsman/pointsman/balancer"
)

// drain notes the Upstreams whose instances are drained from now on, or no longer.
func (d *derivation) drain(c *claimant) {
	for i := range c.standing {
		u, draining := c.standing[i].upstream, !c.block.Instances[i].Draining.IsZero()
		switch {
		case u == nil || u.Draining() == draining:
		case draining:
			d.next.drained = append(d.next.drained, u)
		default:
			d.next.undrained = append(d.next.undrained, u)
		}
	}
}

// vacate keeps the routes of a service without instances for a while.
func (d *derivation) vacate(old *claimant) {
	d.explain(old, nil)
	if !old.vacant.IsZero() && d.next.Taken.Sub(old.vacant) < vacancy && d.next.vacant < maxVacant {
		d.next.vacant++
		d.next.claimants = append(d.next.claimants, old)
		return
	}
	if !old.vacant.IsZero() || len(old.claims) == 0 || d.next.vacant >= maxVacant {
		d.depart(old, nil)
		d.replaceClaims(old, nil)
		return
	}
	c := &claimant{name: old.name, vacant: d.next.Taken, grounds: old.grounds}
	if c.vacant.IsZero() {
		c.vacant = time.Now()
	}
	for _, cl := range old.claims {
		c.claims = append(c.claims, &claim{key: cl.key, rule: cl.rule, service: cl.service, since: cl.since, restricts: cl.restricts, closed: cl.closed, pin: cl.pin})
	}
	d.next.vacant++
	d.next.claimants = append(d.next.claimants, c)
	d.depart(old, c)
	d.replaceClaims(old, c)
}

// depart notes the Upstreams that a service no longer has, and of the others the ways in which no rule speaks to them any more. Some are
// noted twice where two registrations shared them; Retire does not mind.
func (d *derivation) depart(old, c *claimant) {
	if old == nil {
		return
	}
	var kept map[*balancer.Upstream]*standing
	if c != nil {
		kept = make(map[*balancer.Upstream]*standing, len(c.standing))
		for i := range c.standing {
			kept[c.standing[i].upstream] = &c.standing[i]
		}
	}
	var spoken map[*balancer.Way]bool // made where it is needed, which is seldom
	for i := range old.standing {
		was := &old.standing[i]
		now := kept[was.upstream]
		switch {
		case was.upstream == nil:
		case now == nil:
			d.next.departed = append(d.next.departed, was.upstream)
		case !slices.Equal(was.ways, now.ways):
			if spoken == nil {
				spoken = c.spoken()
			}
			for _, w := range was.ways {
				if !spoken[w] {
					d.next.unspoken = append(d.next.unspoken, w)
				}
			}
		}
	}
}

// spoken are the ways of all instances.
func (c *claimant) spoken() map[*balancer.Way]bool {
	all := make(map[*balancer.Way]bool, len(c.standing))
	for i := range c.standing {
		for _, w := range c.standing[i].ways {
			all[w] = true
		}
	}
	return all
}
