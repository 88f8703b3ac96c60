package ctmpl

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/dialect/convert"
	"github.com/pointsman/pointsman/proxy/dialect/convert/nginx"
)

func file(t testing.TB, name string) convert.File {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return convert.File{Name: name, Text: string(text)}
}

func converting(text string) *convert.Result {
	return Convert(convert.File{Name: "x.ctmpl", Text: text}, Options{})
}

// printed are the routes of a result, and its options in front of them.
func printed(r *convert.Result) string {
	var b strings.Builder
	r.WriteRoutes(&b)
	return strings.TrimSpace(b.String())
}

func report(r *convert.Result) string {
	var b strings.Builder
	r.Report.Write(&b)
	return b.String()
}

// names are the templates of testdata.
var names = []string{"ctm-1-canonical.ctmpl", "ctm-2-pathperservice.ctmpl", "ctm-3-tagfilter.ctmpl", "ctm-4-haproxy.ctmpl"}

// What templates as people write them become.
func TestTemplatesAsPeopleWriteThem(t *testing.T) {
	for i, want := range []struct{ printed, outcomes string }{
		{`
# pointsman proxy -listen :80
/ service=harbour-web balance=least-connections max-fails=3 fail-timeout=1m0s`, `
1: upstream fleet: carried over
2: least_conn: carried over; balance=least-connections
3: {{range service \"harbour-web\"}}: carried over
3: server service:harbour-web max_fails=3 fail_timeout=60 weight=1: carried over
4: server 127.0.0.1:65535; # nobody home: implied; where a service has no instance that passes its checks, the response is 503 with Retry-After instead of 502
12: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for: implied
13: proxy_set_header Host $host: implied
14: proxy_set_header X-Real-IP $remote_addr: implied`},
		{`
# pointsman proxy -listen :80 -status :8091 -routes registered -registered-path
/stub_status path=prefix respond=404
/ files=/srv/landing
# or as a label of each service: /name path=exact redirect=301,$path/
# or as a label of each service: /name/ service=name strip=/name host=name max-fails=2 fail-timeout=20s`, `
1: {{range services}}: partly; -routes registered -registered-path
2: upstream NAME: carried over
5: server 127.0.0.1:65535; # nobody home: implied
12: root /srv/landing: carried over
16: stub_status: partly; the proxy's metrics are at /metrics
20: proxy_pass http://NAME/: carried over; no Host is set, so that the instance sees host=NAME`},
		{`
# pointsman proxy -listen :80 -routes registered -domain parks.example.org -registered-tag public
# or as a label of each service with the tag public: name.parks.example.org/ service=name answer-timeout=5m0s progress-timeout=5m0s host=name max-body=50m
# any other host, as a label of the first of these services alone: / service=name answer-timeout=5m0s progress-timeout=5m0s host=name max-body=50m`, `
1: {{if .Tags | contains \"public\"}}: carried over
1: {{range services}}: partly; -routes registered -domain parks.example.org -registered-tag public
9: client_max_body_size 50m: carried over
13: proxy_set_header Upgrade $http_upgrade: implied
15: proxy_read_timeout 300s: carried over`},
		{`
# pointsman proxy -max-connections 4096 -listen :80 -connect-timeout 5s -answer-timeout 50s -progress-timeout 50s -idle-timeout 50s -head-timeout 50s -routes registered -registered-path -registered-tag rpc
# or as a label of each service with the tag rpc: / path-regexp=(?i)^/name service=name health-check=/ replace-path="^/name/? /"`, `
3: {{keyOrDefault \"edge/limit\" \"4096\"}}: partly; the default in the template is used; today the KV key edge/limit decides
6: {{range ls \"edge/waits\"}}: partly; today KV (range ls \"edge/waits\") decides
8: timeout connect 5000: carried over; connect-timeout 5s
13: {{range $n, $svc := services}}: partly; -routes registered -registered-path
20: option httpchk HEAD / HTTP/1.1\\r\\nHost:localhost: partly; health-check=/
20: option httpchk HEAD / HTTP/1.1\\r\\nHost:localhost: partly; health-check=/, by GET and with the server's address as its Host; or label the service SERVICE_CHECK_HTTP=/ and SERVICE_CHECK_HTTP_METHOD=HEAD
26: stats enable: partly; the dashboard`},
	} {
		r := Convert(file(t, names[i]), Options{})
		if got := printed(r); got != strings.TrimSpace(want.printed) {
			t.Errorf("%s:\n%s\n\nwant\n%s", names[i], got, want.printed)
		}
		all := report(r)
		for outcome := range strings.SplitSeq(strings.TrimSpace(want.outcomes), "\n") {
			if !strings.Contains(all, names[i]+":"+outcome) {
				t.Errorf("%s: the report lacks %q:\n%s", names[i], outcome, all)
			}
		}
	}
}

