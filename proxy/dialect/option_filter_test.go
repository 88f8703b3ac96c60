package dialect

import (
	"strings"
	"testing"
)

const (
	anApr1   = "$apr1$r31abcde$SZEN.U5sWGGNcv9YsUrqI."
	aBcrypt  = "$2y$10$UOG4R9l3STvR4SVz6KcwWuHrxD4fRB.S8bEDxLKkXposO7NffN0Hm"
	aSHA     = "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="
	slowHash = "$2y$31$UOG4R9l3STvR4SVz6KcwWuHrxD4fRB.S8bEDxLKkXposO7NffN0Hm"
)

// goodFilters are lines and what is printed of them; "" is the line itself. Any writer may write them.
var goodFilters = [][2]string{
	{`/a strip=/a replace-path="^/v([0-9]+)/ /api/$1x/"`, ""},
	{`/a replace-path="  x   y "`, `/a replace-path="x y"`},
	{"/a host=instance", "/a host=dst"}, {"/a host=keep", "/a"}, {"/a host=b.test", ""},
	{"/a proxy-redirect=off", ""}, {"/a proxy-redirect=default", "/a"},
	{"/a request-header=set:X-A:b request-header=add:X-B: request-header=remove:Cookie", ""},
	{`/a request-header="set:X-A:b, \"c\": d"`, ""},
	{"/a request-header=set:X-Forwarded-Ssl:on", ""},
	{"/a request-header=set:X-Forwarded-Proto:https", ""},
	{"/a response-header=set:X-Frame-Options:DENY response-header=remove:Server response-header=add:Set_Cookie:a", ""},
	{"/a cors=*", ""}, {"/a cors=HTTPS://A.test:443|http://*.b.test:81", "/a cors=https://a.test,http://*.b.test:81"},
	{"/a cors=https://a.test cors-credentials=true cors-methods=GET|PUT cors-headers=X-A cors-expose=X-B,X-C cors-max-age=600",
		"/a cors=https://a.test cors-credentials=true cors-methods=GET,PUT cors-headers=X-A cors-expose=X-B,X-C cors-max-age=10m0s"},
	{"/a cors-credentials cors=https://a.test", "/a cors=https://a.test cors-credentials=true"},
	{"/a max-body=10m", ""}, {"/a max-body=1024k", "/a max-body=1m"}, {"/a max-body=1000", ""}, {"/a max-body=0", "/a"}, {"/a max-body=2G", "/a max-body=2g"},
	{"/a rate-limit=100/s", ""}, {"/a rate-limit=10r/m|burst=20|by=header:X-Key", "/a rate-limit=10/m,burst=20,by=header:X-Key"},
	{"/a rate-limit=100/s,by=route rate-limit=5/h,by=client", "/a rate-limit=100/s,by=route rate-limit=5/h"},
	{"/a auth=basic:anna:" + anApr1 + "|bob:" + aBcrypt + ",carl:" + aSHA + " auth-pass",
		"/a auth=basic:anna:" + anApr1 + ",bob:" + aBcrypt + ",carl:" + aSHA + " auth-pass=true"},
	{`/a auth-realm="my shop" auth=basic:anna:` + anApr1, "/a auth=basic:anna:" + anApr1 + ` auth-realm="my shop"`},
	{"/a forward-auth=service:gate", "/a forward-auth=service:gate/"},
	{"/a forward-auth=service:gate/check?x forward-auth-headers=X-User|X-Groups forward-auth-timeout=2s", "/a forward-auth=service:gate/check?x forward-auth-headers=X-User,X-Groups forward-auth-timeout=2s"},
	{"/a forward-auth=service:gate/check forward-auth-sends=Cookie|X-Key", "/a forward-auth=service:gate/check forward-auth-sends=Cookie,X-Key"},
}

