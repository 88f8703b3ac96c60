package routing

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// unmetByLines tells what services ask of routes that lines decide, and what lines ask of routes that services decide.
func (t *Table) unmetByLines() (out []Verdict) {
	for _, s := range t.sources {
		for _, cl := range s.claims {
			r := t.index.route(cl.key)
			if r == nil || len(r.claims) < 2 {
				continue
			}
			decides := r.decides()
			for _, o := range r.claims {
				// What a service does not get from another one is told with the conflicts, and once for each route.
				if o == decides || decides.name != "" && decides != cl || decides.name == "" && o != cl {
					continue
				}
				if v, ok := unmetVerdict(o, decides); ok && len(out) < maxVerdicts {
					out = append(out, v)
				}
			}
		}
	}
	return out
}

// decides is the claim whose rule says how the route treats requests, see rulesOf.
func (r *Route) decides() *claim {
	for _, c := range r.claims {
		if !c.rule.Policy.Closed {
			return c
		}
	}
	return r.claims[0]
}

// unmetVerdict is what a claim asks for in vain, as another one decides; false where that is nothing.
func unmetVerdict(cl, decides *claim) (Verdict, bool) {
	lost := cl.rule.Unmet(decides.rule)
	if len(lost) == 0 {
		return Verdict{}, false
	}
	why := "the older claim of the route decides"
	if decides.operator {
		why = "the routes file decides"
	}
	return Verdict{Service: claimantName(cl), Holder: claimantName(decides), Verdict: dialect.Verdict{Kind: dialect.VerdictPartly, Rule: escaped(cl.key.String()), Sources: cl.rule.Sources,
		Reason: strings.Join(lost, " ") + " is not in effect, as " + why}}, true
}

// claimantName is who makes a claim, for people.
func claimantName(cl *claim) string {
	switch {
	case cl.name == "":
		return label(cl.service)
	case cl.operator:
		return "routes-file"
	}
	return "kv"
}