// Each line of each template has one in the report.
func TestEachLineIsMentioned(t *testing.T) {
	for _, name := range names {
		f := file(t, name)
		mentioned := map[int]bool{}
		for _, m := range Convert(f, Options{}).Report.Remarks {
			mentioned[m.Line] = true
			if m.Outcome == convert.None {
				t.Errorf("%s:%d: %s has no outcome", name, m.Line, m.Directive)
			}
		}
		number := 0
		for line := range strings.Lines(f.Text) {
			number++
			text := strings.TrimSpace(line)
			for _, end := range []string{"{{end}}", "{", "}"} {
				text = strings.TrimSpace(strings.ReplaceAll(text, end, ""))
			}
			if text != "" && !mentioned[number] {
				t.Errorf("%s:%d: %s is not mentioned", name, number, text)
			}
		}
	}
}

// The password of a statistics page is never shown, not even where the environment has it.
func TestPasswordsAreNotShown(t *testing.T) {
	env := func(name string) (string, bool) { return "secret-of-" + name, true }
	r := Convert(file(t, names[3]), Options{Nginx: nginx.Options{Env: env}})
	if all := printed(r) + report(r); strings.Contains(all, "secret-of-PAGE_WORD") {
		t.Error(all)
	}
}

const around = "server {\n listen 80;\n location / { proxy_pass http://up; }\n}\n"

// What loops and conditions become.
func TestForms(t *testing.T) {
	for text, want := range map[string]string{
		`upstream up { {{range service "web"}} server {{.Address}}:{{.Port}}; {{end}} }` + around:                                                                           "/ service=web host=up",
		`upstream up { {{range service "web@dc2"}} server {{.Address}}:{{.Port}}; {{end}} }` + around:                                                                       "/ service=web@dc2 host=up",
		`upstream up { {{range service "web" "any"}} server {{.Address}}:{{.Port}}; {{end}} }` + around:                                                                     "/ service=web host=up",
		`upstream up { {{- range $i := service "web" -}} server {{$i.Address}}:{{$i.Port}}; {{- end}} }` + around:                                                           "/ service=web host=up",
		`upstream up { {{range service "blue.web"}} server {{.Address}}:{{.Port}}; {{end}} }` + around:                                                                      "# for the instances of web with the tag blue alone, as a label of theirs: / service=web host=up\n/ respond=503",
		`upstream up { {{range service "web"}}{{if .Tags | contains "blue"}} server {{.Address}}:{{.Port}};{{end}} {{end}} }` + around:                                      "# for the instances of web with the tag blue alone, as a label of theirs: / service=web host=up\n/ respond=503",
		`upstream up { {{range service "web"}}{{if .Tags.Contains "blue"}} server {{.Address}}:{{.Port}};{{else}} server {{.Address}}:{{.Port}};{{end}} {{end}} }` + around: "/ service=web host=up",
		`upstream up { {{range service (printf "%s-web" "a")}} server {{.Address}}:{{.Port}}; {{end}} }` + around:                                                           "/ service=a-web host=up",
		`upstream up { {{range service "web"}} server localhost:{{.Port}}; {{end}} }` + around:                                                                              "/ service=web host=up",
		`upstream up { {{range service "web"}} server {{.Address}}; {{end}} }` + around:                                                                                     "/ service=web host=up",
		`{{$n := "web"}}upstream up { {{range service $n}} server {{.Address}}:{{.Port}}; {{end}} }` + around:                                                               "/ service=web host=up",
		`upstream up { {{with $m := key "a/b"}}{{$m}}{{else}}least_conn;{{end}} {{range service "web"}} server {{.Address}}:{{.Port}}; {{end}} }` + around:                  "/ service=web balance=least-connections host=up",
	} {
		got := printed(converting(text))
		got = strings.TrimSpace(strings.TrimPrefix(got, "# pointsman proxy -listen :80"))
		if got != want {
			t.Errorf("%s\n\nis\n%s\n\nwant\n%s\n%s", text, got, want, report(converting(text)))
		}
	}
}

