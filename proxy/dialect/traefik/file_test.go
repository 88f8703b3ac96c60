package traefik

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Each file of testdata/files is one of Traefik's, and a .want beside it says what becomes of it.
func TestFiles(t *testing.T) {
	files, _ := filepath.Glob("testdata/files/*.want")
	if len(files) == 0 {
		t.Fatal("no files")
	}
	for _, want := range files {
		name := strings.TrimSuffix(want, ".want")
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		expected, err := os.ReadFile(want)
		if err != nil {
			t.Fatal(err)
		}
		r, err := language{}.ParseFile(name, string(text), env)
		got := outcome(r)
		if err != nil {
			got = err.Error()
		}
		if got != strings.TrimSpace(string(expected)) {
			t.Errorf("%s:\n%s\n\nwant\n%s", name, got, expected)
		}
	}
}

// A name that YAML takes for a number costs nothing of its section, and nothing below it.
func TestNumbersAsNamesInAFile(t *testing.T) {
	const file = `
http:
  routers:
    404: {rule: "Host(\x60a.b\x60)", service: 1, middlewares: [7]}
    web: {rule: "Host(\x60c.d\x60)", service: app}
  middlewares:
    7: {ipAllowList: {sourceRange: [10.0.0.0/8]}}
  services:
    1: {loadBalancer: {servers: [{url: "http://10.0.0.1:80"}]}}
    app: {loadBalancer: {servers: [{url: "http://10.0.0.2:80"}]}}
`
	r, err := language{}.ParseFile("f.yml", strings.ReplaceAll(file, `\x60`, "`"), env)
	if got, want := brief(r), "a.b/ priority=11 to=10.0.0.1:80 allow=ip:10.0.0.0/8, c.d/ priority=11 to=10.0.0.2:80"; err != nil || got != want {
		t.Errorf("%v, %s", err, got)
	}
	if _, err := (language{}).ParseFile("f.yml", "http: {routers: {1: {rule: a}, \"1\": {rule: b}}}", env); err == nil {
		t.Error("one of two routers of a name is lost")
	}
}

// What the operator defines in the file is in effect in routers of labels, also what no label may name; a label gets no further by it.
func TestMiddlewaresOfTheFile(t *testing.T) {
	const file = `
http:
  middlewares:
    Staff.Only: {basicAuth: {usersFile: /etc/users}}
    sso: {forwardAuth: {address: "http://sso.example.org:9091/verify", authResponseHeaders: [Remote-User]}}
    both: {chain: {middlewares: [Staff.Only, limit]}}
    limit: {rateLimit: {average: 5}}
    foreign: {chain: {middlewares: [frame@docker]}}
    bad: {digestAuth: {users: [x]}}
`
	defined, err := language{}.DefineFile("f.yml", file)
	if err != nil || len(defined) != 6 {
		t.Fatalf("%v, %v", defined, err)
	}
	e := (*dialect.Definitions)(nil).Edit()
	e.Change("file", nil, dialect.SortedDefinitions(defined))
	at := env
	at.Definitions, _ = e.Done(nil)
	for _, c := range []struct {
		labels []string
		want   string
	}{
		{[]string{"routers.r.middlewares=staff.only@file"}, "a.b/ priority=11 auth=file:/etc/users auth-pass=true"},
		{[]string{"routers.r.middlewares=both@file"}, "a.b/ priority=11 rate-limit=5/s,burst=1 auth=file:/etc/users auth-pass=true"},
		{[]string{"routers.r.middlewares=sso@file"}, "a.b/ priority=11 forward-auth=http://sso.example.org:9091/verify forward-auth-headers=Remote-User"},
		{[]string{"routers.r.middlewares=foreign@file", "middlewares.frame.headers.framedeny=true"}, "a.b/ priority=11 response-header=set:X-Frame-Options:DENY"},
		{[]string{"routers.r.middlewares=limit"}, "closed a.b/ priority=11, refused"},
		{[]string{"routers.r.middlewares=bad@file"}, "closed a.b/ priority=11, refused"},
		{[]string{"routers.r.middlewares=none@file"}, "closed a.b/ priority=11, refused"},
		{[]string{"routers.r.middlewares=limit@file,own", "middlewares.own.basicauth.usersfile=/etc/users"}, "closed a.b/ priority=11, refused"},
		{[]string{"routers.r.middlewares=limit@file,own", "middlewares.own.forwardauth.address=http://sso.example.org:9091/verify"}, "closed a.b/ priority=11, refused"},
	} {
		r := dialect.Languages{Options{}.Language()}.Parse(labelled(append(c.labels, "routers.r.rule=Host(`a.b`)")...), at)
		if got := brief(r); got != c.want {
			t.Errorf("%q: %s\nwant %s", c.labels, got, c.want)
		}
	}
}

