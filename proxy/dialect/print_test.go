package dialect

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// printed are lines that hold every option, and what is hard to print.
var printed = []string{
	"/a", "ex.com/", "*.ex.com:81/a strip=/a share=0.5 deny=ip:10.0.0.0/8|ip:fd00::/8", "[::1]:8/x redirect=301,https://$host$path",
	"a{a,b}[!a-c]?.x/", "/$DC$x/b$ proto=https tlsskipverify=true host=dst prepend=/v1/ weight=1", "/a host=\"Ex.com\" allow=ip:10.0.0.1",
	"/ share=1e-300", "/ prepend=//", "*..", "/ allow=10.0.0.0/8|::1",
	"/ path=exact path-regexp=\"^/a b$\" method=get|POST header=X-A:b|c header=x-a query=q cookie=c:1 client=10.0.0.0/8 listener=https priority=-3",
	"/ next-upstream=error,503 tries=3 connect-timeout=1500ms compress=gzip|zstd compress-types=text/html compress-min-size=1k access-log=off", "/a redirect=302|/b", "/a weight=\"5\" WEIGHT=7",
	`a.io/ path=exact method=get|HEAD header=X-A header="X-B:a b|\"c\"|d\e" query=q:1|2 cookie=sid client=10.1.2.3/8|::1 listener=https priority=-5`,
	`/u path=prefix path-regexp="^/u/[0-9]+ ?$" path-regexp=^/u/\d+$ priority=7`,
}

// Read again, a printed rule makes the same rule, and is printed the same.
func FuzzPrint(f *testing.F) {
	for _, text := range printed {
		f.Add(text, false)
	}
	for _, r := range rows(f) { // every option
		f.Add("ex.com/ proto=https "+strings.Trim(r.example, "`"), false)
	}
	f.Add("/a host=ex.com deny=ip:10.0.0.1,ip:::ffff:1.2.3.4 strip=/", true)
	f.Fuzz(func(t *testing.T, text string, fabio bool) {
		env := Env{Datacenter: "dc1", Writer: WriterOperator}
		l := &line{env: env, fabio: fabio}
		if fabio {
			l.paths = PathPrefix
		}
		rule, _ := l.read(text)
		if rule == nil || rule.Policy.Closed {
			return
		}
		checkPrint(t, rule, env)
	})
}

func checkPrint(t *testing.T, rule *Rule, env Env) {
	t.Helper()
	again, verdicts := ParseLine(rule.Line(), PathSegments, env)
	verdicts = slices.DeleteFunc(verdicts, func(v Verdict) bool { return strings.HasPrefix(v.Reason, "priority orders") }) // is said each time
	if again == nil || len(verdicts) > 0 {
		t.Fatalf("%q: printed as %q, which is not read: %+v", rule.Name, rule.Line(), verdicts)
	}
	if !reflect.DeepEqual(again.Match, rule.Match) || !reflect.DeepEqual(again.Options, rule.Options) || !reflect.DeepEqual(again.Policy, rule.Policy) {
		t.Fatalf("%q: printed as %q, which is another rule:\n%+v\n%+v", rule.Name, rule.Line(), rule, again)
	}
	if again.Line() != rule.Line() {
		t.Fatalf("%q: printed as %q, then as %q", rule.Name, rule.Line(), again.Line())
	}
}

// Any options together are printed so that they are read again, whatever some of them say of others.
func TestOptionsTogetherArePrinted(t *testing.T) {
	all := rows(t)
	env := Env{Writer: WriterOperator}
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.SampledFrom([]string{"/", "ex.com/a", "*.ex.com:81/p/"}).Draw(r, "source")
		for _, one := range rapid.SliceOfN(rapid.SampledFrom(all), 0, 12).Draw(r, "options") {
			text += " " + strings.Trim(one.example, "`")
		}
		if rule, _ := ParseLine(text, PathSegments, env); rule != nil && !rule.Policy.Closed {
			checkPrint(t, rule, env)
		}
	})
}