// What restricts, and depends on what is not known here, refuses all of the template.
func TestWhatIsNotKnownRefuses(t *testing.T) {
	const up = `upstream up { server a:1; }` + "\n"
	for _, text := range []string{
		up + `server { listen 80; {{if env "CLOSED"}}deny all;{{end}} location / { proxy_pass http://up; } }`,
		up + `server { listen 80; {{range ls "denied"}}deny {{.Value}};{{end}} location / { proxy_pass http://up; } }`,
		up + `server { listen 80; {{if nobodyKnows}}auth_basic "x";{{end}} location / { proxy_pass http://up; } }`,
		up + `server { listen 80; server_name {{env "HOST"}}; location / { allow 10.0.0.0/8; deny all; proxy_pass http://up; } }`,
		up + `server { listen 80; {{range services}} location /{{.Name}}/ { allow 10.0.0.0/8; deny all; proxy_pass http://{{.Name}}:80/; } {{end}} location / { proxy_pass http://up; } }`,
		up + `server { {{if }`, `{{define "a"}}{{template "a"}}{{end}}{{template "a"}}`,
	} {
		r := converting(text)
		for _, route := range r.Routes {
			if !route.Offered && !route.Closed() {
				t.Errorf("%s\n\nis\n%s\n%s", text, printed(r), report(r))
			}
		}
		if r.Report.Whole() {
			t.Errorf("%s: nothing is reported", text)
		}
	}
}

// Where a route is for a part of a service's instances, what leads to it is not in effect as written.
func TestPartOfTheInstancesIsReported(t *testing.T) {
	for text, marked := range map[string][]string{
		`upstream up { {{range service "blue.web"}} server {{.Address}}:{{.Port}}; {{end}} }` + around:                                 {"server service:web", "proxy_pass http://up", `{{range service \"blue.web\"}}`},
		`upstream up { {{range service "web"}}{{if .Tags | contains "blue"}} server {{.Address}}:{{.Port}};{{end}} {{end}} }` + around: {"server service:web", "proxy_pass http://up", `{{if .Tags | contains \"blue\"}}`},
		`server { listen 80; {{range service "blue.web"}} location / { proxy_pass http://{{.Address}}:{{.Port}}; } {{end}} }`:          {"proxy_pass http://service:web", `{{range service \"blue.web\"}}`},
	} {
		r := converting(text)
		for _, m := range marked {
			if all := report(r); !strings.Contains(all, m+": partly; its route is for a part") || r.Report.Whole() {
				t.Errorf("%s: %s is not partly:\n%s", text, m, all)
			}
		}
	}
}

// Where no route is made, no directive says that it was carried over.
func TestNothingIsCarriedOverWhereNoRouteIsMade(t *testing.T) {
	for _, restriction := range []string{`auth_basic "x"; auth_basic_user_file /etc/x;`, `allow 10.0.0.0/8; deny all;`} {
		r := converting(`server { listen 80; {{range services}} location /{{.Name}} { ` + restriction + ` proxy_pass http://{{.Name}}; } {{end}} }`)
		if all := report(r); len(r.Routes) > 0 || r.Report.Whole() || strings.Contains(all, ": carried over") {
			t.Errorf("%s\n%s", printed(r), all)
		}
	}
}

// What a template keeps for itself is not known; what does not depend on it is converted.
func TestScratch(t *testing.T) {
	const web = `upstream up { {{range service "web"}} server {{.Address}}:{{.Port}}; {{end}} }` + around
	for text, want := range map[string]string{
		web + `{{scratch.Set "a" "b"}}`: "/ service=web host=up",
		web + `{{scratch.MapSet "a" "b" 1}}{{range scratch.MapValues "a"}}server { listen 81; }{{end}}`:               "/ service=web host=up",
		web + `{{if scratch.Key "a"}}{{scratch.Get "a"}}{{end}}`:                                                      "/ service=web host=up",
		web + `{{scratch.Set "a" "b"}}{{with $x := scratch.Get "a"}}server { listen 81; server_name {{$x}}; }{{end}}`: "/ service=web host=up",
		`server { listen 80; {{if scratch.Get "a"}}deny all;{{end}} location / { proxy_pass http://a:1; } }`:          "",
		`server { listen 80; server_name {{scratch.Get "a"}}; location / { deny all; proxy_pass http://a:1; } }`:      "",
	} {
		r := converting(text)
		got := strings.TrimSpace(strings.TrimPrefix(printed(r), "# pointsman proxy -listen :80"))
		if all := report(r); got != want || !strings.Contains(all, "the function scratch.") || r.Report.Whole() {
			t.Errorf("%s\n\nis\n%s\n\nwant\n%s\n%s", text, got, want, all)
		}
	}
	if all := report(converting("\n\n{{foo.Bar}}")); !strings.Contains(all, "x.ctmpl:3: template: not supported") {
		t.Error(all)
	}
}