// What a label names passes the gate for labels, whatever of the file stands beside it.
func TestLabelsStayLabelsBesideTheFile(t *testing.T) {
	defined, err := language{}.DefineFile("f.yml", `http: {middlewares: {c: {compress: {}}, sso: {forwardAuth: {address: "http://10.0.0.8/"}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	e := (*dialect.Definitions)(nil).Edit()
	e.Change("file", nil, dialect.SortedDefinitions(defined))
	at := env
	at.Definitions, _ = e.Done(nil)
	for _, c := range []struct {
		tags     []string
		operator bool
	}{
		{labelled("routers.r.middlewares=c@file,own", "middlewares.own.forwardauth.address=http://10.0.0.9/"), false},
		{append(labelled("routers.r.middlewares=c@file"), "pointsman.forward-auth=http://10.0.0.9/"), false},
		{labelled("routers.r.middlewares=c@file,sso@file"), true},
	} {
		r := Options{}.Language().Parse(append(c.tags, "traefik.http.routers.r.rule=Host(`a.b`)"), at)
		if len(r.Rules) != 1 || r.Rules[0].Policy.Filters.ForwardAuth == nil || r.Rules[0].Policy.Filters.ForwardAuth.Operator != c.operator {
			t.Errorf("%q: %+v", c.tags, r.Rules)
		}
	}
	for _, own := range []string{"pointsman.files=/etc", "pointsman.respond=200", "pointsman.auth=file:/etc/users"} {
		r := Options{}.Language().Parse(append(labelled("routers.r.middlewares=c@file", "routers.r.rule=Host(`a.b`)"), own), at)
		for _, rule := range r.Rules {
			if rule.Policy.Files.Folder != "" || rule.Policy.Respond != nil || rule.Policy.Filters.Auth != nil {
				t.Errorf("%s: %s", own, rule.Line())
			}
		}
	}
}

func TestCertificates(t *testing.T) {
	for name, text := range map[string]string{"f.yml": `
tls:
  certificates:
    - certFile: /a.crt
      keyFile: /a.key
      stores: [default]
    - {certFile: /b.crt, keyFile: /b.key}
  stores: {default: {defaultCertificate: {certFile: /d.crt, keyFile: /d.key}}}
`, "f.toml": `
[[tls.certificates]]
  certFile = "/a.crt"
  keyFile = "/a.key"
[[tls.certificates]]
  certFile = "/b.crt"
  keyFile = "/b.key"
[tls.stores.default.defaultCertificate]
  certFile = "/d.crt"
  keyFile = "/d.key"
`} {
		got, err := Certificates(name, text)
		if want := []Certificate{{"/d.crt", "/d.key"}, {"/a.crt", "/a.key"}, {"/b.crt", "/b.key"}}; err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// A file that can't be read, or restricts all routes, is no file at all.
func TestFilesThatAreRefused(t *testing.T) {
	for _, text := range []string{"a: [", "http: {}\nhttp: {}", "- x", "x: {{ env \"X\" }}", "tls: {options: {default: {clientAuth: {caFiles: [x]}}}}", "a: &a [*a]",
		strings.Repeat("{a: ", 40) + "b" + strings.Repeat("}", 40)} {
		if r, err := (language{}).ParseFile("f.yml", text, env); err == nil {
			t.Errorf("%q: %+v", text, r)
		}
	}
}

// Whatever a file holds: no panic, and what it has for middlewares is in no rule but by them.
func FuzzParseFile(f *testing.F) {
	files, _ := filepath.Glob("testdata/files/*.want")
	for _, want := range files {
		text, err := os.ReadFile(strings.TrimSuffix(want, ".want"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(strings.HasSuffix(want, ".toml.want"), string(text))
	}
	f.Fuzz(func(t *testing.T, isTOML bool, text string) {
		name := "f.yml"
		if isTOML {
			name = "f.toml"
		}
		r, err := language{}.ParseFile(name, text, env)
		if err != nil {
			return
		}
		if _, err := (language{}).DefineFile(name, text); err != nil {
			t.Errorf("read once, and not twice: %v", err)
		}
		tree, err := readFile(name, text)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range tree.all {
			if !slices.ContainsFunc(r.Verdicts, func(v dialect.Verdict) bool { return slices.Contains(v.Sources, source(l)) }) {
				t.Fatalf("nothing is said of %q: %+v", l.key, r.Verdicts)
			}
		}
	})
}
