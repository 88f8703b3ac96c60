package nginx

import (
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// An expression that redirects a part of the paths leaves the others as they are.
func TestRedirectsOfSomePaths(t *testing.T) {
	for text, want := range map[string]string{
		"location /x { rewrite ^/x/(.*)$ http://h/$1 redirect; proxy_pass http://app:1; }": "a.b/x path=prefix path-regexp=^/x/(.*)$ redirect=302,http://h$path strip=/x\na.b/x path=prefix to=app:1 host=app:1\n",
		"location /x/ { rewrite ^/x/(.*)$ http://h/$1 redirect; }":                         "a.b/x/ redirect=302,http://h$path strip=/x\n",
		"rewrite ^/x/(.*)$ http://h/$1 permanent; location / { proxy_pass http://app:1; }": "a.b/x/ priority=1 redirect=301,http://h$path strip=/x\na.b/ to=app:1 host=app:1\n",
		"rewrite ^/x/(.*)$ /y permanent; location / { proxy_pass http://app:1; }":          "a.b/ path-regexp=^/x/(.*)$ priority=1 redirect=301,/y\na.b/ to=app:1 host=app:1\n",
	} {
		r := converting("server { listen 80; server_name a.b; " + text + " }")
		if got := routes(r); got != want {
			t.Errorf("%s\n%s\nwant\n%s\n%s", text, got, want, report(r))
		}
	}
}

// The route that refuses other spellings of paths is in the report, at the line of the server.
func TestGuardIsReported(t *testing.T) {
	for text, want := range map[string]string{
		"\nserver { location / { proxy_pass http://app:1; } location /a { deny all; proxy_pass http://app:1; } }": "x.conf:2: server: partly; since some of its paths are restricted",
		"\nlocation / { proxy_pass http://app:1; } location /a { deny all; proxy_pass http://app:1; }":            "x.conf:2: location /: partly; since some of its paths are restricted",
	} {
		if got := report(converting(text)); !strings.Contains(got, want) || !strings.Contains(got, "get 400 (path-regexp=//") {
			t.Errorf("%s\n%s", text, got)
		}
	}
}

// A file that includes itself, by others too, is read once.
func TestFilesThatIncludeThemselves(t *testing.T) {
	files := map[string]string{"x.conf": "include ./x.conf; include y.conf; server { location / { proxy_pass http://app:1; } }", "y.conf": "include x.conf;"}
	include := func(_, name string) ([]convert.File, error) {
		return []convert.File{{Name: name, Text: files[strings.TrimPrefix(name, "./")]}}, nil
	}
	r := Convert([]convert.File{{Name: "x.conf", Text: files["x.conf"]}}, Options{Include: include})
	got := report(r)
	if strings.Count(got, "the file includes itself") != 2 || strings.Count(got, "x.conf:1: server") != 1 || routes(r) != "/ to=app:1 host=app:1\n" {
		t.Errorf("%s\n%s", routes(r), got)
	}
}
