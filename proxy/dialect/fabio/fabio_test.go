package fabio

import (
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
)

func parse(tags ...string) dialect.Result {
	return dialect.Languages{Language()}.Parse(tags, dialect.Env{Datacenter: "dc1"})
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
	if want := [4]int{dialect.VerdictUsed: 1, dialect.VerdictPartly: 1, dialect.VerdictIgnored: 1, dialect.VerdictRefused: 2}; kinds != want {
		t.Errorf("%v of each kind, want %v: %+v", kinds, want, r.Verdicts)
	}
}

// Whatever a tag of the language holds, it makes a rule or says why not, and one that is another language's is passed over.
func FuzzParse(f *testing.F) {
	for _, tag := range []string{
		"urlprefix-/a", "urlprefix-*.ex.com:81/a strip=/a weight=0.5 deny=ip:10.0.0.0/8", "urlprefix-[::1]:8/x redirect=301,https://$host$path",
		"urlprefix-$DC{a,b}[!a-c]?.x/ speed=9", "urlprefix-/a auth=x", "urlprefix-:1 proto=tcp", "other",
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
			if rule.Language != Language().Name() || rule.Name == "" || rule.Match.Path.Kind != dialect.PathPrefix {
				t.Errorf("%q: %+v", tag, rule)
			}
		}
	})
}