func TestFilterOptions(t *testing.T) {
	for _, c := range goodFilters {
		want := c[1]
		if want == "" {
			want = c[0]
		}
		rule, verdicts := ParseLine(c[0], PathSegments, Env{})
		if rule == nil || len(verdicts) > 0 {
			t.Errorf("%s: %+v", c[0], verdicts)
			continue
		}
		if got := rule.Line(); got != want {
			t.Errorf("%s: printed as %s, want %s", c[0], got, want)
		}
		checkPrint(t, rule, Env{})
	}
}

// What can't be read refuses its line, and closes the route where it restricts.
func TestBadFilterOptions(t *testing.T) {
	for options, closed := range map[string]bool{
		`replace-path=x`: false, `replace-path="[ y"`: false, `replace-path="x /$1"`: false, `replace-path="x /a?b"`: false, `replace-path="x /$a"`: false,
		`replace-path="(a{200}){9} b"`: false, `replace-path="a b c"`: false, `replace-path="x /../y"`: false,
		"request-header=X-A:b": false, "request-header=set:X-A": false, "request-header=set:X A:b": false, "request-header=set::b": false,
		"request-header=set:Host:b": false, "request-header=remove:Connection": false, "request-header=add:Content-Length:5": false,
		"request-header=set:transfer-encoding:chunked": false, "request-header=set:X_User:b": false, "request-header=set:X-Forwarded-For:1.1.1.1": false,
		"request-header=add:X-Forwarded-Proto:https": false, "request-header=remove:X-Forwarded-Proto": false, "request-header=set:X-Forwarded-Proto:ftp": false,
		"request-header=set:Te:trailers": false, "request-header=set:Upgrade:h2c": false, "request-header=set:Forwarded:for=x": false,
		"response-header=set:Content-Length:5": false, "response-header=set:Connection:close": false, "response-header=set:X-A:\x7f": false,
		"cors=a.test": false, "cors=null": false, "cors=https://": false, "cors=https://*": false, "cors=https://a.test/": false, "cors=*|https://a.test": false,
		"cors=https://a.test cors-methods=G T": false, "cors=* cors-max-age=-1": false, "cors=* cors-max-age=48h": false, "cors=* cors-credentials=perhaps": false,
		"max-body=10x": false, "max-body=-1": false, "max-body=": false, "max-body=9999999999g": false, "max-body=+5": false,
		"rate-limit=100": true, "rate-limit=0/s": true, "rate-limit=1/d": true, "rate-limit=1/s,burst=0": true, "rate-limit=1/s,by=cookie": true,
		"rate-limit=1/s,by=header:": true, "rate-limit=1/s,x": true, "rate-limit=9999999/s": true, "rate-limit=-1/s": true,
		"auth=basic:anna:secret": true, "auth=basic:anna": true, "auth=basic:": true, "auth=digest:x": true, "auth=basic:anna:" + slowHash: true,
		"auth=basic:anna:" + aSHA + ",anna:" + aSHA: true, "auth=basic:anna:" + aSHA[:20]: true, "auth=basic:anna:" + anApr1[:30]: true, "auth=basic:anna:" + aBcrypt[:30]: true,
		"auth=basic:anna:" + aSHA + " auth=basic:bob:" + aSHA: true, "auth=file:/etc/htpasswd": true, "auth=basic:anna:" + aSHA + " auth-pass=x": true,
		"forward-auth=http://gate.test/": true, "forward-auth=http://127.0.0.1.evil.test/": true, "forward-auth=service:": true, "forward-auth=service:a b": false, "forward-auth=service:a/../b": true,
		"forward-auth=service:a forward-auth-headers=Host": true, "forward-auth=service:a forward-auth-timeout=2h": true, "forward-auth=service:a forward-auth-sends=a:b": true, "forward-auth-sends=": true, "forward-auth=service:a/b forward-auth=service:a/c": true,
	} {
		rule, verdicts := ParseLine("/a "+options, PathSegments, Env{})
		isClosed := rule != nil && rule.Policy.Closed
		if closed != isClosed || len(verdicts) == 0 {
			t.Errorf("%s: closed %v, want %v: %+v", options, isClosed, closed, verdicts)
		}
		for _, v := range verdicts {
			if strings.Contains(v.Reason, "secret") || strings.Contains(v.Reason, aSHA) {
				t.Errorf("%s: a secret in %q", options, v.Reason)
			}
		}
	}
}

