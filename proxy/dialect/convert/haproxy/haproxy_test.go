package haproxy

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// shown are the files of testdata.
func shown(t testing.TB) (out []convert.File) {
	t.Helper()
	names, err := filepath.Glob("testdata/*.cfg")
	if err != nil || len(names) == 0 {
		t.Fatalf("%v, %v", names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, convert.File{Name: filepath.Base(name), Text: string(text)})
	}
	return out
}

// lists are the files that configurations of these tests name.
func lists(name string) (string, error) {
	switch name {
	case "/etc/haproxy/hosts.lst":
		return "# hosts\na.example\n\nb.example\n", nil
	case "/etc/haproxy/hosts.map":
		return "a.example x\nb.example y\n", nil
	}
	return "", errors.New("no such file")
}

func converting(text string) *convert.Result {
	return Convert([]convert.File{{Name: "x.cfg", Text: text}}, lists)
}

func routes(r *convert.Result) string {
	var b strings.Builder
	for _, route := range r.Routes {
		b.WriteString(strings.Join(route.Lines(), "\n") + "\n")
	}
	return b.String()
}

func options(r *convert.Result) string {
	var all []string
	for _, o := range r.Options {
		all = append(all, strings.TrimSpace(o.Name+" "+o.Value))
	}
	return strings.Join(all, ", ")
}

func report(r *convert.Result) string {
	var b strings.Builder
	r.Report.Write(&b)
	return b.String()
}

// What files as people write them become: their lines, the options of the process, and the outcome of some statements.
func TestFilesAsPeopleWriteThem(t *testing.T) {
	for name, want := range map[string]struct{ lines, options, outcomes string }{
		"hap-1-usual.cfg": {`
/ to=app1:3000 health-check=/health sticky=SERVERID
/ to=app2:3000 health-check=/health weight=20 max-conns=50 sticky=SERVERID
/ to=app3:3000 health-check=/health backup sticky=SERVERID`,
			"max-connections 4096, access-log json, listen :80, connect-timeout 5s, answer-timeout 50s, progress-timeout 50s, idle-timeout 50s, head-timeout 50s", `
cfg:2: log 127.0.0.1 local0: implied
cfg:8: option  httplog: carried over; -access-log json
cfg:10: option  forwardfor: implied
cfg:13: timeout server  50000: carried over; answer-timeout and progress-timeout 50s
cfg:19: cookie SERVERID insert indirect nocache: carried over; sticky=SERVERID
cfg:20: option httpchk GET /health: carried over; health-check=/health; or label the service SERVICE_CHECK_HTTP=/health
cfg:21: http-check expect status 200: implied
cfg:26: bind *:8404: implied; the dashboard
cfg:29: stats auth admin:...: partly; the dashboard`},
		"hap-2-acl.cfg": {`
blog.example.org/ to=blog:2368
img.*/api path=prefix path-regexp=\.png$ to=images:80
img.*/api path=prefix path-regexp=\.jpg$ to=images:80
img.*/api path=prefix to=api:5000 strip=/api
img.*/v1 path=prefix path-regexp=\.png$ to=images:80
img.*/v1 path=prefix path-regexp=\.jpg$ to=images:80
img.*/v1 path=prefix to=api:5000
img.*/ to=images:80
/api path=prefix path-regexp=\.png$ to=images:80
/api path=prefix path-regexp=\.jpg$ to=images:80
/api path=prefix to=api:5000 strip=/api
/v1 path=prefix path-regexp=\.png$ to=images:80
/v1 path=prefix path-regexp=\.jpg$ to=images:80
/v1 path=prefix to=api:5000
/ path-regexp=\.png$ to=images:80
/ path-regexp=\.jpg$ to=images:80
/ to=site:80`,
			"tls-cert /etc/haproxy/certs/site.pem, tls-key /etc/haproxy/certs/site.pem, listen :80, tls-listen :443, " +
				"connect-timeout 4s, answer-timeout 30s, progress-timeout 30s, idle-timeout 30s, head-timeout 30s, redirect-https", `
cfg:9: http-request redirect scheme https code 301 unless { ssl_fc }: carried over; -redirect-https
cfg:10: http-request set-header X-Forwarded-Proto https if { ssl_fc }: implied
cfg:11: acl is_blog hdr(host) -i blog.example.org: carried over
cfg:12: acl is_api  path_beg /api /v1: carried over
cfg:13: acl is_img  path_end .png .jpg: carried over`},
		"static.cfg": {`
/ path-regexp=(?i)^/static priority=5 to=127.0.0.1:4331 on=503:page:/etc/haproxy/errors/503.http
/ path-regexp=(?i)^/images priority=4 to=127.0.0.1:4331 on=503:page:/etc/haproxy/errors/503.http
/ path-regexp=(?i)\.jpg$ priority=3 to=127.0.0.1:4331 on=503:page:/etc/haproxy/errors/503.http
/ path-regexp=(?i)\.gif$ priority=2 to=127.0.0.1:4331 on=503:page:/etc/haproxy/errors/503.http
/api path=prefix priority=1 to=api:3000 on=503:page:/etc/haproxy/errors/503.http replace-path="^/api/ /" request-header=add:X-Scheme:https
/ to=127.0.0.1:5001,127.0.0.1:5002 health-check=/ on=503:page:/etc/haproxy/errors/503.http`,
			"access-log json, max-connections 3000, listen :80, connect-timeout 10s, answer-timeout 1m, progress-timeout 1m, idle-timeout 1m, head-timeout 10s", `
cfg:23: maxconn 3000: carried over
cfg:35: reqrep ^([^\\ :]*)\\ /api/(.*)     \\1\\ /\\2: carried over
cfg:40: option httpchk HEAD / HTTP/1.1\\r\\nHost:\\ localhost: partly; health-check=/, by GET
cfg:46: listen stats :1936: carried over
cfg:51: stats auth someuser:...: partly`},
		"hap-3-tcp.cfg": {"", "", `
cfg:1: listen postgres: not supported; mode tcp
cfg:6: server pg1 pg1:5432 check: not supported
cfg:8: frontend passthrough: not supported; mode tcp
cfg:13: use_backend one if { req.ssl_sni -i one.example.org }: not supported
cfg:15: backend one: not supported; mode tcp
cfg:20: server t two:8443 send-proxy: not supported`},
	} {
		for _, f := range shown(t) {
			if f.Name != name {
				continue
			}
			r := Convert([]convert.File{f}, nil)
			if got := strings.TrimSpace(routes(r)); got != strings.TrimSpace(want.lines) {
				t.Errorf("%s:\n%s\n\nwant\n%s", name, got, want.lines)
			}
			if got := options(r); got != want.options {
				t.Errorf("%s: options %s, want %s", name, got, want.options)
			}
			all := report(r)
			for outcome := range strings.SplitSeq(strings.TrimSpace(want.outcomes), "\n") {
				if !strings.Contains(all, outcome) {
					t.Errorf("%s: the report lacks %q:\n%s", name, outcome, all)
				}
			}
			if strings.Contains(all+routes(r), "changeme") || strings.Contains(all, "someuser:password") {
				t.Errorf("%s: the password is shown:\n%s", name, all)
			}
		}
	}
}

