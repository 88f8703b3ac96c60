package native

import (
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
)

func parse(tags ...string) dialect.Result {
	return dialect.Languages{Language()}.Parse(tags, dialect.Env{Datacenter: "dc1"})
}

// A tag of our own is a line behind its prefix; its path ends where a segment does.
func TestTags(t *testing.T) {
	r := parse("pointsman.route=Ex.com/a strip=/a", "urlprefix-/b", "pointsmen.route=/c")
	if len(r.Rules) != 1 || len(r.Verdicts) != 1 || r.Verdicts[0].Kind != dialect.VerdictUsed {
		t.Fatalf("%+v", r)
	}
	m := r.Rules[0].Match
	if m.Host.Text != "ex.com" || m.Path != (dialect.Path{Kind: dialect.PathSegments, Text: "/a"}) || r.Rules[0].Options.Strip != "/a" {
		t.Errorf("%+v", r.Rules[0])
	}
}

// Whatever a tag of the language holds, it makes a rule or says why not, and one that is another language's is passed over.
func FuzzParse(f *testing.F) {
	for _, tag := range []string{
		"pointsman.route=/a", "pointsman.route=*.ex.com:81/a strip=/a weight=0.5 deny=ip:10.0.0.0/8", "pointsman.route=[::1]:8/x redirect=301,https://$host$path",
		"pointsman.route=$DC{a,b}[!a-c]?.x/ speed=9", "pointsman.route=/a auth=x", "pointsman.route=:1 proto=tcp", "other",
		`pointsman.route.NAME=/a redirect="301|/b\\" c"`, "pointsman.route=off", "pointsman.allow=ip:10.0.0.1|ip:::1", "pointsman.alow=x", "pointsman.=", "pointsman.route.",
	} {
		f.Add(tag)
	}
	f.Fuzz(func(t *testing.T, tag string) {
		r := parse(tag)
		if Language().Wants(tag) != (len(r.Verdicts) > 0) {
			t.Fatalf("%q: %+v", tag, r)
		}
		for _, v := range r.Verdicts {
			if len(v.Sources) != 1 || (v.Reason == "") != (v.Kind == dialect.VerdictUsed) {
				t.Errorf("%q: %+v", tag, v)
			}
		}
		for _, rule := range r.Rules {
			if rule.Language != Language().Name() || rule.Name == "" || rule.Match.Path.Kind != dialect.PathSegments {
				t.Errorf("%q: %+v", tag, rule)
			}
		}
	})
}