// What can never take effect is said.
func TestIdleFilterOptions(t *testing.T) {
	for options, want := range map[string]string{
		"cors-methods=GET": "without cors", "cors=* cors-credentials": "cors=*",
		"max-body=1 max-body=2": "more than once", "redirect=301,/b request-header=set:A:b": "beside redirect", "redirect=301,/b proxy-redirect=off": "beside redirect",
	} {
		rule, verdicts := ParseLine("/a "+options, PathSegments, Env{})
		if rule == nil || len(verdicts) != 1 || verdicts[0].Kind != VerdictPartly || !strings.Contains(verdicts[0].Reason, want) {
			t.Errorf("%s: %+v", options, verdicts)
		}
	}
}

func TestOperatorsFilterOptions(t *testing.T) {
	for _, options := range []string{"auth=file:/etc/htpasswd", "forward-auth=https://auth.test/x?y"} {
		rule, verdicts := ParseLine("/a "+options, PathSegments, Env{Writer: WriterOperator})
		if rule == nil || len(verdicts) > 0 || rule.Line() != "/a "+options || !rule.Restricts() {
			t.Errorf("%s: %+v", options, verdicts)
		}
	}
	for _, options := range []string{"auth=file:htpasswd", "forward-auth=ftp://a/", "forward-auth=http://u:p@a/"} {
		if rule, _ := ParseLine("/a "+options, PathSegments, Env{Writer: WriterOperator}); rule == nil || !rule.Policy.Closed {
			t.Errorf("%s: %+v", options, rule)
		}
	}
}

// Who may not write into the routes file may not have all routes wait for one's passwords.
func TestSlowHashesAreTheOperators(t *testing.T) {
	for cost, want := range map[string]bool{"12": true, "13": false, "14": false} {
		text := "/a auth=basic:anna:" + strings.Replace(aBcrypt, "$10$", "$"+cost+"$", 1)
		for _, writer := range []Writer{WriterTag, WriterOperator} {
			rule, verdicts := ParseLine(text, PathSegments, Env{Writer: writer})
			if rule == nil || rule.Policy.Closed == (want || writer == WriterOperator) {
				t.Errorf("cost %s, writer %v: %+v", cost, writer, verdicts)
			}
			for _, v := range verdicts {
				if !strings.Contains(v.Reason, "cost "+cost+": at most 12") {
					t.Errorf("cost %s: %s", cost, v.Reason)
				}
			}
		}
	}
}

