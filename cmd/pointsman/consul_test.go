package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// instance is an application that answers with its name.
func instance(t *testing.T, name string) (host string, port int) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, name) }))
	t.Cleanup(s.Close)
	return split(t, s.Listener.Addr().String())
}

func split(t *testing.T, address string) (host string, port int) {
	t.Helper()
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err = strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}

func put(t *testing.T, c *lab.Consul, name, host string, port int, tags ...string) {
	t.Helper()
	body := map[string]any{"ID": fmt.Sprint(name, "-", port), "Name": name, "Address": host, "Port": port, "Tags": tags}
	if err := c.Put("/v1/agent/service/register", body); err != nil {
		t.Fatal(err)
	}
}

func startProxy(t *testing.T, env []string, args ...string) (p *lab.Process, address, admin string) {
	t.Helper()
	args = append([]string{binary, "proxy", "-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0"}, args...)
	p = lab.StartProcess(t, "proxy", env, args...)
	return p, bound(t, p, "HTTP"), bound(t, p, "the admin API")
}

// answers waits until a host is answered with a status and a text.
func answers(t *testing.T, address, host string, code int, text string) {
	t.Helper()
	var got int
	var body string
	if !lab.Within(lab.Patient(10*time.Second), func() bool {
		got, body = withHost(address, host)
		return got == code && strings.Contains(body, text)
	}) {
		t.Fatalf("%s: want %d with %q, got %d %q", host, code, text, got, body)
	}
}

func TestProxyFollowsConsulAndRegistersItself(t *testing.T) {
	c := lab.StartConsul(t)
	host, port := instance(t, "one")
	put(t, c, "web", host, port, "urlprefix-web.example/")
	put(t, c, "plain", host, port) // asks for nothing, gets nothing
	p, address, admin := startProxy(t, nil, "-consul", c.HTTP, "-register", "edge", "-default-service", "fallback", "-drain-wait", "500ms")
	answers(t, address, "web.example", 200, "one")
	if _, text := status("http://" + admin + "/api/services"); strings.Contains(text, "plain") || !strings.Contains(text, "web") {
		t.Errorf("want web and not plain in %s", text)
	}
	other, otherPort := instance(t, "two")
	put(t, c, "fallback", other, otherPort)
	answers(t, address, "anything.example", 200, "two")
	lab.Eventually(t, 5*time.Second, "the proxy is registered and passing", func() bool { return c.Passing("edge") == 1 })

	// The proxy's own listeners are never upstreams, whatever the catalogue says.
	self, selfPort := split(t, address)
	put(t, c, "loop", self, selfPort, "urlprefix-loop.example/")
	side, sidePort := split(t, admin)
	put(t, c, "sidedoor", side, sidePort, "urlprefix-sidedoor.example/")
	answers(t, address, "loop.example", 503, "")
	answers(t, address, "sidedoor.example", 503, "")
	name, err := os.Hostname()
	if _, wrong := net.DialTimeout("tcp", net.JoinHostPort(name, fmt.Sprint(sidePort)), time.Second); err == nil && wrong == nil { // else it leads nowhere
		put(t, c, "byname", name, sidePort, "urlprefix-byname.example/")
		answers(t, address, "byname.example", 503, "")
	}

	if err := c.Put("/v1/agent/service/deregister/"+fmt.Sprint("web-", port), nil); err != nil {
		t.Fatal(err)
	}
	answers(t, address, "web.example", 503, "") // known, but down: not a 404, and not the default service
	p.Signal(syscall.SIGTERM)
	lab.Eventually(t, 10*time.Second, "the proxy is deregistered", func() bool { return c.Named("edge") == 0 })
	if err := p.Wait(20 * time.Second); err != nil {
		t.Errorf("%v: %s", err, p.Output())
	}
}

