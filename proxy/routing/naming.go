package routing

import (
	"maps"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// A route may name services beside those that ask for it. It is built again when one of them changes.

// named is a service that a route names, as it was when the route was built; nil where it was not there.
type named struct {
	name dialect.ServiceName
	was  *claimant
}

// NamedBy are the services that the tags of another one name, which have to be watched for these tables, too.
func (o Options) NamedBy(name string, tags []string) (out discovery.References) {
	if !slices.ContainsFunc(tags, func(tag string) bool {
		return strings.Contains(tag, dialect.ServicePrefix) || strings.Contains(tag, failover) || strings.Contains(tag, address)
	}) {
		return out // as nearly always
	}
	result := o.Languages.Parse(tags, o.env(""))
	rules := result.Rules
	if result.Defaults != nil { // those of routes that no line asks for
		rules = append(slices.Clip(rules), result.Defaults.Rule("", dialect.Match{}))
	}
	for _, r := range rules {
		refer(&out, r, name)
	}
	for _, s := range result.Names {
		out.Services = append(out.Services, s.Name)
	}
	return out
}

// failover is in each tag that asks for one.
const failover = "failover="

// address is in each tag of other languages that leads to a service by a URL.
const address = "address=http://"

// stands says whether the services that the route names are as they were.
func (r *Route) stands(d *derivation) bool {
	for _, n := range r.named {
		if d.next.find(n.name) != n.was {
			return false
		}
	}
	return true
}

// changeDependents has the routes built again that name services which have changed.
func (d *derivation) changeDependents() {
	for key, r := range d.prev.naming {
		if !r.stands(d) {
			d.change(key)
		}
	}
}

// built notes a route that names services, or has notes, or no longer does, r being nil where it is gone.
func (d *derivation) built(key routeKey, r *Route) {
	old, was := d.prev.naming[key]
	is := r != nil && len(r.named)+len(r.notes) > 0
	if !was && !is {
		return
	}
	if !d.namingOwn {
		d.namingOwn = true
		if d.next.naming = maps.Clone(d.prev.naming); d.next.naming == nil {
			d.next.naming = map[routeKey]*Route{}
		}
	}
	delete(d.next.naming, key)
	if !is {
		return
	}
	d.next.naming[key] = r
	for _, v := range r.notes {
		if !was || !slices.ContainsFunc(old.notes, v.same) {
			d.next.told = append(d.next.told, v)
		}
	}
}

// keepWays sees to it that the ways which sets speak stay, and that those go which none speaks any more, and no tag.
func (d *derivation) keepWays() {
	if !d.namingOwn {
		return
	}
	used := map[*balancer.Way]bool{}
	for _, r := range d.next.naming {
		r.eachSetWay(func(w *balancer.Way) { used[w] = true })
	}
	d.next.unspoken = slices.DeleteFunc(d.next.unspoken, func(w *balancer.Way) bool { return used[w] })
	for _, r := range d.prev.naming {
		r.eachSetWay(func(w *balancer.Way) {
			if !used[w] && !d.spoken(w) && !slices.ContainsFunc(d.next.sources, func(s *source) bool { return s.speaks(w) }) {
				d.next.unspoken = append(d.next.unspoken, w)
			}
		})
	}
}

func (r *Route) eachSetWay(f func(w *balancer.Way)) {
	for i := range r.Sets {
		for j := range r.Sets[i].Members {
			f(r.Sets[i].Members[j].Way)
		}
	}
}
