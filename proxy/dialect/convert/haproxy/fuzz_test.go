package haproxy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// FuzzConvert: nothing panics; each statement has an outcome, each route a line that the proxy reads; and a rule that lets only some in, put in front
// of all others, is in effect in every route.
func FuzzConvert(f *testing.F) {
	for _, file := range shown(f) {
		f.Add(file.Text)
	}
	for _, rules := range []string{"use_backend x if { hdr_dom(host) a.b } || !{ path_reg ^/(a|b) } { src 10.0.0.0/8 ::1 }", "listen l :80\n server a /s ssl verify none\n server b b weight 0",
		"acl a path_beg -i -f x\nhttp-request auth unless a", "http-request set-path %[path,regsub(\"^/a\\,b\",/c,i)]", "redirect scheme https unless { ssl_fc }", "server-template w 3 w:80 check inter 2s\ntimeout client 0",
		"bind :1-5 ssl crt /a/ ca-file /b verify required\nbind ::1 accept-proxy", "cookie X prefix\ncompression type a/b\nerrorloc 503 /x\nrspadd X:\\ y", "monitor-uri /a b"} {
		f.Add("defaults\n mode http\nfrontend f\n" + rules + "\ndefault_backend x" + backends)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 8<<10 {
			return
		}
		r := converting(text)
		for _, m := range r.Report.Remarks {
			if m.Outcome == convert.None {
				t.Errorf("%d: %s has no outcome", m.Line, m.Directive)
			}
		}
		for _, route := range r.Routes {
			lines := route.Lines()
			if len(lines) == 0 {
				t.Errorf("%+v has no line", route)
			}
			for _, line := range lines {
				if rule, verdicts := dialect.ParseLine(line, dialect.PathSegments, dialect.Env{Writer: dialect.WriterOperator}); rule == nil {
					t.Errorf("%s: %v", line, verdicts)
				}
			}
		}
		restricting(t, text)
	})
}

// restricting puts rules in front of those of each section that clients reach.
func restricting(t *testing.T, text string) {
	t.Helper()
	list, _ := lex(text)
	if slices.ContainsFunc(list, func(s statement) bool {
		return s.words[0] == "tcp-request" || s.words[0] == "defaults" || s.words[0] == "monitor-uri"
	}) && strings.Contains(text, "allow") {
		return // what comes before may let them in
	}
	lines := strings.Split(text, "\n")
	for i := len(list) - 1; i >= 0; i-- {
		if s := list[i]; s.words[0] == "frontend" || s.words[0] == "listen" {
			lines = slices.Insert(lines, s.line, "http-request deny unless { src 10.0.0.0/8 }")
		}
	}
	for _, route := range converting(strings.Join(lines, "\n")).Routes {
		if len(route.Servers) > 0 && !route.Has("allow") && !route.Has("client") {
			t.Errorf("a route lets everybody in: %s\n%s", fmt.Sprint(route.Lines()), strings.Join(lines, "\n"))
		}
	}
}