func TestProxyStartedBeforeConsulBecomesReadyWithoutARestart(t *testing.T) {
	c := lab.StartConsul(t)
	host, port := instance(t, "one")
	put(t, c, "web", host, port, "urlprefix-/")
	way := lab.Forward(t, c.HTTP)
	way.Down()
	_, address, admin := startProxy(t, nil, "-consul", way.Address)
	time.Sleep(300 * time.Millisecond)
	if code, text := status("http://" + admin + "/readyz"); code != 503 {
		t.Errorf("readyz without Consul: %d %s", code, text)
	}
	if code, text := status("http://" + admin + "/healthz"); code != 200 {
		t.Errorf("healthz without Consul: %d %s", code, text)
	}
	if o := execute(t, binary, nil, "health", "-admin", admin, "-ready"); o.code != 1 || !strings.Contains(o.stderr, "not ready") {
		t.Errorf("health -ready: %d %s", o.code, o.stderr)
	}
	answers(t, address, "x.example", 503, "")
	way.Up(t)
	answers(t, address, "x.example", 200, "one")
	if code, _ := status("http://" + admin + "/readyz"); code != 200 {
		t.Errorf("readyz with Consul: %d", code)
	}
}

func TestKilledProxyServesFromDiskWhileConsulIsAway(t *testing.T) {
	c := lab.StartConsul(t)
	host, port := instance(t, "one")
	put(t, c, "web", host, port, "urlprefix-/")
	file := filepath.Join(t.TempDir(), "state.json")
	p, address, _ := startProxy(t, nil, "-consul", c.HTTP, "-state", file)
	answers(t, address, "x.example", 200, "one")
	lab.Eventually(t, 5*time.Second, "the view is on disk", func() bool { return lab.Exists(file) })
	p.Kill()
	c.Kill()
	start := time.Now()
	_, address, _ = startProxy(t, nil, "-consul", c.HTTP, "-state", file)
	answers(t, address, "x.example", 200, "one")
	// A few tens of milliseconds; ten seconds where the first view were waited for.
	if took := time.Since(start); lab.Long() && took > 5*time.Second {
		t.Errorf("cold start to first answer took %s", took)
	}
}

// Neither the token for Consul nor the one for actions is ever seen.
func TestTokenIsNeitherLoggedNorShown(t *testing.T) {
	const secret = "b1946ac9-2492-d234-7c6d-235b4611184a"
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	c, state := lab.StartConsul(t), filepath.Join(t.TempDir(), "state.json")
	p, _, admin := startProxy(t, []string{"CONSUL_HTTP_TOKEN=" + secret}, "-consul", c.HTTP, "-log-level", "debug", "-register", "edge", "-admin-token", file, "-state", state)
	lab.Eventually(t, 10*time.Second, "consul has been asked", func() bool { return c.Passing("edge") == 1 || strings.Contains(p.Output(), "denied") })
	c.Kill()
	time.Sleep(500 * time.Millisecond) // errors are logged
	for _, path := range []string{"/metrics", "/api/services?load=1", "/api/routes", "/api/upstreams", "/api/notices", "/api/removals", "/api/openapi.json",
		"/api/history", "/api/history?text=1", "/api/status", "/api/drains", "/api/ejections", "/api/certificates", "/api/explain?url=edge.test/", "/api/explain?url=edge.test/&text=1", "/"} {
		if code, text := status("http://" + admin + path); code != 200 || strings.Contains(text, secret) {
			t.Errorf("%s: %d", path, code)
		}
	}
	if code, text := status("http://" + admin + "/api/actions"); code != 401 || strings.Contains(text, secret) {
		t.Errorf("the actions without the token: %d", code)
	}
	_ = p.Stop(10 * time.Second)
	if strings.Contains(p.Output(), secret) {
		t.Error("the token is in the log")
	}
	if text, err := os.ReadFile(state); err == nil && bytes.Contains(text, []byte(secret)) {
		t.Error("the token is in the view on disk")
	}
}
