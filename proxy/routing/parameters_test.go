package routing

import (
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
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
	for _, option := range []string{"not-query=(?i)v:1", "not-query-regexp=(?i)v:1", "header=(?i)v:1", "not-cookie=(?i)v:1", "query=(?i)", "cookie=(?i)"} {
		if rule, _ := dialect.ParseLine("/ "+option, dialect.PathSegments, dialect.Env{}); rule != nil && !rule.Policy.Closed {
			t.Errorf("%s is read", option)
		}
	}
}

// The same for cookies, as of $cookie_NAME of nginx, for which a comma parts them.
func TestTheFirstCookieInAnyLetters(t *testing.T) {
	for _, c := range []struct {
		option, cookies string
		want            bool
	}{
		{"cookie=(?i)Role:admin", "ROLE=admin", true}, {"cookie=(?i)role:admin", "a=b; rolE=admin", true}, {"cookie=(?i)role:admin", "a=b,role=admin; c=d", true}, {"cookie=(?i)role:admin", "role = admin", true},
		{"cookie=(?i)role:admin", "role=x; role=admin", false}, {"cookie=(?i)role:admin", "role=admin; Role=x", true}, {"cookie=(?i)role:admin", "role=admin,x=y", false}, {"cookie=(?i)role:admin", "xrole=admin; rolex=admin", false},
		{"cookie=(?i)role", "role", false}, {"cookie=(?i)role", "role=", true}, {"cookie=(?i)role", "", false}, {"cookie-regexp=(?i)role:^a.m", "role=%61dmin", false}, {"cookie-regexp=(?i)role:^a.m", ",,; ROLE=adm", true},
	} {
		rule, verdicts := dialect.ParseLine("/ "+c.option, dialect.PathSegments, dialect.Env{})
		if rule == nil || len(verdicts) > 0 {
			t.Fatalf("%s: %+v", c.option, verdicts)
		}
		again, _ := dialect.ParseLine(rule.Line(), dialect.PathSegments, dialect.Env{})
		if again == nil || !again.Match.Same(rule.Match) {
			t.Errorf("%s is printed as %s", c.option, rule.Line())
		}
		q := Query{Request: &http1.Request{Method: "GET", Fields: []http1.Field{http1.NewField("Cookie", c.cookies)}}}
		if got := q.hasCookie(&rule.Match.Conditions.Cookies[0]); got != c.want {
			t.Errorf("%s, %s: %t", c.option, c.cookies, got)
		}
	}
}

func TestListsOfCookiesTakeSteps(t *testing.T) {
	for list, tooLong := range map[string]bool{
		strings.Repeat("role=x,", 4000):                true, // each of them is as long as the rest
		strings.Repeat("other=x,", 4000) + "role=x":    false,
		"json={" + strings.Repeat("a,", 4000) + "role": false,
	} {
		q := Query{Request: &http1.Request{Fields: []http1.Field{{Name: "Cookie", Value: list}}}, guarded: true}
		if q.hasCookie(&dialect.Named{Name: "role", Values: []string{"admin"}}); q.steps > maxSteps != tooLong {
			t.Errorf("%.20s…: %d steps", list, q.steps)
		}
	}
}

// A route that refuses requests, or asks who comes, takes them in whatever way a parameter or a cookie is written: the next one may let them in.
func TestConditionsOfRoutesThatRefuseLookCloser(t *testing.T) {
	for _, c := range []struct{ option, search, cookie string }{
		{"query=debug", "x;debug", ""}, {"query=debug:1", "x=1;de%62ug=%31&y", ""}, {"query-regexp=debug:^1", "x;debug=12", ""},
		{"cookie=role:admin", "", "role=%61dmin"}, {"cookie=role:admin", "", `role="admin"`}, {"cookie=role:admin", "", "a=b,role=admin"}, {"cookie=role:admin", "", "a=b,role=admin,c"}, {"cookie-regexp=role:^ad", "", "a=b,role =admin,c=d; e"},
	} {
		for policy, closer := range map[string]bool{"": false, "respond=200": false, "respond=403": true, "redirect=302,/login": true, "auth=basic:bob:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=": true, "allow=10.0.0.0/8": true, "deny=10.0.0.1": true, "rate-limit=1/s": true, "forward-auth=service:gate": true} {
			rule, verdicts := dialect.ParseLine("/ "+c.option+" "+policy, dialect.PathSegments, dialect.Env{Writer: dialect.WriterOperator})
			if rule == nil || len(verdicts) > 0 {
				t.Fatalf("%s: %+v", c.option, verdicts)
			}
			r := newRoute(newTable(Options{}).options, keyOf(&rule.Match), []*claim{{rule: rule}}, nil, func(dialect.ServiceName) *claimant { return nil })
			q := Query{Path: "/", Search: c.search, Request: &http1.Request{Method: "GET", Fields: []http1.Field{http1.NewField("Cookie", c.cookie)}}}
			if got := r.take(&q) != nil; got != closer {
				t.Errorf("%s %s: ?%s with Cookie: %s is taken: %t", c.option, policy, c.search, c.cookie, got)
			}
		}
	}
}

// Nobody gets past a negated condition by writing a parameter or a cookie in another way that programs read.
func TestNegatedConditionsLookCloser(t *testing.T) {
	for _, c := range []struct {
		option, search, cookie string
		taken                  bool
	}{
		{"not-query=debug", "x=1;debug", "", false}, {"not-query=debug:1", "x;de%62ug=%31&y", "", false}, {"not-query-regexp=debug:^1", "x;debug=12", "", false},
		{"not-query=debug:1", "debug=0;x", "", true}, {"not-query=debug", "x=debug;y=debug", "", true}, {"not-query=v:1;2", "v=1;2", "", false}, {"query=debug", "x;debug", "", false},
		{"not-cookie=role:admin", "", "role=%61dmin", false}, {"not-cookie=role:admin", "", `a=b; role="%61dmin"`, false}, {"not-cookie=role:admin", "", `role="admin"`, false},
		{"not-cookie-regexp=role:^a.m", "", "role=%61dmin", false}, {"not-cookie=role:admin", "", "role=%62dmin", true}, {"not-cookie=role:%61", "", "role=%61", false},
		{"cookie=role:admin", "", "role=%61dmin", false},
	} {
		rule, verdicts := dialect.ParseLine("/ "+c.option, dialect.PathSegments, dialect.Env{})
		if rule == nil || len(verdicts) > 0 {
			t.Fatalf("%s: %+v", c.option, verdicts)
		}
		q := Query{Path: "/", Search: c.search, Request: &http1.Request{Method: "GET", Fields: []http1.Field{http1.NewField("Cookie", c.cookie)}}}
		if got := unmet(rule.Match.Conditions, &q) == ""; got != c.taken {
			t.Errorf("%s: ?%s with Cookie: %s is taken: %t", c.option, c.search, c.cookie, got)
		}
	}
}
