package dialect

import (
	"slices"
	"strings"
	"testing"
)

// Who writes how users are asked meant that they are: without what says by whom, the route is refused and not served to everybody.
func TestOptionsOfAProtectionThatIsNotThere(t *testing.T) {
	for _, option := range []string{"auth-realm=shop", "auth-pass", "auth-pass=false", "forward-auth-headers=X-User", "forward-auth-sends=Cookie", "forward-auth-timeout=1s"} {
		head, _, _ := strings.Cut(option, "-")
		head = map[string]string{"auth": "auth=basic:bob:" + aSHA, "forward": "forward-auth=service:gate"}[head]
		other := map[bool]string{true: "forward-auth=service:gate", false: "auth=basic:bob:" + aSHA}[strings.HasPrefix(head, "auth=")]
		for _, c := range []struct {
			tags   []string
			closed []bool
		}{
			{[]string{"pointsman.route=/a " + option}, []bool{true}},
			{[]string{"pointsman.route=/a " + option + " " + head}, []bool{false}},
			{[]string{"pointsman.route=/a " + option + " " + other}, []bool{true}},
			{[]string{"pointsman.route=/a redirect=301,https://x.io/ " + option}, []bool{true}},
			{[]string{"pointsman.route=/a", "pointsman." + option}, []bool{true}},
			{[]string{"pointsman.route=/a", "pointsman." + option, "pointsman." + head}, []bool{false}},
			{[]string{"pointsman.route=/a", "pointsman.route.b=/b " + head, "pointsman." + option}, []bool{false, false}}, // it is about the second one
		} {
			r := Languages{Lines{Called: NativeName}}.Parse(c.tags, Env{})
			var closed []bool
			for _, rule := range r.Rules {
				closed = append(closed, rule.Policy.Closed)
			}
			if !slices.Equal(closed, c.closed) {
				t.Errorf("%q: closed %v, want %v: %+v", c.tags, closed, c.closed, r.Verdicts)
			}
			refused := slices.ContainsFunc(r.Verdicts, func(v Verdict) bool { return v.Kind == VerdictRefused && strings.Contains(v.Reason, "without") })
			if refused != c.closed[0] {
				t.Errorf("%q: %+v", c.tags, r.Verdicts)
			}
		}
		defaults := ParseDefaults([]string{"pointsman." + option}, Env{})
		if !defaults.Rule("", Match{}).Policy.Closed {
			t.Errorf("%s for all routes of an instance: those that no line asks for are open", option)
		}
	}
}

// A negated condition was to keep some requests away: one that can't be read closes the route, rather than that an earlier version without it stays.
func TestNegatedConditionsThatCannotBeRead(t *testing.T) {
	for _, option := range []string{"not-header=:1", "not-query=:1", "not-cookie=:1", "not-method=(", "not-path-regexp=(", "not-host-regexp=(", "not-header-regexp=X:("} {
		for prefix, language := range map[string]Language{"pointsman.route=": Lines{Called: NativeName}, "urlprefix-": Lines{Called: "fabio", Prefix: "urlprefix-", Fabio: true}} {
			if r := (Languages{language}).Parse([]string{prefix + "/a " + option}, Env{}); len(r.Rules) != 1 || !r.Rules[0].Policy.Closed {
				t.Errorf("%s/a %s: %+v", prefix, option, r)
			}
		}
	}
}
