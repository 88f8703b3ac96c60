package dialect

import (
	"strings"
	"testing"
)

// What each condition takes, prints, and refuses. A line with a bad condition is refused; where it restricts it is closed, for all.
func TestConditions(t *testing.T) {
	const used, partly, refused, closed = "used", "partly", "refused", "closed"
	env := Env{Listeners: "http,https,internal"}
	for _, c := range []struct{ options, printed, outcome string }{
		{"path=exact", "path=exact", used}, {"path=prefix", "path=prefix", used}, {"path=segments", "", used},
		{"path=", "", refused}, {"path=glob", "", refused}, {"path=exact path=prefix", "", refused},
		{"path-regexp=^/u/[0-9]+$", "path-regexp=^/u/[0-9]+$", used}, {`path-regexp="a b"`, `path-regexp="a b"`, used}, {"path-regexp=", "", refused},
		{"path-regexp=(", "", refused}, {"path-regexp=(a{1000}){1000}", "", refused}, {"path-regexp=(a{100}){3}", "", refused}, {"path-regexp=" + strings.Repeat("a", 257), "", refused},
		{"path-regexp=(?<!a)b", "", refused}, {"path-regexp=b path-regexp=a path-regexp=b", "path-regexp=a path-regexp=b", used},
		{"not-path-regexp=b path-regexp=a", "path-regexp=a not-path-regexp=b", used}, {"not-path-regexp=(", "", closed}, {"host-regexp=^a not-host-regexp=[.]b$", "host-regexp=^a not-host-regexp=[.]b$", used},
		{"not-method=put|GET method=GET|HEAD", "method=GET|HEAD not-method=GET|PUT", used}, {"not-method=", "", closed}, {"not-method=a not-method=b", "", closed},
		{"not-header=X-B:2|1 header=X-B not-header=X-A", "header=x-b not-header=x-a not-header=x-b:1|2", used}, {"not-header=", "", closed}, {"not-header=Host:a", "", closed}, {"header=Host:a", "header=host:a", used},
		{"header-regexp=X-A:^a|b:c$ header-regexp=X-A:^a", "header-regexp=x-a:^a header-regexp=x-a:^a|b:c$", used}, {"header-regexp=X-A", "", refused}, {"header-regexp=X-A:(", "", refused}, {"header-regexp=host:a", "", refused},
		{`not-header-regexp="X-A:a b"`, `not-header-regexp="x-a:a b"`, used}, {"not-header-regexp=:a", "", closed}, {"not-header-regexp=Host:a", "", closed},
		{"query-regexp=v:^[0-9]+$ not-query=w:1|0 not-query-regexp=v:^0", "not-query=w:0|1 query-regexp=v:^[0-9]+$ not-query-regexp=v:^0", used}, {"query-regexp=v", "", refused},
		{"not-cookie=a:b cookie-regexp=a:. not-cookie-regexp=a:c", "not-cookie=a:b cookie-regexp=a:. not-cookie-regexp=a:c", used}, {`not-cookie="a:b c"`, "", closed}, {"cookie-regexp=a:b;c", "cookie-regexp=a:b;c", used},
		{"not-client=10.0.0.0/8|ip:192.0.2.1 client=10.0.0.0/8", "client=10.0.0.0/8 not-client=10.0.0.0/8|192.0.2.1/32", used}, {"not-client=", "", closed}, {"not-client=x", "", closed},
		{"not-listener=http|internal", "not-listener=http|internal", used}, {"not-listener=web", "not-listener=http", used}, {"not-listener=http|nowhere", "", closed}, {"not-listener=nowhere", "", closed},
		{"not-methods=GET", "", closed}, {"not-headers=X-A", "", closed}, {"not-path=exact", "", closed}, {"not-priority=1", "", closed},
		{"method=get|POST,get", "method=GET|POST", used}, {"method=", "", refused}, {"method=GET|", "", refused}, {"method=a/b", "", refused}, {"method=GET method=PUT", "", refused},
		{"header=X-A", "header=x-a", used}, {"header=X-A:b|a|b", "header=x-a:a|b", used}, {"header=X-B:1 header=X-A header=x-b:1", "header=x-a header=x-b:1", used},
		{"header=X-A:http://x", "header=x-a:http://x", used}, {"header=X-A:", "header=x-a:", used}, {"header=", "", refused}, {"header=:a", "", refused}, {`header="X A:b"`, "", refused}, {`header="X-A: b"`, "", refused},
		{"query=v", "query=v", used}, {"query=V:2|1", "query=V:1|2", used}, {`query="v:a b"`, `query="v:a b"`, used}, {"query=", "", refused}, {"query=a=b", "", refused},
		{"cookie=sid:a=b", "cookie=sid:a=b", used}, {"cookie=a cookie=b", "cookie=a cookie=b", used}, {`cookie="a:b c"`, "", refused}, {"cookie=a:b;c=d", "", refused},
		{"client=10.1.2.3", "client=10.1.2.3/32", used}, {"client=ip:10.1.2.3/8|fd00::1/8|10.0.0.0/8", "client=10.0.0.0/8|fd00::/8", used},
		{"client=", "", closed}, {"client=10.0.0.0/8|x", "", closed}, {"client=10.0.0.0/33", "", closed}, {"client=10.0.0.0/8 client=10.0.0.1", "", closed},
		{"listener=https", "listener=https", used}, {"listener=INTERNAL", "listener=internal", used}, {"listener=nowhere", "", closed}, {"listener=", "", closed},
		{"listener=https|http,https", "listener=http|https", used}, {"listener=https|front", "listener=front|https", partly}, {"listener=front|nowhere", "", closed}, {"listener=http|", "", closed},
		{"listener=web|secure", "listener=http|https", used}, {"listener=Web", "listener=http", used},
		{"listener=http listener=https", "", closed}, {"listenr=https", "", closed}, {"clients=10.0.0.1", "", closed},
		{"priority=7", "priority=7", used}, {"priority=-7", "priority=-7", used}, {"priority=0", "", used}, {"priority=", "", refused}, {"priority=1.5", "", refused},
		{"priority=1000001", "", refused}, {"priority=1 priority=2", "", refused},
		{"header=X-A:b method=GET|PUT client=10.0.0.1 priority=3 path=exact", "path=exact method=GET|PUT header=x-a:b client=10.0.0.1/32 priority=3", used},
		// Whom a restriction is about can't be told: it closes the route for all.
		{"header=X-A method=a/b allow=ip:10.0.0.1", "", closed}, {"header=: allow=ip:10.0.0.1", "", closed}, {"priority=x allow=ip:10.0.0.1", "", closed},
	} {
		rule, verdicts := ParseLine("ex.com/p "+c.options, PathSegments, env)
		got, printed := used, ""
		switch {
		case rule == nil:
			got = refused
		case rule.Policy.Closed:
			got = closed
			if rule.Match.Conditions != nil {
				t.Errorf("%s: closed for some: %+v", c.options, rule.Match.Conditions)
			}
		case len(verdicts) > 0:
			got = partly
		}
		if got == used || got == partly {
			printed = strings.TrimPrefix(strings.TrimPrefix(rule.Line(), "ex.com/p"), " ")
		}
		if got != c.outcome || printed != c.printed || (got != used) != (len(verdicts) > 0) {
			t.Errorf("%s: %s %q, want %s %q: %+v", c.options, got, printed, c.outcome, c.printed, verdicts)
		}
	}
	for _, line := range []string{"/p priority=1", "*.ex.com/ priority=1", "e?.com/ priority=1"} {
		if rule, verdicts := ParseLine(line, PathSegments, env); rule == nil || len(verdicts) != 1 || verdicts[0].Kind != VerdictPartly {
			t.Errorf("%s: %+v", line, verdicts)
		}
	}
}

