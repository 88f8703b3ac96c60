package registrator

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/discovery/outside"
)

func scripts(o *Options) { o.AllowScriptChecks = true }

// The default mode's checks: Registrator's vocabulary, validated, and bound to the registered address and port.
func TestOwnChecks(t *testing.T) {
	at := "192.168.1.102:8080"
	httpEnv := func(lines ...string) []string { return append([]string{"SERVICE_CHECK_HTTP=/h"}, lines...) }
	for _, tc := range []struct {
		name      string
		env       []string
		flags     []flags
		want      *Check
		complaint []string
	}{
		{"http", httpEnv("SERVICE_CHECK_TIMEOUT=1s", "SERVICE_CHECK_HTTP_METHOD=HEAD"), nil,
			&Check{HTTP: "http://" + at + "/h", Interval: "10s", Timeout: "1s", Method: "HEAD"}, nil},
		{"https skips verification", []string{"SERVICE_CHECK_HTTPS=/s", "SERVICE_CHECK_TLS_SKIP_VERIFY=true"}, nil,
			&Check{HTTP: "https://" + at + "/s", Interval: "10s", TLSSkipVerify: true}, nil},
		{"userinfo cannot move it", []string{"SERVICE_CHECK_HTTP=@169.254.169.254/"}, nil, &Check{HTTP: "http://" + at + "/@169.254.169.254/", Interval: "10s"}, nil},
		{"another authority cannot move it", []string{"SERVICE_CHECK_HTTP=//evil/x"}, nil, &Check{HTTP: "http://" + at + "//evil/x", Interval: "10s"}, nil},
		{"a port cannot move it", []string{"SERVICE_CHECK_HTTP=:22/"}, nil, &Check{HTTP: "http://" + at + "/:22/", Interval: "10s"}, nil},
		{"query and escapes stay", []string{"SERVICE_CHECK_HTTP=/a%2Fb?x=1&y=a b#f"}, nil, &Check{HTTP: "http://" + at + "/a%2Fb?x=1&y=a%20b", Interval: "10s"}, nil},
		{"a bad escape is text", []string{"SERVICE_CHECK_HTTP=/%zz"}, nil, &Check{HTTP: "http://" + at + "/%25zz", Interval: "10s"}, nil},
		{"a path with a line break", []string{"SERVICE_CHECK_HTTP=/h\r\nHost: x"}, nil, nil, []string{"SERVICE_CHECK_HTTP", "control character"}},
		{"IPv6 gets brackets", httpEnv(), []flags{ip("2001:db8::1")}, &Check{HTTP: "http://[2001:db8::1]:8080/h", Interval: "10s"}, nil},
		{"a method that may change something", httpEnv("SERVICE_CHECK_HTTP_METHOD=PUT"), nil, &Check{HTTP: "http://" + at + "/h", Interval: "10s"}, []string{`"PUT" is neither GET nor HEAD`, "-allow-check-methods"}},
		{"one that the operator allows", httpEnv("SERVICE_CHECK_HTTP_METHOD=PUT"), []flags{func(o *Options) { o.AllowCheckMethods = true }}, &Check{HTTP: "http://" + at + "/h", Method: "PUT", Interval: "10s"}, nil},
		{"a method that is none", httpEnv("SERVICE_CHECK_HTTP_METHOD=GET /"), nil, &Check{HTTP: "http://" + at + "/h", Interval: "10s"}, []string{"no HTTP method"}},
		{"headers", httpEnv(`SERVICE_CHECK_HEADER={"X-A":["1","2"],"X-B":"3"}`), nil,
			&Check{HTTP: "http://" + at + "/h", Interval: "10s", Header: map[string][]string{"X-A": {"1", "2"}, "X-B": {"3"}}}, nil},
		{"a header with a line break", httpEnv(`SERVICE_CHECK_HEADER={"X-A":"1\r\nX: y","B C":"1","D":7,"E":"5"}`), nil,
			&Check{HTTP: "http://" + at + "/h", Interval: "10s", Header: map[string][]string{"E": {"5"}}}, []string{`"X-A"`, `"B C"`, `"D"`}},
		{"headers that are no object", httpEnv(`SERVICE_CHECK_HEADER=X: y`), nil, &Check{HTTP: "http://" + at + "/h", Interval: "10s"}, []string{"no JSON object"}},
		{"bad durations and status", httpEnv("SERVICE_CHECK_INTERVAL=15", "SERVICE_CHECK_TIMEOUT=-1s", "SERVICE_CHECK_DEREGISTER_AFTER=soon", "SERVICE_CHECK_INITIAL_STATUS=up"), nil,
			&Check{HTTP: "http://" + at + "/h", Interval: "10s"}, []string{"_INTERVAL", "_TIMEOUT", "_AFTER", "_STATUS", "10s is used"}},
		{"good durations and status", httpEnv("SERVICE_CHECK_INTERVAL=15s", "SERVICE_CHECK_DEREGISTER_AFTER=10m", "SERVICE_CHECK_INITIAL_STATUS=warning"), nil,
			&Check{HTTP: "http://" + at + "/h", Interval: "15s", DeregisterAfter: "10m", Status: "warning"}, nil},
		{"tcp", []string{"SERVICE_CHECK_TCP=false"}, nil, &Check{TCP: at, Interval: "10s"}, nil},
		{"tcp over IPv6", []string{"SERVICE_CHECK_TCP=1"}, []flags{ip("2001:db8::1")}, &Check{TCP: "[2001:db8::1]:8080", Interval: "10s"}, nil},
		{"grpc", []string{"SERVICE_CHECK_GRPC=1", "SERVICE_CHECK_GRPC_USE_TLS=1", "SERVICE_CHECK_TLS_SKIP_VERIFY=1"}, nil,
			&Check{GRPC: at, Interval: "10s", GRPCUseTLS: true, TLSSkipVerify: true}, nil},
		{"ttl", []string{"SERVICE_CHECK_TTL=30s"}, nil, &Check{TTL: "30s"}, nil},
		{"a ttl that is none", []string{"SERVICE_CHECK_TTL=30"}, nil, nil, []string{"SERVICE_CHECK_TTL"}},
		{"script, not allowed", []string{"SERVICE_CHECK_SCRIPT=true"}, nil, nil, []string{"-allow-script-checks"}},
		{"cmd, not allowed", []string{"SERVICE_CHECK_CMD=true"}, nil, nil, []string{"-allow-script-checks"}},
		{"script is split into words", []string{`SERVICE_CHECK_SCRIPT=curl -s "http://$SERVICE_IP:$SERVICE_PORT/a b" '$HOME'`}, []flags{scripts},
			&Check{Script: []string{"curl", "-s", "http://192.168.1.102:8080/a b", "$HOME"}, Interval: "10s"}, nil},
		{"a pipe needs a shell", []string{"SERVICE_CHECK_SCRIPT=nc $SERVICE_IP $SERVICE_PORT | grep OK"}, []flags{scripts}, nil, []string{"needs a shell"}},
		{"a substitution is not run", []string{"SERVICE_CHECK_SCRIPT=echo $(id)`id`$HOME"}, []flags{scripts}, &Check{Script: []string{"echo", "$(id)`id`$HOME"}, Interval: "10s"}, nil},
		{"an open quote", []string{"SERVICE_CHECK_SCRIPT=echo 'x"}, []flags{scripts}, nil, []string{"split into words"}},
		{"cmd", []string{"SERVICE_CHECK_CMD=true x"}, []flags{scripts}, &Check{Script: []string{"check-cmd", "01cafecafeca", "80", "true x"}, Interval: "10s"}, nil},
		{"status alone is no check", []string{"SERVICE_CHECK_INITIAL_STATUS=passing"}, nil, nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, complaints := own(containerWith(tc.env), nil, tc.flags...)
			var want []Check
			if tc.want != nil {
				tc.want.NoRedirects = tc.want.HTTP != ""
				want = []Check{*tc.want}
			}
			if len(got) != 1 || !reflect.DeepEqual(got[0].Checks, want) {
				t.Errorf("got %+v\nwant checks %+v", got, want)
			}
			if len(got) == 1 && given(got[0]) != nil {
				t.Errorf("meta: %v", got[0].Meta)
			}
			wantComplaint(t, complaints, tc.complaint...)
		})
	}
}

