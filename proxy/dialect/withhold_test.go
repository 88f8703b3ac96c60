package dialect

import (
	"strings"
	"testing"
)

const secretHash = "$apr1$r31abcde$SZEN.U5sWGGNcv9YsUrqI."

// What is a credential is taken out of a label, and nothing else; what is left closes the route, and says why.
func TestWithhold(t *testing.T) {
	for _, c := range []struct {
		key, value, want string // "" as it is
	}{
		{"pointsman.route", "a.io/ strip=/x auth=basic:anna:" + secretHash, "a.io/ strip=/x auth=(withheld:secret)"},
		{"Pointsman.Route.two", "a.io/ AUTH=basic:anna:" + secretHash, "a.io/ AUTH=(withheld:secret)"},
		{"pointsman.route", "a.io/ auht=basic:anna:" + secretHash, "a.io/ auht=(withheld:secret)"},
		{"pointsman.route", "a.io/ x=basic:anna:" + secretHash, "a.io/ x=(withheld:secret)"},
		{"pointsman.route", "a.io/ request-header=set:Authorization:secret", "a.io/ request-header=set:Authorization:(withheld:secret)"},
		{"pointsman.route", `a.io/ request-header="set:Authorization:Bearer secret" strip=/`, `a.io/ request-header=set:Authorization:(withheld:secret) strip=/`},
		{"pointsman.route", "a.io/ request-header=set:Authorization:Bearer secret strip=/x", "a.io/ request-header=set:Authorization:(withheld:secret)  strip=/x"},
		{"pointsman.route", "a.io/ request-header=set:X-Api-Token:secret", "a.io/ request-header=set:X-Api-Token:(withheld:secret)"},
		{"pointsman.route", "a.io/ request-header=authorization:secret", "a.io/ request-header=(withheld:secret)"},
		{"pointsman.route", "a.io/ request-haeder=set:authorization:secret", "a.io/ request-haeder=set:authorization:(withheld:secret)"},
		{"pointsman.route", "a.io/ response-header=add:Set-Cookie:secret", "a.io/ response-header=add:Set-Cookie:(withheld:secret)"},
		{"pointsman.route", `"a.io/ request-header=set:Authorization:Bearer secret"`, `"a.io/ request-header=set:Authorization:(withheld:secret) `},
		{"pointsman.route", `a.io/ path="x request-header=set:Authorization:secret`, `a.io/ path="x request-header=set:Authorization:(withheld:secret)`},
		{"pointsman.route", `a.io/ path="x y"request-header=set:Authorization:secret`, `a.io/ path="x y"request-header=set:Authorization:(withheld:secret)`},
		{"pointsman.route", `a.io/ strip=\ request-header=set:Authorization:secret`, `a.io/ strip=\ request-header=set:Authorization:(withheld:secret)`},
		{"pointsman.route", `a.io/ request-header="set:Authorization:Bearer secret of two=`, `a.io/ request-header=set:Authorization:(withheld:secret)`},
		{"pointsman.route.b", "a.io/,request-header=set:Authorization:secret", "a.io/,request-header=set:Authorization:(withheld:secret)"},
		{"pointsman.route.b", "a.io/\u00a0request-header=set:Authorization:secret", "a.io/\u00a0request-header=set:Authorization:(withheld:secret)"},
		{"pointsman.route", "http://anna:secret@a.io/", "(withheld:secret)"},
		{"pointsman.route", "a.io/ redirect=302,https://anna:secret@b.io/", "a.io/ redirect=(withheld:secret)"},
		{"pointsman.route", "a.io/ redirect=302,https://b.io:81/x:y@z", ""},
		{"aliyun.routing.port_80", "orchid;http://anna:secret@b.io", "(withheld:secret)"},
		{"traefik.frontend.headers.customRequestHeaders", "X-A:b||Authorization:Bearer secret", "(withheld:secret)"},
		{"traefik.frontend.headers.customResponseHeaders", "X-A:b||X-C:d", ""},
		{"traefik.admin.frontend.auth.basic", "anna:" + secretHash, "(withheld:secret)"},
		{"pointsman.request-header", "set:X-Secret:a b", "set:X-Secret:(withheld:secret)"},
		{"pointsman.auth", "basic:anna:" + secretHash, "(withheld:secret)"},
		{"pointsman.route", "a.io/ request-header=set:X-Shop:1 request-header=remove:Authorization response-header=remove:Set-Cookie allow=10.0.0.0/8", ""},
		{"pointsman.route", `a.io/ request-header="set:X-Shop:a b" max-body=1m`, ""},
		{"pointsman.route", "a.io/ auth=file:/etc/users", ""},
		{"pointsman.auth-realm", "shop", ""},
		{"pointsman.allow", "10.0.0.0/8,192.0.2.0/24", ""},
		{"traefik.http.middlewares.m.basicAuth.users", "anna:x", "(withheld:secret)"},
		{"traefik.frontend.auth.basic", "anna:x", "(withheld:secret)"},
		{"traefik.http.middlewares.m.headers.customrequestheaders.Authorization", "x", "(withheld:secret)"},
		{"traefik.http.middlewares.m.headers.customrequestheaders.X-Shop", "x", ""},
		{"traefik.http.middlewares.m.plugin", "anna:" + secretHash, "(withheld:secret)"},
		{"aliyun.routing.port_80", "orchid;http://wp.example.com/x", ""},
	} {
		got, secret := Withhold(c.key, c.value)
		want := c.want
		if want == "" {
			want = c.value
		}
		if got != want || secret != (c.want != "") {
			t.Errorf("%s=%s:\n got %s %v\nwant %s", c.key, c.value, got, secret, want)
		}
		if shown := Concealed(c.key + "=" + c.value); secret && (strings.Contains(shown, "secret") || strings.Contains(shown, "SZEN")) {
			t.Errorf("shown as %s", shown)
		}
	}
}

