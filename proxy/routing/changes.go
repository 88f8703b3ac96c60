package routing

import (
	"slices"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// Texts of other languages change routes that tags ask for: they take them away, or give them a share.

// readChanges finds out what texts change, before the services are compiled. Where that is something else than before, all are compiled again.
func (d *derivation) readChanges(texts []*discovery.Text) {
	for _, t := range texts {
		if d.prev.options.own(t) {
			continue
		}
		d.changesOf = append(d.changesOf, t)
		d.next.changesAt = append(d.next.changesAt, len(d.next.changes))
		var old *source
		if i := slices.IndexFunc(d.prev.sources, func(s *source) bool { return s.name == sourceName(t) }); i >= 0 {
			old = d.prev.sources[i]
		}
		if old != nil && old.text == t && d.same {
			d.next.changes = append(d.next.changes, old.changes...)
			continue
		}
		env := d.next.env
		env.Writer = writer(t)
		read, _ := d.prev.options.readLines(env, old, t, nil)
		d.next.changes = append(d.next.changes, read.Changes...)
	}
	d.changed = !slices.Equal(d.prev.changesAt, d.next.changesAt) || !slices.EqualFunc(d.prev.changes, d.next.changes, func(a, b dialect.TagChange) bool { return a.Equal(&b) })
}

// own says whether a text is in our own lines, which change nothing of others.
func (o *Options) own(t *discovery.Text) bool {
	_, own := o.languageOf(t).(ownLines)
	return own
}

// later are the changes that texts behind one ask for. All texts together are one in Fabio, in the order of their keys.
func (d *derivation) later(t *discovery.Text) []dialect.TagChange {
	i := slices.Index(d.changesOf, t)
	if i < 0 || i+1 == len(d.changesOf) {
		return nil
	}
	return d.next.changes[d.next.changesAt[i+1]:]
}

// shared is a rule, and the share that it was given.
type shared struct {
	rule  *dialect.Rule
	share float64
}

// changedByTexts is a rule of an instance as texts have changed it; nil where they have taken it away.
func (c *compiler) changedByTexts(i int, r *dialect.Rule) *dialect.Rule {
	if len(c.changes) == 0 {
		return r
	}
	in, out := &c.out.block.Instances[i], r
	for at := range c.changes {
		change := &c.changes[at]
		switch {
		case !change.About(r, in.Service, addressOf(in), in.Tags):
		case !change.Weight:
			c.tell(in, dialect.Verdict{Kind: dialect.VerdictIgnored, Rule: r.Name, Sources: r.Sources, Quiet: true, Reason: "a line in the KV store takes the route away"})
			return nil
		default:
			out = c.withShare(r, change.Share/float64(c.about(change)))
		}
	}
	return out
}

// about counts the usable instances that a change is about; at least one.
func (c *compiler) about(change *dialect.TagChange) int {
	n := 0
	for i := range c.out.standing {
		in := &c.out.block.Instances[i]
		if in.Usable() && slices.ContainsFunc(c.out.standing[i].rules, func(r *dialect.Rule) bool { return change.About(r, in.Service, addressOf(in), in.Tags) }) {
			n++
		}
	}
	return max(1, n)
}

// withShare is a rule with a share, the same one for the same rule.
func (c *compiler) withShare(r *dialect.Rule, share float64) *dialect.Rule {
	key := shared{r, share}
	if c.shares[key] == nil {
		if c.shares == nil {
			c.shares = map[shared]*dialect.Rule{}
		}
		other := *r
		other.Options.Share = share
		c.shares[key] = &other
	}
	return c.shares[key]
}
