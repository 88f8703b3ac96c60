package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// silentConsul answers every request with status, and counts those for the leader.
func silentConsul(t *testing.T, status int) (address string, pings *atomic.Int64) {
	t.Helper()
	pings = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/status/leader" {
			pings.Add(1)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte("{}"))
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://"), pings
}

func TestRegistratorCommandLine(t *testing.T) {
	const uri = "consul://127.0.0.1:1"
	cases := []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "Missing required argument for registry URI."},
		{[]string{uri, "-internal"}, 2, "Options should come before the registry URI argument."},
		{[]string{"-version"}, 2, "flag provided but not defined: -version"},
		{[]string{"--version", uri}, 2, "flag provided but not defined: -version"},
		{[]string{"-nonsense", uri}, 2, "flag provided but not defined: -nonsense"},
		{[]string{"-resync", "x", uri}, 2, "-resync"},
		{[]string{"-ttl", "10", uri}, 1, "-ttl and -ttl-refresh must be specified together or not at all"},
		{[]string{"-ttl-refresh", "10", uri}, 1, "-ttl and -ttl-refresh must be specified together or not at all"},
		{[]string{"-ttl", "10", "-ttl-refresh", "10", uri}, 1, "-ttl must be greater than -ttl-refresh"},
		{[]string{"-deregister", "sometimes", uri}, 1, "-deregister must be"},
		{[]string{"-resync", "-1", "x://y"}, 1, "consul-unix"}, // never, there
		{[]string{"-retry-interval", "0", uri}, 1, "-retry-interval must be greater than 0"},
		{[]string{"-retry-interval", "-5", uri}, 1, "-retry-interval must be greater than 0"},
		{[]string{"127.0.0.1:8500"}, 1, "consul://"},
		{[]string{"etcd://127.0.0.1:2379/x"}, 1, "consul-unix"},
		{[]string{"consulkv://127.0.0.1:8500/x"}, 1, "consul-unix"},
		{[]string{"-compat", "v9", uri}, 2, "head, v7"},
		{[]string{"-tags", "a,{{ nope }}", uri}, 1, `function \"nope\" not defined`},
		{[]string{"-compat", "head", "-tags", "{{ .ID", uri}, 1, "-tags"},
		{[]string{"-compat", "v7", "-tags", "{{ .ID", "x://y"}, 1, "consul-unix"}, // plain text there
		{[]string{"-tags", `{{ toUpper "a" }}`, "x://y"}, 1, "consul-unix"},
		{[]string{"-internal=true", "--cleanup", "-ip=10.0.0.1", "CONSUL://127.0.0.1:1"}, 1, "Forcing host IP to"},
		{[]string{"-internal", "-ip", "10.0.0.1", uri}, 1, "-ip has no effect with -internal"},
	}
	for _, c := range cases {
		o := execute(t, called, nil, c.args...)
		if o.code != c.code || !strings.Contains(o.stderr, c.want) {
			t.Errorf("%v: code %d, want %d and %q in: %s", c.args, o.code, c.code, c.want, o.stderr)
		}
	}
	if o := execute(t, called, nil, "-tags", "{{\n nope }}", uri); strings.Count(o.stderr, "\n") != 1 || strings.Contains(o.stderr, "Starting") {
		t.Errorf("not one line about a bad template: %s", o.stderr)
	}
}

// N retries are N+1 pings, and the end is exit code 1; less than -1 skips the ping.
func TestRegistratorCountsPings(t *testing.T) {
	for _, c := range []struct {
		retries string
		pings   int64
	}{{"0", 1}, {"2", 3}, {"-2", 0}} {
		address, pings := silentConsul(t, 500)
		o := execute(t, called, []string{"DOCKER_HOST=unix:///nonexistent.sock"},
			"-retry-attempts", c.retries, "-retry-interval", "20", "consul://"+address)
		if o.code != 1 || pings.Load() != c.pings {
			t.Errorf("-retry-attempts %s: code %d, %d pings, want 1 and %d: %s", c.retries, o.code, pings.Load(), c.pings, o.stderr)
		}
	}
}

func TestRegistratorEndsWhenDockerDoesNotAnswerAtStart(t *testing.T) {
	address, pings := silentConsul(t, 200)
	o := execute(t, called, []string{"DOCKER_HOST=unix:///nonexistent.sock", "CONSUL_HTTP_ADDR=" + address}, "consul:")
	if o.code != 1 || pings.Load() != 1 {
		t.Errorf("code %d, %d pings: %s", o.code, pings.Load(), o.stderr)
	}
}

func TestSecretsOfTheURIAreNotLogged(t *testing.T) {
	const secret = "s3cr3t-marker"
	o := execute(t, called, []string{"CONSUL_HTTP_TOKEN=" + secret}, "-log-level", "debug", "consul://user:"+secret+"@127.0.0.1:1/?token="+secret)
	if o.code != 1 || strings.Contains(o.stderr, secret) {
		t.Errorf("code %d: %s", o.code, o.stderr)
	}
}