// What one loop asks about tags says nothing of the instances in another one.
func TestTagsOfOtherLoops(t *testing.T) {
	const asks = `{{range services}}{{if .Tags.Contains "web"}}{{end}}{{end}}`
	for text, want := range map[string]string{
		asks + `server { listen 80; {{range service "api"}} location /api { proxy_pass http://{{.Address}}:{{.Port}}; } {{end}} }`: "/api path=prefix service=api host=api",
		asks + `upstream up { {{range service "api"}} server {{.Address}}:{{.Port}}; {{end}} }` + around:                           "/ service=api host=up",
		asks + `upstream up { {{range $i := service "blue.api"}} server {{.Address}}:{{.Port}}; {{end}} }` + around:                "# for the instances of api with the tag blue alone, as a label of theirs: / service=api host=up\n/ respond=503",
		// An instance that goes elsewhere may be asked for its tags there.
		`{{$x := ""}}{{range service "api"}}{{$x = .}}{{if $x.Tags.Contains "web"}} server { listen 80; location /api { proxy_pass http://{{.Address}}:{{.Port}}; } } {{end}}{{end}}`:                "# for the instances of api with the tag web alone, as a label of theirs: /api path=prefix service=api host=api\n/api path=prefix respond=503",
		`{{define "x"}}{{if .Tags.Contains "web"}} server { listen 80; location /api { proxy_pass http://{{.Address}}:{{.Port}}; } } {{end}}{{end}}{{range service "api"}}{{template "x" .}}{{end}}`: "# for the instances of api with the tag web alone, as a label of theirs: /api path=prefix service=api host=api\n/api path=prefix respond=503",
	} {
		r := converting(text)
		got := strings.TrimSpace(strings.TrimPrefix(printed(r), "# pointsman proxy -listen :80"))
		if all := report(r); got != want || standIn.MatchString(all) {
			t.Errorf("%s\n\nis\n%s\n\nwant\n%s\n%s", text, got, want, all)
		}
	}
}

// FuzzConvert: nothing panics, all of it is bounded, and lines are read by the proxy.
func FuzzConvert(f *testing.F) {
	for _, name := range names {
		f.Add(file(f, name).Text)
	}
	for _, text := range []string{`{{range services}}{{range services}}{{range services}}{{end}}{{end}}{{end}}`, `{{printf "%9999d" 1}}{{"x" | printf "%*d" 9}}`,
		`{{$x := "aaaa"}}{{range services}}{{$x = printf "%s%s" $x $x}}{{end}}{{$x}}`, `{{define "a"}}{{template "a"}}{{end}}{{template "a"}}`, `{{index (service "a") 9}}`,
		`{{with $x := key "a" | parseJSON}}{{$x.b}}{{end}}{{scratch.Set "a" 1}}`, `{{range $t, $s := services | byTag}}{{$t}}{{range $s}}{{.Name}}{{end}}{{end}}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4<<10 {
			return
		}
		for _, route := range converting(text).Routes {
			for _, line := range route.Lines() {
				if rule, verdicts := dialect.ParseLine(line, dialect.PathSegments, dialect.Env{Writer: dialect.WriterOperator}); rule == nil && !route.Offered {
					t.Errorf("%s: %v", line, verdicts)
				}
				if standIn.MatchString(line) && !standIn.MatchString(text) {
					t.Errorf("a stand-in is in the result: %s", line)
				}
			}
		}
	})
}

// What no service is behind is not rendered: the report has a readable line for each directive of it, with the template's actions in their places.
func TestWhatIsNotRenderedIsReportedByDirectives(t *testing.T) {
	r := Convert(convert.File{Name: "t", Text: `{{range $n := ls "apps"}}
upstream {{$n.Key}} {
  {{range service $n.Key}}server {{.Address}}:{{.Port}} max_fails=3;{{end}}
}
server {
  listen 80;
  server_name {{$n.Value}};{{if key "x"}} add_header X-A {{.Value}};{{end}}
  location / { proxy_pass http://{{$n.Key}}; }
}
{{end}}
server {
  listen 81;
  return {{if key "y"}}200{{else}}204{{end}};
}
`}, Options{})
	var got []string
	for _, m := range r.Report.Remarks {
		if m.Outcome == convert.Unsupported {
			got = append(got, fmt.Sprintf("%d %s", m.Line, m.Directive))
		}
	}
	want := []string{"2 upstream {{$n.Key}} {", "3 server {{.Address}}:{{.Port}} max_fails=3;", "5 server {", "6 listen 80;", "7 server_name {{$n.Value}};  add_header X-A {{.Value}};",
		"8 location / { proxy_pass http://{{$n.Key}}; }", `13 return {{if key \"y\"}}200{{else}}204{{end}};`}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	const twice = "server { listen 80; location / { {{if key \"a\"}}gzip on;{{end}} {{if key \"b\"}}deny all;{{end}} proxy_pass http://web; } }"
	if r := Convert(convert.File{Name: "t", Text: twice}, Options{}); len(r.Routes) > 0 {
		t.Errorf("served although the second of two conditions in a line may restrict: %v", r.Routes[0].Lines())
	}
}