func containerWith(lines []string) Container { return webContainer(env(lines...)) }

func TestHealthcheckMirror(t *testing.T) {
	health := func(status, output string) func(*Container) {
		return func(c *Container) { c.HasHealthcheck, c.State.Health = true, Health{status, output} }
	}
	for status, want := range map[string]string{"starting": "critical", "healthy": "passing", "unhealthy": "critical", "": "critical"} {
		c := webContainer(env("SERVICE_CHECK_TCP=1"), health(status, "line\r\none\x00"+strings.Repeat("x", 5000)))
		got, _ := own(c, nil)
		if len(got) != 1 || len(got[0].Checks) != 2 {
			t.Fatalf("%q: got %+v", status, got)
		}
		m := got[0].Checks[1]
		if m.ID != MirrorID(got[0].ID) || m.TTL != "24h" || m.Status != want || len(m.Output) > maxOutput || flaw(m.Output) != "" {
			t.Errorf("%q: mirror %+v, want status %s", status, m, want)
		}
		if other, _ := Desired(c, nil, options(CompatHEAD)); len(other[0].Checks) != 1 {
			t.Errorf("%q: head mode mirrors: %+v", status, other)
		}
	}
	none := webContainer(health("none", ""))
	none.HasHealthcheck = false
	for _, c := range []Container{webContainer(), none} {
		if got, _ := own(c, nil); len(got[0].Checks) != 0 {
			t.Errorf("a mirror of nothing: %+v", got[0].Checks)
		}
	}
	two, _ := own(webContainer(twoPorts, health("healthy", "")), nil)
	if two[0].Checks[0].ID == two[1].Checks[0].ID {
		t.Errorf("two registrations share the check ID %q", two[0].Checks[0].ID)
	}
}