// Conditions of one instance have bounds together, and those that differ make routes of their own.
func TestConditionsOfOneInstance(t *testing.T) {
	r := both.Parse([]string{"pointsman.route=ex.com/", "pointsman.route=ex.com/ header=a", "pointsman.route=ex.com/ header=A priority=3", "pointsman.route=ex.com/ path=exact"}, Env{})
	if len(r.Rules) != 3 || len(of(r, VerdictRefused)) != 1 {
		t.Errorf("%v %+v", lines(r), r.Verdicts)
	}
	var tags []string
	for i := range 30 {
		tags = append(tags, "pointsman.route=ex.com/"+strings.Repeat("x", i)+" path-regexp="+strings.Repeat("a", 98))
	}
	if r = both.Parse(tags, Env{}); len(r.Rules) != maxExpressions/100 || len(of(r, VerdictRefused)) != 1 {
		t.Errorf("%d routes with regular expressions, %+v", len(r.Rules), of(r, VerdictRefused))
	}
	// An unescaped comma has cut the list of a condition off.
	r = both.Parse([]string{"pointsman.route=ex.com/ client=10.0.0.0/8", "192.0.2.0/24"}, Env{})
	if len(r.Rules) != 1 || !r.Rules[0].Policy.Closed {
		t.Errorf("%v", lines(r))
	}
	// Fabio's tags have no conditions.
	if r = both.Parse([]string{"urlprefix-ex.com/ client=10.0.0.1", "urlprefix-ex.com/x method=GET"}, Env{}); len(r.Rules) != 2 || !r.Rules[0].Policy.Closed || r.Rules[1].Match.Conditions != nil {
		t.Errorf("%v %+v", lines(r), r.Verdicts)
	}
}
