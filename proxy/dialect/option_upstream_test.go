package dialect

import (
	"strings"
	"testing"
)

func TestWhereLinesLead(t *testing.T) {
	for _, c := range []struct {
		options      string
		operator, kv string // the options as they are in effect, or why the line is refused
		tag          string
	}{
		{"to=10.0.0.1:80", "to=10.0.0.1:80", "to=10.0.0.1:80", "only the operator"},
		{"to=10.0.0.1:80|10.0.0.2:80 to=[::ffff:10.0.0.3]:81", "to=10.0.0.1:80,10.0.0.2:80,10.0.0.3:81", "to=10.0.0.1:80,10.0.0.2:80,10.0.0.3:81", "only the operator"},
		{"to=[2001:DB8::1]:80", "to=[2001:db8::1]:80", "to=[2001:db8::1]:80", "only the operator"},
		{"to=DB.internal.:5432", "to=db.internal:5432", "only the operator may write to=", "only the operator"},
		{"to=localhost:80", "to=127.0.0.1:80", "to=127.0.0.1:80", "only the operator"},
		{"to=unix:/run/X.sock", "to=unix:/run/X.sock", "only the operator may write to=", "only the operator"},
		{"to=unix:run/x", "begins with a slash", "begins with a slash", "only the operator"},
		{"to=unix:/" + strings.Repeat("x", maxSocket), "at most 107 bytes", "at most 107 bytes", "only the operator"},
		{"to=10.0.0.1", "want address:port", "want address:port", "only the operator"},
		{"to=10.0.0.1:0", "not between", "not between", "only the operator"},
		{"to=0.0.0.0:80", "not that of one host", "not that of one host", "only the operator"},
		{"to=224.0.0.1:80", "not that of one host", "not that of one host", "only the operator"},
		{"to=127.1:80", "malformed IP address", "malformed IP address", "only the operator"},
		{"to=0x7f000001:80", "malformed IP address", "malformed IP address", "only the operator"},
		{"to=", "want address:port", "want address:port", "only the operator"},
		{"to=a_b:80,", "want address:port", "only the operator may write to=", "only the operator"},
		{"service=web", "service=web", "service=web", "service is for lines"},
		{"service=web@dc2|a@b@", "service=web@dc2,a@b@", "service=web@dc2,a@b@", "service is for lines"},
		{"service=web|api service=x", "service=web,api,x", "service=web,api,x", "service is for lines"},
		{"service=", "needs the name", "needs the name", "service is for lines"},
		{"service=" + strings.Repeat("a|", 64) + "a", "may lead to 64", "may lead to 64", "service is for lines"},
		{"respond=200", "respond=200", "only the operator", "only the operator"},
		{"respond=404,gone|or,moved", "respond=404,gone|or,moved", "only the operator", "only the operator"},
		{`respond="503,back \"soon\""`, `respond="503,back \"soon\""`, "only the operator", "only the operator"},
		{"respond=204,x", "no text", "only the operator", "only the operator"},
		{"respond=301,/x", "want a status", "only the operator", "only the operator"},
		{"respond=101", "want a status", "only the operator", "only the operator"},
		{"respond=600", "want a status", "only the operator", "only the operator"},
		{"respond=200," + strings.Repeat("x", maxRespond+1), "at most 1024 bytes", "only the operator", "only the operator"},
		{"health-check=/up?a=b", "health-check=/up?a=b", "health-check=/up?a=b", "health-check=/up?a=b"},
		{"health-check=/up health-interval=1m health-timeout=500ms", "health-check=/up health-interval=1m0s health-timeout=500ms", "health-check=/up health-interval=1m0s health-timeout=500ms", "health-check=/up health-interval=1m0s health-timeout=500ms"},
		{"health-check=http://169.254.169.254/", "does not begin with a slash", "does not begin with a slash", "does not begin with a slash"},
		{"health-check=/a/../b", "dot segment", "dot segment", "dot segment"},
		{"health-check=/a#b", "is no path", "is no path", "is no path"},
		{"health-check=/up health-interval=1ms", "want a time from 500ms", "want a time from 500ms", "want a time from 500ms"},
		{"health-check=/up health-timeout=x", "want a time from 500ms", "want a time from 500ms", "want a time from 500ms"},
		{"health-interval=5s", "", "", ""},
	} {
		for writer, want := range map[Writer]string{WriterOperator: c.operator, WriterKV: c.kv, WriterTag: c.tag} {
			rule, verdicts := ParseLine("ex.com/ "+c.options, PathSegments, Env{Writer: writer})
			got := ""
			for _, v := range verdicts {
				if v.Kind == VerdictRefused {
					got = v.Reason
				}
			}
			if got == "" && rule != nil {
				got = strings.Join(rule.Words(), " ")
			}
			if !strings.Contains(got, want) || want == "" && (got != "" || len(verdicts) != 1) {
				t.Errorf("%s by writer %d: %q, want %q", c.options, writer, got, want)
			}
		}
	}
}

func FuzzDestination(f *testing.F) {
	for _, seed := range []string{"10.0.0.1:80", "[::1]:80", "db.internal:5432", "unix:/run/x", "localhost.:1", "0x7f.1:80", "[::ffff:1.2.3.4%eth0]:80", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDestination(text)
		if err != nil {
			return
		}
		if again, err := ParseDestination(d.String()); err != nil || again != d {
			t.Fatalf("%q: printed as %q, read as %+v %v", text, d.String(), again, err)
		}
	})
}
