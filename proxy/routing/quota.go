package routing

import (
	"fmt"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// What one key of the KV store may ask for: patterns and expressions are tried one by one, as those of an instance are.
const (
	maxTextRoutes      = 1000
	maxTextPatterns    = 32
	maxTextExpressions = 2048
)

// quota is what a text has asked for so far. Where a restriction is beyond it, nothing of the text is served, as nobody knows what it was to
// keep from whom.
type quota struct {
	free                          bool // the operator's has no bounds
	routes, patterns, expressions int
	lost                          bool
}

// take says why there is no room for a rule, or "".
func (q *quota) take(r *dialect.Rule) (why string) {
	q.routes++
	if p := r.Match.Host.Pattern; p != nil {
		q.patterns += p.Cost()
	}
	q.expressions += r.Match.Conditions.Cost()
	switch {
	case q.free:
	case q.routes > maxTextRoutes:
		return fmt.Sprintf("a key may ask for %d routes", maxTextRoutes)
	case q.patterns > maxTextPatterns:
		return fmt.Sprintf("the host patterns of a key may have %d alternatives", maxTextPatterns)
	case q.expressions > maxTextExpressions:
		return fmt.Sprintf("the regular expressions of a key may have %d instructions", maxTextExpressions)
	}
	return ""
}
