package dialect

import (
	"fmt"
	"strings"
	"testing"
)

// fabiosRestrictions are the words that a tag of Fabio's can restrict by: values of which the first can be honoured and the others can't.
var fabiosRestrictions = map[string][]string{
	"allow": {"ip:10.0.0.0/8,ip:::1", "10.0.0.1", "ip:10.0.0.1,10.0.0.2", "ip:x", ""},
	"deny":  {"ip:10.0.0.1", "ip:10.0.0.1,100.123.0.0/16", "10.0.0.0/8", "ip:10.0.0.0/33", ""},
	"auth":  {"people", "others", "", "basic:a:b"},
}

// Whatever restricts in a tag of Fabio's restricts in the table, or the route lets nobody in: each option that restricts is walked, of which such
// tags have some, and the rest refuses the route.
func TestWhatRestrictsInFabiosTags(t *testing.T) {
	language := Languages{Lines{Called: "fabio", Prefix: "urlprefix-", Paths: PathPrefix, Fabio: true, Schemes: map[string]BasicAuth{"people": {File: "/users"}}}}
	for i := range options {
		o := &options[i]
		values, known := fabiosRestrictions[o.name]
		if known && !o.restricts || o.restricts && o.fabio != known {
			t.Errorf("%s restricts: %v; it is Fabio's: %v", o.name, o.restricts, o.fabio)
		}
		if !o.restricts {
			continue
		}
		if !known {
			values = []string{"", "x", "10.0.0.1", "https", "5/s"} // none of them is Fabio's: none can be honoured
		}
		for i, value := range values {
			for _, form := range []string{"a.io/p %s=%s", "a.io/p strip=/p %s=%s weight=0.5", "/p proto=grpc %s=%s", "a.io/p redirect=301,/x %s=%s", "/p weight=x %s=%s"} {
				tag := fmt.Sprintf("urlprefix-"+form, o.name, value)
				r := language.Parse([]string{tag}, Env{})
				if len(r.Rules) != 1 || !r.Rules[0].Restricts() {
					t.Errorf("%s: %+v", tag, r)
					continue
				}
				bad := !known || i > 0 || strings.Contains(form, "grpc") || strings.Contains(form, "=x ")
				if r.Rules[0].Policy.Closed != bad {
					t.Errorf("%s: closed is %v", tag, !bad)
				}
			}
		}
	}
}

// The same in our own language, of which the page "options" has an example for each.
func TestWhatRestrictsInOurOwnLines(t *testing.T) {
	walked := 0
	for _, r := range rows(t) {
		example := strings.Trim(r.example, "`")
		name, _, _ := strings.Cut(example, "=")
		if o := optionByName[name]; o == nil || !o.restricts || o.operator {
			continue
		}
		walked++
		beside := ""
		switch {
		case strings.HasPrefix(name, "auth-"):
			beside = " auth=basic:bob:" + aSHA
		case strings.HasPrefix(name, "forward-auth-"):
			beside = " forward-auth=service:gate"
		}
		for _, c := range []struct {
			option string
			bad    bool
		}{{example, false}, {name + "=\"", true}, {name + "=(", true}, {example + " weight=x", true}} {
			rule, verdicts := ParseLine("a.io/p"+beside+" "+c.option, PathSegments, Env{})
			switch {
			case c.bad && name == "auth-realm" && c.option == name+"=(": // any text is a good one
			case rule == nil || !rule.Restricts():
				t.Errorf("%s: %+v", c.option, verdicts)
			case rule.Policy.Closed != c.bad:
				t.Errorf("%s: closed is %v: %+v", c.option, !c.bad, verdicts)
			}
		}
	}
	if walked < 10 {
		t.Errorf("%d options that restrict have an example", walked)
	}
}
