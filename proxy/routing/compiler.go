package routing

import (
	"slices"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

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
