package dialect

import (
	"fmt"
	"slices"
)

// Result is what the tags of one instance ask for. The Rules may be shared from here on, and are not modified.
type Result struct {
	Rules    []*Rule
	Verdicts []Verdict
	// Defaults are what routes of the instance have that no tag asks for; nil is nothing.
	Defaults *Defaults
	// Uses are the names that were looked up in Env.Definitions, sorted: with other meanings of them the Result may be another.
	Uses []string
	// Names are services of the catalogue that what is defined for others leads to.
	Names []ServiceName
	// Called says that the Result depends on Env.Called.
	Called bool
	// OtherProtocol says that the instance speaks something else than HTTP: it gets no route that no tag asks for.
	OtherProtocol bool

	unread      int  // tags beyond the bounds
	patterns    int  // what the host patterns of Rules cost, see Pattern.Cost
	expressions int  // what the regular expressions of Rules cost, see Expression.Cost
	lost        bool // a rule or tag with a restriction was beyond the bounds
}

// Beyond tells of a route that a language did not read any more; restricts says that some are not let in by it.
func (r *Result) Beyond(restricts bool) {
	r.unread++
	r.lost = r.lost || restricts
}

// take adds a rule, if the bounds leave room for it.
func (r *Result) take(rule *Rule) {
	if len(r.Rules) == maxRoutes {
		r.Beyond(rule.Restricts())
		return
	}
	if p := rule.Match.Host.Pattern; p != nil {
		if r.patterns += p.Cost(); r.patterns > maxPatterns {
			r.lost = r.lost || rule.Restricts()
			return
		}
	}
	if n := rule.Match.Conditions.Cost(); n > 0 {
		if r.expressions += n; r.expressions > maxExpressions {
			r.lost = r.lost || rule.Restricts()
			return
		}
	}
	r.Add(rule)
}

// Add appends a rule. Of two with the same match the one holds that restricts all that the other does, and the first one where both do: the order
// of tags is nothing that people control, and a restriction must not get lost by it. Where each restricts something that the other does not,
// nobody is let in. The other one is refused; if it is of another language, as labels of an older proxy are that were left beside new ones, it is
// ignored.
func (r *Result) Add(rule *Rule) {
	i := slices.IndexFunc(r.Rules, func(o *Rule) bool { return o.Match.Same(rule.Match) })
	if i < 0 {
		r.Rules = append(r.Rules, rule)
		return
	}
	held := r.Rules[i]
	if held.Lent == "" && rule.Lent != "" { // what the instance's own tags say, holds
		r.refuse(rule, "another container asks for this route, for which the instance has tags of its own: they hold")
		return
	}
	if !held.restrictsAll(rule) {
		held, rule = rule, held
	}
	if !held.restrictsAll(rule) {
		held = held.closed()
		r.refuse(held, "another tag of the same instance asks for the same host, path and conditions, and each restricts something that the other does not: the route is refused")
	}
	if r.Rules[i] = held; held.Policy.Closed || held.Language == rule.Language {
		r.refuse(rule, "another tag of the same instance asks for the same host, path and conditions")
		return
	}
	r.Verdicts = append(r.Verdicts, Verdict{Kind: VerdictIgnored, Language: rule.Language, Rule: rule.Name, Sources: rule.Sources,
		Reason: "tags of " + held.Language + " ask for the same host, path and conditions, and restrict no less: they hold"})
}

func (r *Result) refuse(rule *Rule, reason string) {
	r.Verdicts = append(r.Verdicts, Verdict{Kind: VerdictRefused, Language: rule.Language, Rule: rule.Name, Sources: rule.Sources, Reason: reason})
}

// bound says what was beyond the bounds. Where a restriction was among it, one of its own or one of all routes, nothing is served at all:
// nobody knows what it was to keep from whom.
func (r *Result) bound() {
	beyond := func(n int, reason string) {
		if n > 0 {
			r.Verdicts = append(r.Verdicts, Verdict{Kind: VerdictRefused, Sources: []string{fmt.Sprintf("(%d more)", n)}, Reason: reason})
		}
	}
	beyond(r.unread, fmt.Sprintf("an instance may ask for %d routes, in tags of %d bytes together", maxRoutes, maxTagBytes))
	beyond(r.patterns-maxPatterns, fmt.Sprintf("the host patterns of an instance may have %d alternatives, those of 64 bytes and more counting as several", maxPatterns))
	beyond(r.expressions-maxExpressions, fmt.Sprintf("the regular expressions of an instance may have %d instructions", maxExpressions))
	if !r.lost && (r.unread == 0 || !r.Defaults.Restricts()) {
		return
	}
	for i, rule := range r.Rules {
		r.Rules[i] = rule.closed()
	}
	r.closeDefaults("a restriction was beyond the bounds")
	r.Verdicts = append(r.Verdicts, Verdict{Kind: VerdictRefused, Sources: []string{"(all tags)"},
		Reason: "a route beyond the bounds has allow, deny or auth: all routes of the instance are refused"})
}

// used gives each rule that is in effect as it was written its Verdict.
func (r *Result) used() {
	partly := map[string]bool{}
	for _, v := range r.Verdicts {
		if v.Kind == VerdictPartly {
			partly[v.Sources[0]] = true
		}
	}
	for _, rule := range r.Rules {
		if !rule.Policy.Closed && !partly[rule.Sources[0]] {
			r.Verdicts = append(r.Verdicts, Verdict{Kind: VerdictUsed, Language: rule.Language, Rule: rule.Name, Sources: rule.Sources})
		}
	}
}
