package routing

import "github.com/pointsman/pointsman/proxy/dialect"

// idleLines tells of lines that lead nowhere, where nobody else asks for the same route: requests for it get 503.
func (t *Table) idleLines() (out []Verdict) {
	for _, s := range t.sources {
		for _, l := range s.leads {
			if u := &l.line.rule.Options.Upstream; len(u.Services)+len(u.To) > 0 || len(out) >= maxVerdicts {
				continue
			}
			if r := t.index.route(l.claim.key); r != nil && r.idle() {
				out = s.tell(out, l.line.number, dialect.Verdict{Kind: dialect.VerdictPartly, Rule: l.line.rule.Name, Sources: l.line.rule.Sources,
					Reason: "it leads nowhere, and no service asks for this host and path: requests get 503", Advice: "add service= or to="})
			}
		}
	}
	return out
}

// idle says whether a route has nobody to ask, and no answer of its own.
func (r *Route) idle() bool {
	p := r.Policy
	answers := p.Respond != nil || p.Files != nil || p.Admission != nil && p.Admission.Redirect != nil
	if r.Closed || answers || len(r.Members)+len(r.Sets) > 0 {
		return false
	}
	for _, cl := range r.claims {
		if cl.name == "" { // a service that is down
			return false
		}
	}
	return true
}
