package nginx

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// shown are the files of testdata.
func shown(t testing.TB) (out []convert.File) {
	t.Helper()
	names, err := filepath.Glob("testdata/*.conf")
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

func converting(text string) *convert.Result {
	return Convert([]convert.File{{Name: "x.conf", Text: text}}, Options{})
}

// routes are the lines of a result, without those that are offered.
func routes(r *convert.Result) string {
	var b strings.Builder
	for _, route := range r.Routes {
		if !route.Offered {
			b.WriteString(strings.Join(route.Lines(), "\n") + "\n")
		}
	}
	return b.String()
}

func report(r *convert.Result) string {
	var b strings.Builder
	r.Report.Write(&b)
	return b.String()
}

// Each directive of each file has one line in the report, with its outcome.
func TestEachDirectiveIsMentioned(t *testing.T) {
	for _, f := range shown(t) {
		r := Convert([]convert.File{f}, Options{})
		p := parser{lexer: lexer{text: f.Text, line: 1}, file: &f, count: new(int), problem: func(line int, text, why string) { t.Errorf("%s:%d: %s: %s", f.Name, line, text, why) }}
		var all []*directive
		each(p.block(0), func(d *directive) { all = append(all, d) })
		if len(all) != len(r.Report.Remarks) || len(all) < 10 {
			t.Errorf("%s: %d directives, %d remarks", f.Name, len(all), len(r.Report.Remarks))
			continue
		}
		for i, m := range r.Report.Remarks {
			if m.Line != all[i].line || m.Outcome == convert.None || !strings.HasPrefix(m.Directive, all[i].name) {
				t.Errorf("%s:%d: %s: %+v", f.Name, all[i].line, all[i].text(), m)
			}
		}
	}
}

// What an instance gets begins with one slash, and has the path of proxy_pass as it is written.
func TestPathsOfInstances(t *testing.T) {
	for text, want := range map[string]string{
		"rewrite ^/x(.*)$ $1 break; proxy_pass http://app:1;":       "replace-path=\"^/x/?(.*)$ /$1\"",
		"rewrite ^/x(/.*)$ $1 break; proxy_pass http://app:1;":      "strip=/x",
		"rewrite ^/x/?(.*)$ $1 break; proxy_pass http://app:1;":     "replace-path=\"^/x/?/?(.*)$ /$1\"",
		"rewrite ^/x([a-z/]*)$ $1 break; proxy_pass http://app:1;":  "respond=503",
		"proxy_pass http://app:1/y%2fz;":                            "replace-path=\"^/x /y%2fz\"",
		"rewrite ^/x/(.*)$ /q/$1 break; proxy_pass http://app:1/z;": "a path that the rewrite does not change",
	} {
		r := converting("server { listen 80; server_name a.b; location /x { " + text + " } }")
		if got := routes(r) + report(r); !strings.Contains(got, want) {
			t.Errorf("%s: want %s\n%s", text, want, got)
		}
	}
}
