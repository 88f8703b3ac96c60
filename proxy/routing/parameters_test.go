package routing

import (
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// A name behind (?i) is that of the first parameter called so in any letters, and nothing of it is decoded, as of $arg_NAME of nginx.
func TestTheFirstParameterInAnyLetters(t *testing.T) {
	for _, c := range []struct {
		option, search string
		want           bool
	}{
		{"query=(?i)Debug", "?DEBUG=1", true}, {"query=(?i)debug", "debug=", true}, {"query=(?i)debug", "?debug", false}, {"query=(?i)debug", "?xdebug=1&debugx=1", false},
		{"query=(?i)debug", "?%64ebug=1", false}, {"query=(?i)debug:1", "?a=b&debug&DeBug=1", true}, {"query=(?i)debug:1", "?Debug=0&debug=1", false}, {"query=(?i)debug:1", "?debug=1&debug=0", true},
		{"query=(?i)debug:1", "?debug=%31", false}, {"query-regexp=(?i)v:^[0-9]+$", "?V=12", true}, {"query-regexp=(?i)v:^[0-9]+$", "?V=x&v=1", false}, {"query=(?i)v", "", false},
	} {
		rule, verdicts := dialect.ParseLine("/ "+c.option, dialect.PathSegments, dialect.Env{})
		if rule == nil || len(verdicts) > 0 {
			t.Fatalf("%s: %+v", c.option, verdicts)
		}
		again, _ := dialect.ParseLine(rule.Line(), dialect.PathSegments, dialect.Env{})
		if again == nil || !again.Match.Same(rule.Match) {
			t.Errorf("%s is printed as %s", c.option, rule.Line())
		}
		q := Query{Search: c.search}
		if got := q.hasParameter(&rule.Match.Conditions.Queries[0]); got != c.want {
			t.Errorf("%s, %s: %t", c.option, c.search, got)
		}
		plain, _ := dialect.ParseLine("/ query=debug", dialect.PathSegments, dialect.Env{})
		if plain.Match.Same(rule.Match) {
			t.Errorf("%s is the same as query=debug", c.option)
		}
	}
	for _, option := range []string{"not-query=(?i)v:1", "not-query-regexp=(?i)v:1", "header=(?i)v:1", "cookie=(?i)v:1", "query=(?i)"} {
		if rule, _ := dialect.ParseLine("/ "+option, dialect.PathSegments, dialect.Env{}); rule != nil {
			t.Errorf("%s is read", option)
		}
	}
}