func TestOwnMeta(t *testing.T) {
	lines := []string{"SERVICE_REGION=eu", "SERVICE_EMPTY=", "SERVICE_CHECK_HTTP=/h", "SERVICE_DB_PASSWORD=hunter2", "SERVICE_API_TOKEN=hunter2",
		"SERVICE_SSH_KEY=hunter2", "SERVICE_A.B=1", "SERVICE_=1", "SERVICE_CONSUL-X=1", "SERVICE_POINTSMAN=1", "SERVICE_POINTSMAN-CONTAINER=1",
		"SERVICE_LONG=" + strings.Repeat("v", 513), "SERVICE_" + strings.Repeat("K", 129) + "=1", "SERVICE_LINES=a\nb", "SERVICE_BAD=\xff",
		"SERVICE_FITS=" + strings.Repeat("v", 512), "SERVICE_IP=", "SERVICE_PORT=", "SERVICE_NETWORK=", "SERVICE_WEIGHT="}
	got, complaints := own(webContainer(env(lines...)), nil)
	want := map[string]string{"region": "eu", "empty": "", "fits": strings.Repeat("v", 512)}
	if len(got) != 1 || !reflect.DeepEqual(given(got[0]), want) {
		t.Errorf("got %+v\nwant meta %v", got, want)
	}
	wantComplaint(t, complaints, "SERVICE_DB_PASSWORD", "secret", "SERVICE_A.B", "reserved", "512 bytes", "128 bytes", "control character", "UTF-8")
	if strings.Contains(complaints, "hunter2") {
		t.Errorf("a secret in the log: %s", complaints)
	}
	var many []string
	for i := range 100 {
		many = append(many, "SERVICE_M"+strings.Repeat("x", i)+"=1")
	}
	got, complaints = own(webContainer(env(many...)), nil)
	if len(got[0].Meta) != maxMetaPairs {
		t.Errorf("%d meta pairs", len(got[0].Meta))
	}
	wantComplaint(t, complaints, "more than 60 meta pairs")
	if got[0].Meta[outside.MetaPort] != "" {
		t.Errorf("no room is left, and yet: %v", got[0].Meta)
	}
}

