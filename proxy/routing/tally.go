package routing

import (
	"cmp"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// tally is how many rules and tags are in effect as they were written, by the name of their language. Immutable once made; nil is none.
type tally map[string]int

// tallyOf counts the verdicts that a result has of that kind.
func tallyOf(r *dialect.Result) (out tally) {
	for _, v := range r.Verdicts {
		if v.Kind == dialect.VerdictUsed {
			if out == nil {
				out = tally{}
			}
			out[cmp.Or(v.Language, dialect.NativeName)]++
		}
	}
	return out
}

// Tally is how many verdicts there are, by language and kind: of each language at least each kind once, so that one that begins is seen. Those that
// are in effect as written are counted for each instance, the others once for a service.
func (t *Table) Tally() map[string][len(dialect.VerdictKinds)]int {
	out := map[string][len(dialect.VerdictKinds)]int{}
	if t == nil {
		return out
	}
	add := func(language string, kind dialect.VerdictKind, n int) {
		language = cmp.Or(language, dialect.NativeName)
		of := out[language]
		of[kind] += n
		out[language] = of
	}
	for _, l := range t.options.Languages {
		add(l.Name(), dialect.VerdictUsed, 0)
	}
	for _, s := range t.sources {
		add("", dialect.VerdictUsed, s.used)
	}
	for _, c := range t.claimants {
		for language, n := range c.tally {
			add(language, dialect.VerdictUsed, n)
		}
	}
	for _, v := range t.Verdicts() {
		add(v.Language, v.Kind, 1)
	}
	return out
}