// People are told that a secret is set, and nobody what it is: also where the option is misspelt.
func TestSecretsAreNotShown(t *testing.T) {
	env := Env{}
	for _, tag := range []string{
		"pointsman.route=/a auth=basic:anna:" + anApr1, "pointsman.route=/a AUTH=basic:anna:" + aSHA + " strip=/a", "pointsman.route=/a auht=basic:anna:" + aSHA,
		`pointsman.route=/a auth="basic:anna:` + aBcrypt + `"`, "pointsman.auth=basic:anna:" + anApr1, "pointsman.route=/a auth=basic:anna:plain", "pointsman.auth=plain",
		`pointsman.route=/a "auth=basic:anna:` + aSHA + `"`, "urlprefix-/a auth=" + aSHA,
		"pointsman.route=/a request-header=set:Authorization:plain", `pointsman.route=/a request-header="add:X-Key:a plain \"plain"`, "pointsman.request-header=set:X-A:plain",
		`pointsman.route=/a "request-header=set:X-A:plain"`, "pointsman.route=/a Request-Header=st:X-A:plain", "pointsman.route=/a request-header=set:plain",
		"pointsman.route=/a request-header=set:X-A=plain:b", "pointsman.route=/a request-header=remove:X-A:plain", "urlprefix-/a request-header=set:X-A:plain",
		`pointsman.route=/a request-header="set:X-A:b"plain`, "pointsman.route=/a request-header=set:Host:plain", "pointsman.route=/a request-header=set:X-A:plain redirect=301,/b",
		"pointsman.route=/a request-header=set:Authorization:Bearer plain== strip=/a", "pointsman.route=/a request-heder=set:X-A:b plain plain",
		"pointsman.route=/a auth=basic:" + aSHA + ":bob", "pointsman.route=/a auth=basic:" + anApr1 + ":bob", "pointsman.auth=basic:" + aBcrypt + ":bob",
	} {
		for _, fabio := range []bool{true, false} {
			l := Lines{Called: "x", Prefix: "", Paths: PathSegments}
			if fabio {
				l = Lines{Called: "x", Prefix: "urlprefix-", Paths: PathPrefix, Fabio: true}
			}
			out := l.Parse([]string{tag, "pointsman.route=/b"}, env)
			var told []string
			for _, v := range out.Verdicts {
				told = append(told, v.Sources...)
				told = append(told, v.Reason, v.Advice, v.Rule)
			}
			for _, r := range out.Rules {
				told = append(append(told, r.Sources...), r.Shown()...)
			}
			text := strings.Join(told, "\n")
			for _, secret := range []string{"plain", anApr1[8:], aSHA[6:], aBcrypt[10:]} {
				if strings.Contains(text, secret) {
					t.Errorf("%s: %q", tag, text)
				}
			}
		}
	}
}

// Of a changed field the name is shown, to whoever asks for it in vain as well.
func TestValuesOfFieldsAreNotShown(t *testing.T) {
	rule, _ := ParseLine(`/a request-header=set:X-A:plain request-header="add:X-B:a plain" request-header=remove:X-C response-header=set:X-D:open`, PathSegments, Env{})
	other, _ := ParseLine("/a", PathSegments, Env{})
	want := "request-header=set:X-A:hidden request-header=add:X-B:hidden request-header=remove:X-C response-header=set:X-D:open"
	for _, got := range [][]string{rule.Shown(), rule.Unmet(other)} {
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s, want %s", text, want)
		}
	}
	if text := strings.TrimPrefix(Concealed(rule.Line()), "/a "); text != want {
		t.Errorf("%s, want %s", text, want)
	}
	if again, _ := ParseLine("/a request-header=set:X-A:other", PathSegments, Env{}); len(again.Unmet(rule)) != 1 {
		t.Error("values that differ are the same")
	}
}

func FuzzUser(f *testing.F) {
	for _, hash := range []string{anApr1, aBcrypt, aSHA, slowHash, "x", ""} {
		f.Add("anna:" + hash)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if u, err := ParseUser(text); err == nil && (u.Name+":"+u.Hash != text || strings.ContainsAny(u.Hash, "\x00 ,|\"")) {
			t.Errorf("%q: %+v", text, u)
		}
	})
}

func TestPathReplacement(t *testing.T) {
	for _, c := range [][3]string{
		{"^/v([0-9])/(.*) /$2/$1x", "/v3/a/b", "/a/b/3x"}, {"/old /new", "/a/old/old", "/a/new/old"}, {"x y", "/a", "/a"}, {"^/a$ /", "/a", "/"}, {"(/)(a)? $2$1", "/b", "/b"},
	} {
		r, err := ParsePathReplacement(c[0])
		if err != nil {
			t.Fatalf("%s: %v", c[0], err)
		}
		if got := r.Apply(c[1]); got != c[2] {
			t.Errorf("%s of %s: %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

// What is replaced costs what the path does, and is printed as it was read.
func FuzzPathReplacement(f *testing.F) {
	f.Add("^/v([0-9])/(.*) /$2/$1x", "/v3/a/b")
	f.Add("(a*)* /", "/aaaa")
	f.Fuzz(func(t *testing.T, text, path string) {
		r, err := ParsePathReplacement(text)
		if err != nil {
			return
		}
		again, err := ParsePathReplacement(r.Text)
		if err != nil || again.Apply(path) != r.Apply(path) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
