package dialect

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
