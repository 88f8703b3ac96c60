package routing

import (
	"maps"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// maxVerdicts per service is more than anybody reads; the first ones tell the story.
const maxVerdicts = 100

// Verdict says what became of something in the catalogue, and whose it is. What was refused cost nothing but its own route or instance.
type Verdict struct {
	// Verdict is without Sources where it is about the instance itself.
	dialect.Verdict
	// Service is the service's name, Instance the ID of the first instance that it is about; both are escaped and bounded.
	Service, Instance string
	// Holder, in a conflict, is the service that asked for the host before, or for the path where the route names no host; escaped and
	// bounded. "" otherwise.
	Holder string

	brief bool // it may well be over with the next snapshot, and is not logged
}

// same says whether two verdicts of a service say the same; of which of its instances does not matter.
func (v Verdict) same(o Verdict) bool {
	return v.Reason == o.Reason && slices.Equal(v.Sources, o.Sources)
}

// Tags are the tags that it is about as one text for people; "" where it is about none.
func (v Verdict) Tags() string { return strings.Join(v.Sources, ", ") }

// Text is the reason, with the advice where there is one.
func (v Verdict) Text() string {
	if v.Advice == "" {
		return v.Reason
	}
	return v.Reason + "; " + v.Advice
}

// Verdicts are all that the present snapshot gave rise to, by service, but for what is in effect as it was written.
func (t *Table) Verdicts() []Verdict {
	if t == nil {
		return nil
	}
	var out []Verdict
	for _, s := range t.sources {
		out = append(out, s.verdicts...)
	}
	for _, p := range t.pins {
		if p.told != nil {
			out = append(out, *p.told)
		}
	}
	out = append(out, t.idleLines()...)
	for _, c := range t.claimants {
		out = append(out, c.verdicts...)
	}
	for _, key := range slices.SortedFunc(maps.Keys(t.naming), func(a, b routeKey) int { return strings.Compare(a.String(), b.String()) }) {
		out = append(out, t.naming[key].notes...)
	}
	return out
}

// Used is how many rules are in effect as they were written, counted for each instance that asks by them.
func (t *Table) Used() (n int) {
	if t == nil {
		return 0
	}
	for _, s := range t.sources {
		n += s.used
	}
	for _, c := range t.claimants {
		n += c.used
	}
	return n
}

// Rejected is how many of the verdicts somebody could do something about.
func (t *Table) Rejected() (n int) {
	for _, v := range t.Verdicts() {
		if !v.Quiet {
			n++
		}
	}
	return n
}

// newVerdicts are those of a service that it did not have before, and that are logged.
func newVerdicts(old, c *claimant) (out []Verdict) {
	var before []Verdict
	if old != nil {
		before = old.verdicts
	}
	return fresh(before, c.verdicts)
}

// fresh are those of now that say what none of before said, and are logged.
func fresh(before, now []Verdict) []Verdict {
	return slices.DeleteFunc(notIn(before, now), func(v Verdict) bool { return v.brief || v.Quiet })
}

// notIn are those of now that say what none of before said.
func notIn(before, now []Verdict) (out []Verdict) {
	for _, v := range now {
		if !slices.ContainsFunc(before, v.same) {
			out = append(out, v)
		}
	}
	return out
}

// Told are those that the table before did not have, and that are logged.
func (t *Table) Told() []Verdict { return t.told }

// maxLogged is how many lines about refusals one swap may write.
const maxLogged = 20

// report writes a line for each new refusal.
func (t *Table) report() {
	log := &t.options.Log
	for i, v := range t.told {
		if i == maxLogged {
			log.Warn().Int("more", len(t.told)-i).Msg("more tags or instances are refused or have no effect; /api/routes lists all")
			return
		}
		log.Warn().Str("service", v.Service).Str("instance", v.Instance).Str("tag", v.Tags()).Str("language", v.Language).Stringer("verdict", v.Kind).Str("reason", v.Text()).
			Msg("a tag or an instance is refused or has no effect; everything else is served")
	}
}

// lastGood adds to the rules of an instance those that it had before and whose tags have now been spoilt. A refused tag
// that still names its rule takes back the one of that name; one that does not takes back a rule that has vanished, one for each. A
// restriction that can't be honoured takes nothing back: its Closed rule stands instead. Where a tag with a restriction does not even say
// what it is about, a rule that is taken back lets nobody in: it may be the one that the restriction is for. was are the tags of before, is
// those of now: one that stood there before has not been spoilt now, and takes nothing back but what had been taken back then.
func lastGood(before []*dialect.Rule, was, is []string, now dialect.Result) []*dialect.Rule {
	out := now.Rules[:len(now.Rules):len(now.Rules)]
	free := vanished(before, now.Rules)
	if len(free) == 0 {
		return out
	}
	removed, stayed := changes(was, is)
	old := func(v dialect.Verdict) bool {
		return len(v.Sources) > 0 && !slices.ContainsFunc(v.Sources, func(s string) bool { return !stayed[s] })
	}
	asked := func(r *dialect.Rule) bool { // before, by a tag that is no longer there
		return slices.ContainsFunc(r.Sources, func(s string) bool { return removed[s] })
	}
	var blank [2]int // of tags that are new, and of those that stood there before
	shut := false
	for _, v := range now.Verdicts {
		if v.Kind != dialect.VerdictRefused || v.Final || closed(now.Rules, v) {
			continue
		}
		stood := old(v)
		i := slices.IndexFunc(free, func(r *dialect.Rule) bool { return r != nil && r.Name == v.Rule && !(stood && asked(r)) })
		if v.Rule == "" || i < 0 {
			blank[number(stood)]++
			shut = shut || v.Restricts
			continue
		}
		out, free[i] = append(out, shutIf(v.Restricts, free[i])), nil
	}
	for _, r := range free {
		if r == nil {
			continue
		}
		if from := number(!asked(r) && blank[1] > 0); blank[from] > 0 {
			out = append(out, shutIf(shut, r))
			blank[from]--
		}
	}
	return out
}

// changes are the tags that went and those that stayed, as they stand in sources. One that looks there as another one does has not gone.
func changes(was, is []string) (removed, stayed map[string]bool) {
	removed, stayed = map[string]bool{}, map[string]bool{}
	for _, tag := range was {
		if slices.Contains(is, tag) {
			stayed[dialect.Source(tag)] = true
		} else {
			removed[dialect.Source(tag)] = true
		}
	}
	for _, tag := range is {
		delete(removed, dialect.Source(tag))
	}
	return removed, stayed
}

func number(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func shutIf(yes bool, r *dialect.Rule) *dialect.Rule {
	if yes {
		return r.Shut()
	}
	return r
}

// lost says whether a restriction stands in no rule.
func lost(now dialect.Result) bool {
	return slices.ContainsFunc(now.Verdicts, func(v dialect.Verdict) bool { return v.Restricts })
}

// vanished are the rules of before for which now has none of the same match; those that let nobody in, as they were taken back so, come last.
func vanished(before, now []*dialect.Rule) (out []*dialect.Rule) {
	for _, closed := range [...]bool{false, true} {
		for _, old := range before {
			if old.Policy.Closed == closed && !slices.ContainsFunc(now, func(r *dialect.Rule) bool { return r.Match.Same(old.Match) }) {
				out = append(out, old)
			}
		}
	}
	return out
}

// closed says whether a verdict is about a rule that lets nobody in.
func closed(rules []*dialect.Rule, v dialect.Verdict) bool {
	return slices.ContainsFunc(rules, func(r *dialect.Rule) bool { return r.Policy.Closed && r.Name == v.Rule })
}
