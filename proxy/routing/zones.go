package routing

import (
	"cmp"
	"slices"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
)

// zoneThreshold is the part of the own zone's instances that have to be usable, where nothing else is said: with less, those that are left
// would have to carry more than 1.4 times what they are used to.
const zoneThreshold = 0.7

// away says whether an instance, nil for one that no service has registered, stands in another zone. What has none counts as at home.
func (o *Options) away(in *discovery.Instance) bool {
	return o.Zone != "" && in != nil && in.Zone != "" && in.Zone != o.Zone
}

// missing is an instance at home that belongs to a set, and that the catalogue calls critical. One in maintenance was taken out on purpose,
// and one that was never anything else is starting: neither is missing.
type missing struct {
	instance *discovery.Instance
	backup   bool
}

// misses adds an instance to those that are missing, if it is.
func (o *Options) misses(list []missing, in *discovery.Instance, now *standing, backup bool) []missing {
	one := missing{in, backup}
	if o.Zone == "" || in.Status != discovery.Critical || !now.served || now.foreign || o.away(in) || slices.Contains(list, one) {
		return list
	}
	return append(list, one)
}

// zoned has a policy prefer the members of the own zone, and marks those of others.
func (o *Options) zoned(p balancer.Policy, members []Member, list ...missing) balancer.Policy {
	if o.Zone == "" {
		return p
	}
	for i := range members {
		members[i].Away = o.away(members[i].Instance)
	}
	z := balancer.Zones{Of: p, Threshold: cmp.Or(o.ZoneThreshold, zoneThreshold)}
	for i, x := range list {
		at := socketOf(x.instance)
		replaced := func(m Member) bool { return m.Instance != nil && socketOf(m.Instance) == at }
		counted := func(o missing) bool { return socketOf(o.instance) == at } // of two registrations of one address
		switch {
		case slices.ContainsFunc(members, replaced), slices.ContainsFunc(list[:i], counted):
		case x.backup:
			z.Missing[1]++
		default:
			z.Missing[0]++
		}
	}
	return z
}

// missingOf are those of a service that serves in a set.
func (o *Options) missingOf(c *claimant) (list []missing) {
	for i := range c.standing {
		now := &c.standing[i]
		backup := len(now.rules) > 0 && now.rules[0].Options.Balance.Backup
		list = o.misses(list, &c.block.Instances[i], now, backup)
	}
	return list
}

// missing are those of all claims.
func (r *Route) missing() (list []missing) {
	for _, c := range r.claims {
		for _, x := range c.missing {
			if !slices.Contains(list, x) {
				list = append(list, x)
			}
		}
	}
	return list
}

// HomeShare is the part of the route's requests, from 0 to 1, that stay in the own zone at present; ok is false where there is no choice
// between zones.
func (r *Route) HomeShare(now time.Time) (share float64, ok bool) {
	return balancer.HomeShare(r.picker, now)
}

// Zone is the own zone, which the table's routes prefer; "" where they prefer none. t may be nil.
func (t *Table) Zone() string {
	if t == nil {
		return ""
	}
	return t.options.Zone
}