// given is the meta that variables asked for.
func given(r Registration) (out map[string]string) {
	for key, value := range r.Meta {
		if strings.HasPrefix(key, ourMetaPrefix) {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[key] = value
	}
	return out
}

// Readers of the catalogue find what the container is. Consul refuses a registration with a value too long, whatever Docker took.
func TestMetaDescribesTheContainer(t *testing.T) {
	long := strings.Repeat("é", 256) + "é"
	c := webContainer(twoPorts, image("shop.example/acme/web:1.4@sha256:abc"), label(composeProject, "shop"), label(composeService, long),
		env("SERVICE_POINTSMAN-PORT=8500", "SERVICE_REGION=eu"))
	got, complaints := own(c, nil)
	for i, port := range []string{"80", "443"} {
		want := map[string]string{"pointsman-port": port, "pointsman-image": "shop.example/acme/web:1.4@sha256:abc", "pointsman-name": "web1", "pointsman-project": "shop",
			"pointsman-service": strings.Repeat("é", 256), "region": "eu"}
		if len(got) != 2 || !reflect.DeepEqual(got[i].Meta, want) {
			t.Errorf("got %+v\nwant meta %v", got, want)
		}
	}
	wantComplaint(t, complaints, "reserved")
	c = webContainer(image("a\nb"), label(composeProject, "\xff"))
	if got, _ := own(c, nil); !reflect.DeepEqual(got[0].Meta, map[string]string{"pointsman-port": "80", "pointsman-name": "web1"}) {
		t.Errorf("%+v", got)
	}
	for _, mode := range []Compat{CompatHEAD, CompatV7} {
		if got, _ := Desired(webContainer(), nil, options(mode)); got[0].Meta != nil {
			t.Errorf("-compat: %v", got[0].Meta)
		}
	}
}

// What an older version registered is registered again once, and then it is as it should be.
func TestMetaOfAnOlderVersion(t *testing.T) {
	c := webContainer(env("SERVICE_REGION=eu"))
	got, _ := own(c, nil)
	old := Held{Registration: got[0], Digest: Digest(got[0].Checks)}
	old.Meta = given(got[0])
	plan := func(h Held) Steps {
		return Plan(Claims(c, got), map[string]Held{got[0].ID: h}, Scope{Host: "dockerhost"})
	}
	if s := plan(old); len(s.Register) != 1 || len(s.Deregister)+len(s.Complaints) != 0 {
		t.Errorf("%+v", s)
	}
	if s := plan(Held{Registration: got[0], Digest: Digest(got[0].Checks)}); !reflect.DeepEqual(s, Steps{}) {
		t.Errorf("%+v", s)
	}
}

// FuzzCheckURL: whatever the path says, the check goes to the given host and port.
func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{"/", "", "@x/", "//x", "?", "#", "/%zz", ":1/", "\\x", "/a b", "/[::1]", "http://x/", "/%2e%2e/", "/é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if flaw(path) != "" {
			return
		}
		u, err := url.Parse(checkURL("http", "10.0.0.1:80", path))
		if err != nil {
			t.Fatalf("%q: %v", path, err)
		}
		if u.Host != "10.0.0.1:80" || u.User != nil || u.Scheme != "http" || u.Fragment != "" {
			t.Fatalf("%q went to %s", path, u)
		}
	})
}

func TestJSONValue(t *testing.T) {
	text := `{"a":{"b":"x\"y","n":7,"l":[{"k":"v"}]}}`
	for path, want := range map[string]string{"a::b": `x\"y`, "a::n": "7", "a::l::[0]::k": "v", "a::l": `[{"k":"v"}]`, "a::z": "", "a::b::c": "", "a::l::[1]": "", "a::l::[x]": ""} {
		if got := jsonValue([]byte(text), path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if got := jsonValue([]byte("{"), "a"); got != "" {
		t.Errorf("broken JSON gave %q", got)
	}
}