// Each statement of each file has one line in the report, with its outcome.
func TestEachStatementIsMentioned(t *testing.T) {
	for _, f := range shown(t) {
		r := Convert([]convert.File{f}, nil)
		all, problems := lex(f.Text)
		if len(all) != len(r.Report.Remarks) || len(problems) > 0 || len(all) < 10 {
			t.Errorf("%s: %d statements, %d remarks, %v", f.Name, len(all), len(r.Report.Remarks), problems)
			continue
		}
		for i, m := range r.Report.Remarks {
			if m.Line != all[i].line || m.Outcome == convert.None || !strings.HasPrefix(m.Directive, all[i].words[0]) {
				t.Errorf("%s:%d: %s: %+v", f.Name, all[i].line, all[i].text, m)
			}
		}
	}
}

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		`  server  a b:1 # remark`:                   "server|a|b:1",
		`reqadd X-Scheme:\ https`:                    "reqadd|X-Scheme: https",
		`option httpchk HEAD / HTTP/1.1\r\nHost:\ x`: "option|httpchk|HEAD|/|HTTP/1.1\r\nHost: x",
		`reqrep ^([^\ ]*)\ /a/(.*) \1\ /\2`:          `reqrep|^([^ ]*) /a/(.*)|\1 /\2`,
		`acl x path_reg ^/a\.b\#c "a b" '$#"'`:       `acl|x|path_reg|^/a\.b#c|a b|$#"`,
		`a "" b`:                                     "a||b",
		`a \x41\xzz`:                                 `a|A\xzz`,
	} {
		words, _, err := lexLine(text)
		if got := strings.Join(words, "|"); got != want || err != nil {
			t.Errorf("%s: %q %v", text, got, err)
		}
	}
	if _, _, err := lexLine(`a "b`); err == nil {
		t.Error("a quote without an end is read")
	}
}