// A route or an option of which something was withheld lets nobody in, and says why; the other routes are served.
func TestWithheldClosesItsRoute(t *testing.T) {
	for _, c := range []struct {
		tags         []string
		open, closed int
		reason       string
	}{
		{[]string{"pointsman.route=a.io/ auth=" + WithheldSecret, "pointsman.route.b=b.io/"}, 1, 1, "-labels-secrets"},
		{[]string{"pointsman.route=a.io/ request-header=set:Authorization:" + WithheldSecret, "pointsman.route.b=b.io/"}, 1, 1, "-labels-secrets"},
		{[]string{"pointsman.route=a.io/ x=" + WithheldSecret, "pointsman.route.b=b.io/"}, 1, 1, "-labels-secrets"},
		{[]string{"pointsman.route=a.io/", "pointsman.request-header=set:Authorization:" + WithheldSecret}, 0, 1, "-labels-secrets"},
		{[]string{"pointsman.route=a.io/", "pointsman.allow=" + WithheldTooLong, "urlprefix-b.io/"}, 0, 2, "too long"},
		{[]string{"pointsman.route=a.io/", "pointsman.route.admin=a.io/admin " + WithheldTooLong}, 1, 1, "too long"},
		{[]string{"pointsman.route=a.io/", `pointsman.route.admin=a.io/admin request-header="set:x-a:b ` + WithheldText}, 1, 1, "quote"},
		{[]string{"pointsman.route=" + WithheldText, "pointsman.route.b=b.io/"}, 1, 0, "end of a line"},
		{[]string{"pointsman.route=a.io/ deny=10.0.0.1", "urlprefix-b.io/", WithheldMany}, 0, 2, "more routing labels"},
		{[]string{"pointsman.route=a.io/ deny=10.0.0.1", WithheldPort}, 0, 1, "names no port"},
		{[]string{"pointsman.route=a.io/ deny=10.0.0.1", WithheldTwice}, 0, 1, "same name"},
	} {
		r := both.Parse(c.tags, Env{})
		open, closed := 0, 0
		for _, rule := range r.Rules {
			if rule.Policy.Closed {
				closed++
			} else {
				open++
			}
		}
		if open != c.open || closed != c.closed {
			t.Errorf("%q: %d open, %d closed", c.tags, open, closed)
		}
		if v := of(r, VerdictRefused); len(v) == 0 || !strings.Contains(v[0].Reason, c.reason) {
			t.Errorf("%q: %+v", c.tags, v)
		}
		if def := r.Defaults.Rule("", Match{}); (c.open == 0) != def.Policy.Closed {
			t.Errorf("%q: the route that no tag asks for: %+v", c.tags, def.Policy)
		}
	}
}

// A line of which nothing is left may have been a restriction: no other route may lead past it.
func TestWithheldLineRestricts(t *testing.T) {
	for _, mark := range []string{WithheldSecret, WithheldTooLong, WithheldText} {
		if v := of(both.Parse([]string{"pointsman.route=" + mark}, Env{}), VerdictRefused); len(v) != 1 || !v[0].Restricts {
			t.Errorf("%s: %+v", mark, v)
		}
	}
}

// FuzzWithhold: no text that begins a hashed password is left, and what was withheld once is not withheld again.
func FuzzWithhold(f *testing.F) {
	f.Add("pointsman.route", "a.io/ auth=basic:anna:"+secretHash)
	f.Add("pointsman.request-header", `"set:authorization:x y" "`)
	f.Add("pointsman.a=b", "\\\" $2y$")
	f.Add("traefik.x.headers.a.cookie", "")
	f.Add("pointsman.route", "$apr1$=x $2y$.auth=basic:a")
	f.Fuzz(func(t *testing.T, key, value string) {
		got, secret := Withhold(key, value)
		if !secret && got != value {
			t.Fatalf("changed without a secret: %q", got)
		}
		for _, mark := range hashMarks {
			if strings.Contains(got, mark) {
				t.Fatalf("%q is left in %q", mark, got)
			}
		}
		if secret && Withheld(got) == "" {
			t.Fatalf("nothing says so: %q", got)
		}
	})
}
