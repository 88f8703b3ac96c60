package routing

import (
	"slices"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// A service whose last instance has gone is known but down: its routes answer 503, not 404, and do not fall to wider ones.
const (
	// vacancy is long enough for a restart or a deployment, and ends soon enough for a service that is gone on purpose.
	// It ends with the first snapshot after this time.
	vacancy = 10 * time.Minute
	// maxVacant bounds what a stream of ever new service names can leave behind.
	maxVacant = 1024
)

// derivation is the way from one table to the next.
type derivation struct {
	prev, next *Table
	same       bool // the environment has not changed, so unchanged blocks compile to the same
	changes    map[routeKey]*change
	editor     *editor
	left, came []step
	names      map[string]*discovery.Name       // of the snapshot, by host
	redefined  map[string]bool                  // names that are defined in another way than before
	defines    map[string][]*dialect.Definition // of the services that have changed and define anything
	changesOf  []*discovery.Text                // those that may change routes, as next.changesAt
	changed    bool                             // what texts change of tags' routes
	fixedOwn   bool                             // next.fixed is shared with no other table
	pins       []*pinned                        // those of services that the snapshot has
	namingOwn  bool                             // next.naming is shared with no other table
}

// change is what happens to one route: claims of the services in gone are replaced by those in come.
type change struct {
	gone map[string]bool
	come []*claim
}

// Next derives the table for a snapshot; services and instances are sorted by name, as discovery promises. It cannot fail:
// what is bad in a snapshot costs its own route and shows in Verdicts. Blocks that the table has seen cost next to nothing.
// Upstreams that the new table no longer holds are not retired yet: that is for after its publication.
func (t *Table) Next(s *discovery.Snapshot) *Table {
	env := t.options.env(s.Datacenter)
	d := &derivation{prev: t, same: env == t.env, changes: map[routeKey]*change{}, editor: t.index.edit()}
	d.next = &Table{
		Number: t.Number + 1, Previous: t.Number,
		Sequence: s.Sequence, Cause: Cause{Snapshot: s.Cause}, Stale: s.Stale, Taken: s.Taken,
		options: t.options, env: env,
		claimants: make([]*claimant, 0, len(s.Services)),
		fallback:  t.fallback,
		naming:    t.naming,
	}
	services := d.pin(s)
	d.define(services, s.Texts)
	d.readChanges(s.Texts)
	d.merge(services)
	d.mergeRemote(s.Remote)
	d.readTexts(s)
	d.contest()
	d.exclude()
	d.changeDependents()
	for key, c := range d.changes {
		d.replace(key, c)
	}
	d.keepWays()
	d.next.index = d.editor.index
	if t.options.DefaultService != "" && d.next.fallback == nil {
		d.next.fallback = newRoute(t.options, routeKey{isDefault: true}, nil, nil, nil)
	}
	return d.next
}

// merge walks the services of both tables side by side.
func (d *derivation) merge(blocks []*discovery.Service) {
	old := d.prev.claimants
	for len(old) > 0 || len(blocks) > 0 {
		switch {
		case len(old) > 0 && len(blocks) > 0 && d.same && old[0].block == blocks[0] && len(blocks[0].Instances) > 0 && !d.changed && !redefined(d.redefined, old[0].uses):
			d.next.claimants = append(d.next.claimants, old[0]) // nothing has changed: no need to compare names
			old, blocks = old[1:], blocks[1:]
		case len(blocks) == 0 || len(old) > 0 && old[0].name < blocks[0].Name:
			d.vacate(old[0])
			old = old[1:]
		case len(old) == 0 || blocks[0].Name < old[0].name:
			d.visit(nil, blocks[0])
			blocks = blocks[1:]
		default:
			d.visit(old[0], blocks[0])
			old, blocks = old[1:], blocks[1:]
		}
	}
}

// visit compiles a service that is new or has changed.
func (d *derivation) visit(old *claimant, block *discovery.Service) {
	if old != nil && len(block.Instances) == 0 {
		d.vacate(old)
		return
	}
	d.explain(old, block)
	c, made := d.compile(old, block)
	d.next.arrived = append(d.next.arrived, made...)
	d.next.returned, c.returned = append(d.next.returned, c.returned...), nil
	d.drain(c)
	d.next.claimants = append(d.next.claimants, c)
	d.next.told = append(d.next.told, newVerdicts(old, c)...)
	d.depart(old, c)
	d.replaceClaims(old, c)
}

// replaceClaims notes that a service's claims are replaced. Either side may be nil.
func (d *derivation) replaceClaims(old, c *claimant) {
	d.move(old, c)
	d.recheck(claimsOf(old), claimsOf(c))
	if old != nil {
		for _, cl := range old.claims {
			d.change(cl.key).gone[cl.service] = true
		}
	}
	if c != nil {
		for _, cl := range c.claims {
			ch := d.change(cl.key)
			ch.come = append(ch.come, cl)
		}
	}
}

// claimsOf are those of a service; c may be nil.
func claimsOf(c *claimant) []*claim {
	if c == nil {
		return nil
	}
	return c.claims
}

func (d *derivation) change(k routeKey) *change {
	c := d.changes[k]
	if c == nil {
		c = &change{gone: map[string]bool{}}
		d.changes[k] = c
	}
	return c
}

// replace builds one route anew from the claims that stay and those that come.
func (d *derivation) replace(key routeKey, c *change) {
	old := d.prev.fallback
	if !key.isDefault {
		old = d.prev.index.route(key)
	}
	claims := c.come
	if old != nil {
		for _, cl := range old.claims {
			if !c.gone[cl.service] {
				claims = append(claims, cl)
			}
		}
	}
	claims = slices.DeleteFunc(claims, d.excluded)
	slices.SortFunc(claims, older)
	var r *Route
	if len(claims) > 0 {
		r = newRoute(d.prev.options, key, claims, old, d.next.find)
	}
	d.built(key, r)
	if key.isDefault {
		d.next.fallback = r
		return
	}
	d.editor.set(key, r)
}
