package dialect

import "testing"

// What can't be trusted as written closes its route, in a line and as an option for all routes; what can is in effect.
func TestTrustIsNeverLessThanWritten(t *testing.T) {
	env := Env{UpstreamCAs: "a,b", UpstreamCerts: NoNames, Writer: WriterTag}
	for options, open := range map[string]bool{
		"proto=https ca=a":                           true,
		"proto=https ca=b servername=x.io":           true,
		"proto=https tlsskipverify=true":             true,
		"proto=https ca=c":                           false,
		"proto=https ca=":                            false,
		"proto=https ca=A/b":                         false,
		"proto=https ca=a ca=b":                      false,
		"proto=https ca=a tlsskipverify=true":        false,
		"ca=a":                                       false,
		"proto=http ca=a":                            false,
		"proto=https client-cert=a":                  false,
		"proto=https ca=a tries=none":                false,
		"proto=https servername=10.0.0.1":            true,
		"redirect=301,https://x.io/ ca=a":            true,
		"proto=https ca=a servername=\"not a name\"": false,
	} {
		rule, verdicts := ParseLine("ex.io/ "+options, PathSegments, env)
		if rule == nil || rule.Policy.Closed == open || open && rule.Policy.Redirect == nil && !rule.Options.TLS {
			t.Errorf("%s: %+v %+v", options, rule, verdicts)
		}
		if !open && (len(verdicts) == 0 || verdicts[0].Kind != VerdictRefused) {
			t.Errorf("%s: closed without a word: %+v", options, verdicts)
		}
	}
	for tag, open := range map[string]bool{"pointsman.ca=a": true, "pointsman.ca=c": false, "pointsman.client-cert=a": false} {
		d := ParseDefaults([]string{tag, "pointsman.proto=https"}, env)
		if rule := d.Rule("x", Match{}); rule.Policy.Closed == open || open && rule.Options.CA != "a" {
			t.Errorf("%s: %+v", tag, rule)
		}
	}
	if rule, _ := ParseLine("ex.io/ proto=https ca=any client-cert=any", PathSegments, Env{}); rule == nil || rule.Options.CA != "any" || rule.Options.ClientCert != "any" {
		t.Errorf("where no names are known: %+v", rule)
	}
}
