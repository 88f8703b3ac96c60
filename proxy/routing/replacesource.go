package routing

import (
	"slices"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
)

// readTexts compiles the texts of a snapshot, once its services are compiled.
func (d *derivation) readTexts(s *discovery.Snapshot) {
	d.next.fixed = d.prev.fixed
	if len(s.Texts)+len(d.prev.sources) == 0 {
		return
	}
	d.names = make(map[string]*discovery.Name, len(s.Names))
	for _, n := range s.Names {
		d.names[n.Host] = n
	}
	before := make(map[string]*source, len(d.prev.sources))
	for _, old := range d.prev.sources {
		before[old.name] = old
	}
	d.explainTexts(s)
	changed := false
	for _, t := range s.Texts {
		old := before[sourceName(t)]
		delete(before, sourceName(t))
		if old != nil && d.unread(old, t) && old.stands(d) {
			d.next.sources = append(d.next.sources, old)
			continue
		}
		changed = true
		d.next.sources = append(d.next.sources, d.compileText(old, t))
	}
	for _, gone := range before {
		changed = true
		d.replaceSource(gone, nil)
	}
	if changed {
		d.departFixed()
	}
}

// compileText finds what the lines of a text lead to.
func (d *derivation) compileText(old *source, t *discovery.Text) *source {
	var s *source
	unread := old != nil && d.unread(old, t)
	if unread {
		s = old.again()
	} else {
		env := d.next.env
		env.Definitions = d.next.definitions
		s = d.prev.options.readText(env, old, t, d.later(t))
		s.defines = d.definesOf(old, t)
	}
	s.verdicts = slices.Clone(s.told)
	for i, l := range s.lines {
		var to *lead
		if unread && old.leads[i].stands(d) {
			to = old.leads[i]
		} else {
			to = (&lineCompiler{derivation: d, source: s, lead: &lead{line: l}}).compile()
		}
		s.leads, s.claims = append(s.leads, to), append(s.claims, to.claim)
		s.verdicts = append(s.verdicts, to.verdicts[:min(len(to.verdicts), max(0, maxVerdicts-len(s.verdicts)))]...)
	}
	var told []Verdict
	if old != nil {
		told = old.verdicts
	}
	d.next.told = append(d.next.told, fresh(told, s.verdicts)...)
	d.replaceSource(old, s)
	return s
}

// speaks says whether a line speaks a way.
func (s *source) speaks(w *balancer.Way) bool {
	return slices.ContainsFunc(s.leads, func(l *lead) bool { return slices.Contains(l.ways, w) })
}

// replaceSource notes that the claims of a source are replaced. Either side may be nil.
func (d *derivation) replaceSource(old, s *source) {
	var was, is []*claim
	if old != nil {
		was = old.claims
	}
	if s != nil {
		is = s.claims
	}
	d.recheck(was, is)
	changed := keysApart(was, is)
	for _, cl := range was {
		if changed[cl.key] {
			d.change(cl.key).gone[cl.service] = true
		}
	}
	for _, cl := range is {
		if changed[cl.key] {
			ch := d.change(cl.key)
			ch.come = append(ch.come, cl)
		}
	}
}

// keysApart are the routes in which one side has a claim that the other has not.
func keysApart(was, is []*claim) map[routeKey]bool {
	in := map[*claim]int{}
	for _, cl := range was {
		in[cl] |= 1
	}
	for _, cl := range is {
		in[cl] |= 2
	}
	out := map[routeKey]bool{}
	for cl, sides := range in {
		if sides != 3 {
			out[cl.key] = true
		}
	}
	return out
}

// departFixed notes which upstreams no line leads to any more, and which ways of others no line and no tag speaks any more. What a line
// speaks does not go because a tag does no longer.
func (d *derivation) departFixed() {
	used, ways := map[fixedKey]bool{}, map[*balancer.Way]bool{}
	for _, s := range d.next.sources {
		for _, l := range s.leads {
			for _, key := range l.fixed {
				used[key] = true
			}
			for _, w := range l.ways {
				ways[w] = true
			}
		}
	}
	for key, u := range d.next.fixed {
		if !used[key] {
			d.ownFixed()
			delete(d.next.fixed, key)
			d.next.departed = append(d.next.departed, u)
		}
	}
	d.next.unspoken = slices.DeleteFunc(d.next.unspoken, func(w *balancer.Way) bool { return ways[w] })
	for _, r := range d.prev.naming { // keepWays judges those of sets
		r.eachSetWay(func(w *balancer.Way) { ways[w] = true })
	}
	for _, old := range d.prev.sources {
		for _, l := range old.leads {
			for _, w := range l.ways {
				if !ways[w] && !d.spoken(w) {
					d.next.unspoken = append(d.next.unspoken, w)
				}
			}
		}
	}
}

// spoken says whether a tag of its service speaks a way.
func (d *derivation) spoken(w *balancer.Way) bool {
	c := d.next.claimant(w.Upstream().Service())
	return c != nil && c.spoken()[w]
}
