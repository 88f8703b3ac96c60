package routing

import (
	"slices"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// maxRejects per service is more than anybody reads; the first ones tell the story.
const maxRejects = 100

// Reject is something in the catalogue that was refused, or that is understood and not in effect. It cost nothing but its
// own route or instance.
type Reject struct {
	Service string
	// Instance is the (first) instance's ID, escaped and bounded.
	Instance string
	// Tag is escaped and bounded; "" when the instance itself was refused.
	Tag    string
	Reason string
}

// Rejects are all that the present snapshot gave rise to, by service.
func (t *Table) Rejects() []Reject {
	if t == nil {
		return nil
	}
	var out []Reject
	for _, c := range t.claimants {
		out = append(out, c.rejects...)
	}
	return out
}

// newRejects are those of a service that it did not have before.
func newRejects(old, c *claimant) (out []Reject) {
	for _, r := range c.rejects {
		if old == nil || !slices.ContainsFunc(old.rejects, func(o Reject) bool { return o.Tag == r.Tag && o.Reason == r.Reason }) {
			out = append(out, r)
		}
	}
	return out
}

// maxLogged is how many lines about refusals one swap may write.
const maxLogged = 20

// report writes a line for each new refusal.
func (t *Table) report() {
	log := &t.options.Log
	for i, r := range t.refused {
		if i == maxLogged {
			log.Warn().Int("more", len(t.refused)-i).Msg("more was refused; the admin API lists all")
			return
		}
		log.Warn().Str("service", r.Service).Str("instance", r.Instance).Str("tag", r.Tag).Str("reason", r.Reason).
			Msg("refused, or not in effect; everything else is served")
	}
}

// lastGood adds to the rules of an instance those that it had before and whose tags have now been spoilt. A refused tag
// that still names what it matches takes back the rule for exactly that; one that does not takes back a rule that has
// vanished, one for each. A restriction that cannot be honoured takes nothing back: its Closed rule stands instead.
func lastGood(before, now []*dialect.Rule, rejects []dialect.Reject) []*dialect.Rule {
	out := now[:len(now):len(now)]
	free := vanished(before, now)
	blank := 0
	for _, r := range rejects {
		if closed(now, r) {
			continue
		}
		if r.Source == "" {
			blank++
			continue
		}
		found := false
		for i, old := range free {
			if old != nil && old.Source == r.Source {
				out, free[i], found = append(out, old), nil, true
				break
			}
		}
		if !found {
			blank++
		}
	}
	for _, old := range free {
		if old != nil && blank > 0 {
			out = append(out, old)
			blank--
		}
	}
	return out
}

// vanished are the rules of before for places that now has no rule for.
func vanished(before, now []*dialect.Rule) (out []*dialect.Rule) {
	for _, old := range before {
		if old.Closed || old.Inert != "" {
			continue
		}
		gone := true
		for _, r := range now {
			gone = gone && ruleKey(r) != ruleKey(old)
		}
		if gone {
			out = append(out, old)
		}
	}
	return out
}

func closed(rules []*dialect.Rule, r dialect.Reject) bool {
	for _, rule := range rules {
		if rule.Closed && rule.Source == r.Source {
			return true
		}
	}
	return false
}
