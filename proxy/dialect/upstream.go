package dialect

// Upstream is what a rule leads to that no service registers. The zero value is the instance that carries the rule.
type Upstream struct{}
