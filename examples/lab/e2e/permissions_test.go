package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// The permissions that the page names are enough, and each of its lines is needed.

const masterToken = "11111111-2222-3333-4444-555555555555"

// policies are the rules of permissions.md, line by line: the registrator's and the proxy's.
func policies(t *testing.T) (registrator, proxy []string) {
	t.Helper()
	var all [][]string
	for _, f := range fences(t, lab.PageFile("permissions")) {
		if f.kind == "hcl" {
			all = append(all, strings.Split(f.text, "\n"))
		}
	}
	if len(all) != 2 {
		t.Fatalf("permissions.md has %d policies, want the registrator's and the proxy's", len(all))
	}
	return all[0], all[1]
}

// strict is a Consul that denies by default. The test's own questions, without a token, may do everything.
func strict(t *testing.T) *lab.Consul {
	t.Helper()
	return lab.StartConsul(t, map[string]any{"acl": map[string]any{"enabled": true, "default_policy": "deny",
		"tokens": map[string]any{"initial_management": masterToken, "agent": masterToken, "default": masterToken}}})
}

// token makes a policy of the rules and a token for it. The following programs of the test use it.
func token(t *testing.T, c *lab.Consul, n int, rules []string) {
	t.Helper()
	name := fmt.Sprintf("policy%d", n)
	secret := fmt.Sprintf("aaaaaaaa-2222-3333-4444-%012d", n)
	if err := c.Put("/v1/acl/policy", map[string]any{"Name": name, "Rules": strings.Join(rules, "\n")}); err != nil {
		t.Fatal(err)
	}
	if err := c.Put("/v1/acl/token", map[string]any{"SecretID": secret, "Policies": []any{map[string]any{"Name": name}}}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CONSUL_HTTP_TOKEN", secret)
}

// without is the rules with one line left out.
func without(rules []string, i int) []string {
	return append(append([]string{}, rules[:i]...), rules[i+1:]...)
}

func TestRegistratorsPolicyIsEnoughAndNeeded(t *testing.T) {
	rules, _ := policies(t)
	docker, consul := lab.FindDocker(t), strict(t)
	name := fmt.Sprintf("acl%d", os.Getpid())
	// A HEALTHCHECK of its own needs the most: a check that the registrator keeps by itself.
	id := docker.Run("-e", "SERVICE_NAME="+name, "--health-cmd", "exit 0", docker.WebImage())
	start := func(n int, rules []string) *lab.Program {
		token(t, consul, n, rules)
		return lab.StartRegistrator(t, bin, docker.Socket, consul.HTTP, "-internal", "-retry-attempts", "-1")
	}
	for i := range rules {
		p := start(10+i, without(rules, i))
		if !p.Says(10*time.Second, "denied") {
			t.Errorf("without %q the registrator does not say that it is denied", rules[i])
		}
		if n := consul.Named(name); n != 0 {
			t.Errorf("registered %d without %q", n, rules[i])
		}
		p.Kill()
	}
	p := start(1, rules)
	lab.Eventually(t, 10*time.Second, "registered with the page's policy", func() bool { return consul.Named(name) == 1 })
	docker.Remove(id)
	lab.Eventually(t, 10*time.Second, "deregistered with the page's policy", func() bool { return consul.Named(name) == 0 })
	if strings.Contains(p.Output(), "denied") {
		t.Errorf("with the page's policy something is denied: %s", p.Output())
	}
}

// answers says whether a host leads to an answer of 200.
func answers(p *lab.Program, host string, limit time.Duration) bool {
	request, _ := http.NewRequest(http.MethodGet, "http://"+p.Proxy+"/", nil)
	request.Host = host
	return lab.Within(limit, func() bool {
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

// startFigure is the count of starts that were measured, where there are some.
var startFigure = regexp.MustCompile(`start_to_first_answer_seconds_count\{part="total"\} [1-9]`)

// edge is whether everything of a proxy works: a route, one in KV, its own registration, and the figure of a container's start.
func (s *site) edge(t *testing.T, limit time.Duration) string {
	p := lab.StartProxy(t, bin, s.consul.HTTP, false, "-register", "edge")
	defer func() { _ = p.Stop(10 * time.Second) }()
	if !lab.Within(limit, p.Ready) {
		return "ready"
	}
	id, err := s.start()
	if err != nil {
		t.Fatal(err)
	}
	defer s.docker.Remove(id)
	if !answers(p, s.host(), limit) {
		return "a routed answer"
	}
	if !answers(p, "kv.test", limit) {
		return "a route of the KV store"
	}
	if !lab.Within(limit, func() bool { return s.consul.Passing("edge") == 1 }) {
		return "its own registration"
	}
	if !lab.Within(limit, func() bool { return startFigure.MatchString(p.Metrics()) }) {
		return "the start figure"
	}
	if lab.Within(2*time.Second, func() bool { return strings.Contains(p.Output(), "denied") }) { // what it says of the store may come after all else works
		return "nothing denied: " + p.Output()
	}
	return ""
}

func TestProxysPolicyIsEnoughAndNeeded(t *testing.T) {
	_, rules := policies(t)
	consul := strict(t)
	token(t, consul, 1, []string{`service_prefix "" { policy = "write" }`})
	s := build(t, plan{name: "aclp", consul: consul, noProxy: true})
	if err := consul.PutKey("pointsman/routes/acl", "kv.test/ service="+s.name); err != nil {
		t.Fatal(err)
	}
	token(t, consul, 2, rules)
	if missing := s.edge(t, lab.Patient(10*time.Second)); missing != "" {
		t.Errorf("with the page's policy the proxy lacks %s", missing)
	}
	for i, rule := range rules {
		token(t, consul, 10+i, without(rules, i))
		missing := s.edge(t, 2*time.Second)
		if missing == "" {
			t.Errorf("the page names %q, which nothing needs", rule)
		}
		t.Logf("without %q it lacks %s", rule, missing)
	}
}

// TestRegistratorNeedsOnlyToReadDocker: through a filter that lets the README's calls through, as a user without the socket.
func TestRegistratorNeedsOnlyToReadDocker(t *testing.T) {
	docker, consul := lab.FindDocker(t), lab.StartConsul(t)
	allowed := regexp.MustCompile(`^(/v[0-9.]+)?/(_ping|version|info|events|containers)(/|$)`)
	forward := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", "docker" },
		Transport: unixTransport(docker.Socket)}
	refused := make(chan string, 100)
	filter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if (r.Method != http.MethodGet && r.Method != http.MethodHead) || !allowed.MatchString(r.URL.Path) {
			select {
			case refused <- r.Method + " " + r.URL.Path:
			default:
			}
			w.WriteHeader(http.StatusForbidden)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	defer filter.CloseClientConnections()
	open := filepath.Join(t.TempDir(), "pointsman") // where an ordinary user may run it
	ordinary(t, open)
	name := fmt.Sprintf("filtered%d", os.Getpid())
	lab.StartProcess(t, "registrator", []string{"DOCKER_HOST=tcp://" + strings.TrimPrefix(filter.URL, "http://")},
		"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", open, "registrator", "-internal", "consul://"+consul.HTTP)
	id := docker.Run("-e", "SERVICE_NAME="+name, docker.WebImage())
	lab.Eventually(t, 10*time.Second, "registered", func() bool { return consul.Named(name) == 1 })
	docker.Do("stop", "-t", "3", id)
	lab.Eventually(t, 10*time.Second, "deregistered", func() bool { return consul.Named(name) == 0 })
	close(refused)
	for call := range refused {
		t.Errorf("the registrator asked Docker for %s", call)
	}
}

// ordinary copies the program to where another user can read it, and skips where this user can't become another one.
func ordinary(t *testing.T, path string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can run the registrator as another user")
	}
	if _, err := exec.LookPath("setpriv"); err != nil {
		t.Skip("no setpriv to run the registrator as another user")
	}
	for dir := filepath.Dir(path); dir != "/" && dir != os.TempDir(); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("install", "-m", "755", bin, path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func unixTransport(socket string) *http.Transport {
	return &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}}
}
