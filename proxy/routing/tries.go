package routing

import (
	"cmp"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Tries says when a request that failed at one instance is sent to another one. The zero value is the proxy's own rules: Policy.Retries,
// within the budget.
type Tries struct {
	// Next are the cases; where any were written, the budget does not apply.
	Next dialect.Next
	// Most is how many attempts there may be in all; 0 leaves it to Next: each instance once where that was written.
	Most int
}

// Written says whether the route has rules of its own.
func (t Tries) Written() bool { return t.Next.Written() || t.Most > 0 }

// asked are those that hold where a line asks for some.
func (t Timeouts) asked(l *dialect.Tries) Timeouts {
	return Timeouts{Connect: cmp.Or(l.Connect, t.Connect), Answer: cmp.Or(l.Answer, t.Answer), Progress: cmp.Or(l.Progress, t.Progress)}
}

func (t Tries) asked(l *dialect.Tries) Tries {
	return Tries{Next: cmp.Or(l.Next, t.Next), Most: cmp.Or(l.Most, t.Most)}
}
