package dialect

// borrow adds a rule that another container asks for, if the bounds leave room for it. It takes nothing from the instance's own rules, and closes none of
// them, whatever it restricts.
func (r *Result) borrow(rule *Rule) {
	patterns, expressions := r.patterns, r.expressions+rule.Match.Conditions.Cost()
	if p := rule.Match.Host.Pattern; p != nil {
		patterns += p.Cost()
	}
	if len(r.Rules) >= maxRoutes || patterns > maxPatterns || expressions > maxExpressions {
		r.refuse(rule, "another container asks for this route, and the instance has as many as it may have: the route is refused")
		return
	}
	r.patterns, r.expressions = patterns, expressions
	r.Add(rule)
}

// closeLent closes the routes that tags of others ask for, where they would lead past a restriction: of the instance's own routes, or of those that yet
// another owner asks for.
func (r *Result) closeLent() {
	for i, rule := range r.Rules {
		if rule.Lent == "" || rule.Policy.Closed {
			continue
		}
		for _, o := range r.Rules {
			if o.Lent == rule.Lent || !o.Restricts() || rule.restrictsAll(o) || o.Policy.Closed && o.Lent != "" {
				continue
			}
			r.Rules[i] = rule.closed()
			r.refuse(r.Rules[i], "another container asks for this route, which does not restrict all that "+Source(o.Line())+" does: the route is refused")
			break
		}
	}
}
