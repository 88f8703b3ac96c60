package fabio

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
)

func parse(tags ...string) dialect.Result {
	return dialect.Languages{Options{}.Language()}.Parse(tags, dialect.Env{Datacenter: "dc1"})
}

// Each tag ends in a verdict; what Fabio alone serves is no error.
func TestTags(t *testing.T) {
	r := parse("urlprefix-$DC.ex.com/a", "pointsman.route=/b", "urlprefix-:3306 proto=tcp", "urlprefix-/c pxyproto=true", "urlprefix-/d auth=x", "urlprefix-/e weight=x")
	if len(r.Rules) != 3 || r.Rules[0].Match.Host.Text != "dc1.ex.com" || r.Rules[0].Match.Path != (dialect.Path{Kind: dialect.PathPrefix, Text: "/a"}) || !r.Rules[2].Policy.Closed {
		t.Errorf("%+v", r.Rules)
	}
	var kinds [4]int
	for _, v := range r.Verdicts {
		kinds[v.Kind]++
	}
	if want := [4]int{dialect.VerdictUsed: 1, dialect.VerdictPartly: 1, dialect.VerdictRefused: 3}; kinds != want {
		t.Errorf("%v of each kind, want %v: %+v", kinds, want, r.Verdicts)
	}
}

// Paths as Fabio's matcher glob reads them.
func TestGlobs(t *testing.T) {
	for _, c := range []struct{ source, takes, passes string }{
		{"a.io/", "/", "/x"}, {"a.io", "/", "/x"}, {"a.io/foo", "/foo", "/foo/ /foobar /fo"}, {"a.io/*", "/ /x /x/y", ""}, {"/foo*", "/foo /foobar /foo/x", "/fo /a/foo"},
		{"/a/*/c", "/a/b/c /a/b/b/c /a//c", "/a/c /a/b/cd /x/a/b/c"}, {"/**.js", "/a.js /a/b.js", "/a.jsx /ajs"}, {"/v?/x", "/v1/x", "/v/x /v10/x"},
		{"/v[0-9]", "/v1", "/vx /v"}, {"/v[!0-9]", "/vx", "/v1 /v"}, {"/{a,bc}/x", "/a/x /bc/x", "/b/x /abc/x"}, {"/{a,{b,c}d}", "/a /bd /cd", "/b /d"}, {"/a.b*", "/a.b /a.bc", "/aXb"},
		{`/a\*b`, "/a*b", "/axb"}, {"/a(b|c)*", "/a(b%7Cc)", "/ab"},
	} {
		rules := dialect.Languages{Options{Globs: true}.Language()}.Parse([]string{"urlprefix-" + c.source}, dialect.Env{}).Rules
		if c.source == "/a(b|c)*" { // of a bar in a path nobody knows whether it is one
			if len(rules) != 0 {
				t.Errorf("%s: %+v", c.source, rules[0])
			}
			continue
		}
		if len(rules) != 1 {
			t.Errorf("%s: %d rules", c.source, len(rules))
			continue
		}
		for _, path := range strings.Fields(c.takes) {
			if !takes(rules[0], path) {
				t.Errorf("%s does not take %s: %s", c.source, path, rules[0].Line())
			}
		}
		for _, path := range strings.Fields(c.passes) {
			if takes(rules[0], path) {
				t.Errorf("%s takes %s: %s", c.source, path, rules[0].Line())
			}
		}
		again, verdicts := dialect.ParseLine(rules[0].Line(), dialect.PathSegments, dialect.Env{})
		if again == nil || len(verdicts) > 0 || !again.Match.Same(rules[0].Match) {
			t.Errorf("%s is printed as %s: %+v", c.source, rules[0].Line(), verdicts)
		}
	}
	for _, bad := range []string{"/[", "/[]", "/[!]", "/{a", `/a\`, "/[a^]", "/[[:alpha:]]", "/[z-a]", "/" + strings.Repeat("{a,b}", 60)} {
		if r := (dialect.Languages{Options{Globs: true}.Language()}).Parse([]string{"urlprefix-" + bad}, dialect.Env{}); len(r.Rules) > 0 || len(r.Verdicts) != 1 || r.Verdicts[0].Kind != dialect.VerdictRefused {
			t.Errorf("%s: %+v", bad, r)
		}
		r := dialect.Languages{Options{Globs: true}.Language()}.Parse([]string{"urlprefix-" + bad + " allow=ip:10.0.0.1"}, dialect.Env{})
		if len(r.Rules) > 0 && !r.Rules[0].Policy.Closed {
			t.Errorf("%s with a restriction: %+v", bad, r)
		}
	}
}

// takes says whether a rule takes a path.
func takes(r *dialect.Rule, path string) bool {
	text := r.Match.Path.Text
	if c := r.Match.Conditions; c != nil && slices.ContainsFunc(c.Paths, func(e dialect.Expressed) bool { return e.Match(path) == e.Not }) {
		return false
	}
	return strings.HasPrefix(path, text) && r.Match.Path.Kind.Takes(path, len(text))
}

// Schemes of -auth are Fabio's.
func TestSchemes(t *testing.T) {
	all, err := ParseSchemes("name=a;type=basic;file=/a, name = b ; file=/b;type=basic;realm=The Realm;refresh=5s")
	if err != nil || !reflect.DeepEqual(all, map[string]dialect.BasicAuth{"a": {File: "/a", Realm: "a", Pass: true}, "b": {File: "/b", Realm: "The Realm", Pass: true}}) {
		t.Errorf("%+v %v", all, err)
	}
	for _, bad := range []string{"", "a", "name=a", "name=a;type=basic", "name=a;file=/a", "type=basic;file=/a", "name=a;type=external;file=/a", "name=a;name=b;type=basic;file=/a",
		"name=a;type=basic;file=/a;x=y", "name=a;type=basic;file=/a;refresh=x", "name=a;type=basic;file=/a,name=a;type=basic;file=/b", "name=a;type=basic;file=/a,", "name=a;type=basic;file=/a;realm=x\ny"} {
		if _, err := ParseSchemes(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	r := dialect.Languages{Options{Schemes: all}.Language()}.Parse([]string{"urlprefix-/a auth=a", "urlprefix-/b auth=B", "urlprefix-/c auth=", "urlprefix-/d auth=file:/etc/passwd", "urlprefix-/e auth=basic:x:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="}, dialect.Env{})
	if len(r.Rules) != 5 || !reflect.DeepEqual(*r.Rules[0].Policy.Filters.Auth, all["a"]) {
		t.Fatalf("%+v", r)
	}
	for _, rule := range r.Rules[1:] {
		if !rule.Policy.Closed {
			t.Errorf("%s is open", rule.Name)
		}
	}
}

// restricting are the words that a tag of Fabio's can restrict by; a test of package dialect walks what each of them does.
var restricting = map[string]bool{"allow": true, "deny": true, "auth": true}

// FuzzRestrictions: whatever else stands in a tag, one that restricts makes a rule that does, or none at all.
func FuzzRestrictions(f *testing.F) {
	f.Add("a.io/p", "allow", "ip:10.0.0.1", "strip=/p", false)
	f.Add(":80", "DENY", "x", "proto=tcp", true)
	f.Add("/a*{b,c}[", "auth", "people", "redirect=301,/x", true)
	f.Add("/a", "Auth", "others", "auth=people", false)
	f.Add(" /a ", "allow", "ip:10.0.0.1,ip:10.0.0.2", "allow=ip:0.0.0.0/0", false)
	f.Fuzz(func(t *testing.T, source, key, value, more string, globs bool) {
		if !restricting[strings.ToLower(key)] {
			return
		}
		language := dialect.Languages{Options{Globs: globs, Schemes: map[string]dialect.BasicAuth{"people": {File: "/users"}}}.Language()}
		for _, tag := range []string{Prefix + source + " " + key + "=" + value + " " + more, Prefix + source + " " + more + " " + key + "=" + value} {
			for _, rule := range language.Parse([]string{tag}, dialect.Env{}).Rules {
				if !rule.Restricts() && len(strings.Fields(source)) > 0 {
					t.Errorf("%q: %s", tag, rule.Line())
				}
			}
		}
	})
}

// Whatever a tag of the language holds, it makes a rule or says why not, and one that is another language's is passed over.
func FuzzParse(f *testing.F) {
	usual := Options{}.Language()
	for _, tag := range []string{
		"urlprefix-/a", "urlprefix-*.ex.com:81/a strip=/a weight=0.5 deny=ip:10.0.0.0/8", "urlprefix-[::1]:8/x redirect=301,https://$host$path",
		"urlprefix-$DC{a,b}[!a-c]?.x/ speed=9", "urlprefix-/a auth=x", "urlprefix-:1 proto=tcp", "other", "urlprefix-a.io/v[!0-9]/{a,b?}*\\",
	} {
		f.Add(tag)
	}
	f.Fuzz(func(t *testing.T, tag string) {
		r := parse(tag)
		if usual.Wants(tag) != (len(r.Verdicts) > 0) {
			t.Fatalf("%q: %+v", tag, r)
		}
		for _, v := range r.Verdicts {
			if len(v.Sources) != 1 || (v.Reason == "") != (v.Kind == dialect.VerdictUsed) {
				t.Errorf("%q: %+v", tag, v)
			}
		}
		for _, rule := range r.Rules {
			if rule.Language != usual.Name() || rule.Name == "" || rule.Match.Path.Kind != dialect.PathPrefix {
				t.Errorf("%q: %+v", tag, rule)
			}
		}
		r = dialect.Languages{Options{Globs: true}.Language()}.Parse([]string{tag}, dialect.Env{})
		if usual.Wants(tag) != (len(r.Verdicts) > 0) {
			t.Fatalf("%q as a glob: %+v", tag, r)
		}
	})
}
