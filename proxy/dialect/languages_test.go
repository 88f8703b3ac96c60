package dialect

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Silence is never an outcome: whatever tags an instance has, each of a known language makes a rule that is in effect as written, or
// stands in a verdict that says why not, or is one of those beyond the bounds.
func TestEachTagEndsInAVerdict(t *testing.T) {
	some := []string{
		"urlprefix-/a", "urlprefix-/a deny=ip:10.0.0.0/8", "pointsman.route=/a", "urlprefix-/b speed=9", "urlprefix-/c auth=x", "urlprefix-:1 proto=tcp",
		"urlprefix-", "pointsman.route=a..b/", "urlprefix-a*.ex.com/ allow=ip:10.0.0.1", "ip:192.0.2.7", "v2", "urlprefix-/a strip=/a", "pointsman.route=/d weight=x",
	}
	rapid.Check(t, func(t *rapid.T) {
		tags := rapid.SliceOfN(rapid.SampledFrom(some), 0, 70).Draw(t, "tags")
		r := both.Parse(tags, Env{})
		beyond := slices.ContainsFunc(r.Verdicts, func(v Verdict) bool { return strings.HasSuffix(v.Sources[0], " more)") })
		for _, tag := range tags {
			if both.Wants([]string{tag}) && !beyond && !slices.ContainsFunc(r.Verdicts, func(v Verdict) bool { return slices.Contains(v.Sources, tag) }) {
				t.Fatalf("nothing is said of %q: %+v", tag, r.Verdicts)
			}
		}
		for _, v := range r.Verdicts {
			if (v.Reason == "") != (v.Kind == VerdictUsed) {
				t.Fatalf("%+v", v)
			}
		}
	})
}

// labels is a language in which two tags make one rule.
type labels struct{}

func (labels) Name() string { return "labels" }

func (labels) Wants(tag string) bool { return strings.HasPrefix(tag, "x.") }

func (l labels) Parse(tags []string, _ Env) (out Result) {
	var used []string
	rule := &Rule{Language: l.Name(), Name: "x"}
	for _, tag := range tags {
		key, value, _ := strings.Cut(tag, "=")
		switch key {
		case "x.host":
			rule.Match.Host, _ = ParseHost(value)
		case "x.path":
			rule.Match.Path, _ = ParsePath(PathPrefix, value)
		default:
			continue
		}
		used = append(used, tag)
	}
	if rule.Sources = used; used != nil {
		out.Rules = append(out.Rules, rule)
	}
	return out
}

// Several tags may make one rule; the bounds and restrictions are those of all languages together.
func TestLanguagesTogether(t *testing.T) {
	all := append(slices.Clone(both), labels{})
	r := all.Parse([]string{"x.host=ex.com", "v1", "x.path=/a", "urlprefix-ex.com/b"}, Env{})
	if len(r.Rules) != 2 || len(r.Verdicts) != 2 || r.Verdicts[1].Kind != VerdictUsed || !slices.Equal(r.Verdicts[1].Sources, []string{"x.host=ex.com", "x.path=/a"}) {
		t.Errorf("%+v", r)
	}
	r = all.Parse([]string{"x.host=ex.com", "x.path=/a", "urlprefix-ex.com/a deny=ip:10.0.0.1"}, Env{})
	if len(r.Rules) != 1 || r.Rules[0].Language != "fabio" || len(of(r, VerdictIgnored)) != 1 || of(r, VerdictIgnored)[0].Rule != "x" {
		t.Errorf("of two rules for the same requests the restricted one holds: %+v", r)
	}
	tags := []string{"x.host=ex.com", "x.path=/a"}
	for i := range maxRoutes {
		tags = append(tags, "urlprefix-/"+strings.Repeat("p", i+1))
	}
	if r = all.Parse(tags, Env{}); len(r.Rules) != maxRoutes || len(of(r, VerdictRefused)) != 1 {
		t.Errorf("%d rules, %+v", len(r.Rules), of(r, VerdictRefused))
	}
}

// Labels of two proxies for the same requests: the stricter ones hold, whichever are read first, and the others are passed over.
func TestLanguagesForTheSameRequests(t *testing.T) {
	two := Languages{Lines{Called: "native"}, Lines{Called: "fabio", Prefix: "urlprefix-", Fabio: true}}
	for _, c := range []struct{ native, fabio, rule, told string }{
		{"", "", "native", "fabio ignored"},
		{"prepend=/a", "", "native", "fabio ignored"},
		{"allow=10.0.0.1", "", "native", "fabio ignored"},
		{"", "allow=ip:10.0.0.1", "fabio", "native ignored"},
		{"allow=10.0.0.1", "allow=ip:10.0.0.1", "native", "fabio ignored"},
		{"allow=10.0.0.1 rate-limit=5/s", "allow=ip:10.0.0.1", "native", "fabio ignored"},
		{"rate-limit=5/s", "allow=ip:10.0.0.1", "closed", "fabio refused, native refused"},
		{"allow=10.0.0.2", "allow=ip:10.0.0.1", "closed", "fabio refused, native refused"},
		{"allow=nonsense", "", "closed", "native refused, fabio refused"},
		{"", "allow=ip:nonsense", "closed", "fabio refused, native refused"},
	} {
		r := two.Parse([]string{"pointsman.route=ex.com/ " + c.native, "urlprefix-ex.com/ " + c.fabio}, Env{})
		rule := "closed"
		if len(r.Rules) == 1 && !r.Rules[0].Policy.Closed {
			rule = r.Rules[0].Language
		}
		var told []string
		for _, v := range r.Verdicts {
			if v.Kind != VerdictUsed {
				told = append(told, v.Language+" "+v.Kind.String())
			}
		}
		if got := strings.Join(told, ", "); rule != c.rule || got != c.told {
			t.Errorf("%q and %q: %s, %s, want %s, %s", c.native, c.fabio, rule, got, c.rule, c.told)
		}
	}
}
