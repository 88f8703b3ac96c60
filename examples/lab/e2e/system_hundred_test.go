package e2e

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// hundred is examples/hundred while it runs.
type hundred struct {
	t     *testing.T
	dir   string
	name  string // of the containers, in front of their number
	first int    // the port of the host below the first container's
	env   []string
	admin string
	proxy *caller
}

const pingPath = "/api/v1/ping"

// Example 4: ten containers from a script, and a hundred in the long rounds; rotation, one log, and the drills.
func TestSystemHundred(t *testing.T) {
	t.Parallel()
	makes(t, "apps")
	for name, find := range composes() {
		t.Run(name, func(t *testing.T) { hundredTimes(t, find(t), 10) })
	}
	if !lab.Long() {
		return
	}
	t.Run("a hundred", func(t *testing.T) { hundredTimes(t, composeV2(t), 100) })
	t.Run("with Consul", func(t *testing.T) {
		consul := lab.StartConsul(t)
		hundredTimes(t, composeV2(t), 10, "CONSUL="+consul.HTTP)
		if n := consul.Named("todo"); n != 0 {
			t.Errorf("%d of todo are still registered", n)
		}
	})
}

func hundredTimes(t *testing.T, c *compose, n int, env ...string) {
	h := startHundred(t, c, n, env...)
	for _, part := range []struct {
		name string
		do   func()
	}{
		{"create", func() { h.script("create.sh", fmt.Sprint(n)); h.settles(n) }},
		{"rotation", func() { h.rotates(n) }},
		{"databases", h.leavesDatabasesAlone},
		{"logs", func() { h.logsToOneFile(n) }},
		{"failover", func() { h.failsOver(n) }},
		{"failfast", func() { h.failsFast(n) }},
		{"failback", func() { h.failsBack(n) }},
		{"failsafe", h.failsSafe},
		{"stop", func() { h.losesNoneToAStop(n) }},
		{"delete", h.deletes},
	} {
		begun := time.Now()
		part.do()
		t.Logf("%s: %s", part.name, time.Since(begun).Round(time.Millisecond))
	}
}

// deletes removes all but two, and then these.
func (h *hundred) deletes() {
	h.t.Helper()
	h.script("delete.sh", "2")
	h.settles(2)
	h.rotates(2)
	h.script("delete.sh")
	h.settles(0)
	if a := h.proxy.get("", pingPath); a.status != 503 || !strings.Contains(a.body, "Be right back") {
		h.t.Errorf("all are deleted: %d %s", a.status, a.body)
	}
}

func startHundred(t *testing.T, c *compose, n int, env ...string) *hundred {
	h := &hundred{t: t, dir: copyOf(t, "hundred"), name: fmt.Sprintf("todo%d-%d-%d", os.Getpid(), c.version, n), first: lab.FreePorts(t, n) - 1}
	proxy, admin := fmt.Sprint(lab.FreePort(t)), fmt.Sprint(lab.FreePort(t))
	h.admin, h.proxy = "127.0.0.1:"+admin, newCaller(t, "127.0.0.1:"+proxy, time.Minute)
	// By the bridge's address the kernel itself leads to a container: connections meet the container, and no program between.
	h.env = append(env, "TODO_NAME="+h.name, fmt.Sprintf("TODO_PORT=%d", h.first), "PROXY_PORT="+proxy, "ADMIN_PORT="+admin, "HOST_IP="+bridgeAddress(t))
	h.givesTime()
	c.use(h.dir, "hundred", h.env...)
	lab.Undo(t, hundredRemains(h.name))
	t.Cleanup(func() { _ = exec.Command("sh", "-c", hundredRemains(h.name)).Run() })
	c.do("up", "-d")
	lab.Eventually(t, time.Minute, "the proxy is ready", func() bool { return usable(h.admin, "other.localhost", "/") >= 0 })
	return h
}

// givesTime lets instances take longer to answer than the example's routes do, outside the long rounds: on a busy machine a good one may need
// more than 300 ms.
func (h *hundred) givesTime() {
	h.t.Helper()
	if lab.Long() {
		return
	}
	file := filepath.Join(h.dir, "routes/todo")
	text, err := os.ReadFile(file)
	if err == nil {
		text = regexp.MustCompile(`answer-timeout=\w+`).ReplaceAll(text, []byte("answer-timeout=2s"))
		err = os.WriteFile(file, regexp.MustCompile(`connect-timeout=\w+`).ReplaceAll(text, []byte("connect-timeout=1s")), 0o644)
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// bridgeAddress is the host's own on Docker's default bridge.
func bridgeAddress(t *testing.T) string {
	t.Helper()
	bridge, err := net.InterfaceByName("docker0")
	if err != nil {
		t.Fatal(err)
	}
	addresses, err := bridge.Addrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil {
			return n.IP.String()
		}
	}
	t.Fatalf("docker0 has no IPv4 address: %v", addresses)
	return ""
}

// script runs one of the example's scripts.
func (h *hundred) script(name string, args ...string) {
	h.t.Helper()
	cmd := exec.Command("./"+name, args...)
	cmd.Dir, cmd.Env = h.dir, append(os.Environ(), h.env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		h.t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
}

func (h *hundred) settles(n int) {
	h.t.Helper()
	lab.Eventually(h.t, time.Minute, fmt.Sprintf("%d usable instances", n), func() bool { return usable(h.admin, "", "/") == n })
}

// pings asks n times over one connection, and counts who answers. Any other answer than a good one is an error of the test.
func (h *hundred) pings(host string, n int) map[string]int {
	h.t.Helper()
	all := map[string]int{}
	for range n {
		a, err := h.proxy.try("GET", host, pingPath, "")
		name, ok := strings.CutPrefix(a.body, `{"message": "pong", "host": "`)
		if err != nil || a.status != 200 || !ok {
			h.t.Errorf("%s: %d %q %v", host, a.status, a.body, err)
			continue
		}
		all[strings.TrimSuffix(name, "\"}\n")]++
	}
	return all
}

// rotates waits until each has the same number of answers: one that was tried before it listened is left out for a moment.
func (h *hundred) rotates(n int) {
	h.t.Helper()
	var got map[string]int
	if !lab.Within(time.Minute, func() bool {
		got = h.round(n)
		for i := 1; i <= n; i++ {
			if got[fmt.Sprintf("%s-%d", h.name, i)] != 3 {
				return false
			}
		}
		return true
	}) {
		h.t.Errorf("over one connection, %d requests, each should have 3: %v", 3*n, got)
	}
}

// round sends three requests for each, by a client with one connection.
func (h *hundred) round(n int) map[string]int {
	h.t.Helper()
	h.proxy.client.CloseIdleConnections()
	before := h.proxy.connected.Load()
	got := h.pings("", 3*n)
	if made := h.proxy.connected.Load() - before; made != 1 {
		h.t.Errorf("the client made %d connections, not one", made)
	}
	return got
}

// leavesDatabasesAlone checks that MySQL's and Redis's places are found by the containers, and not by the proxy's clients.
func (h *hundred) leavesDatabasesAlone() {
	h.t.Helper()
	lab.Eventually(h.t, 10*time.Second, "MySQL and Redis answer an instance", func() bool {
		return strings.Contains(h.proxy.get("", "/api/v1/status").body, `{"mysql": "5.7.44-standin", "redis": "+PONG",`)
	})
	for _, name := range []string{"mysql", "redis"} {
		if n := usable(h.admin, name+".localhost", "/"); n != -1 {
			h.t.Errorf("%s has a route, of %d usable instances", name, n)
		}
		h.proxy.get(name+".localhost", pingPath)
		out, err := exec.Command("docker", "logs", h.name+"-"+name).Output()
		if err != nil || bytes.Contains(out, []byte("HTTP")) {
			h.t.Errorf("%s received: %s %v", name, out, err)
		}
	}
	if usable(h.admin, "sorry.localhost", "/") != 1 {
		h.t.Error("a service without a tag has no route")
	}
}

// log is the access log.
func (h *hundred) log() string {
	h.t.Helper()
	text, err := os.ReadFile(filepath.Join(h.dir, "log/access.log"))
	if err != nil {
		h.t.Fatal(err)
	}
	return string(text)
}

// logsToOneFile checks that each request so far is a line, and that all instances are in it.
func (h *hundred) logsToOneFile(n int) {
	h.t.Helper()
	want := int(h.proxy.sent.Load())
	if !lab.Within(lab.Patient(5*time.Second), func() bool { return strings.Count(h.log(), "\n") == want }) {
		h.t.Errorf("%d lines in the access log after %d requests", strings.Count(h.log(), "\n"), want)
	}
	for i := 1; i <= n; i++ {
		if !strings.Contains(h.log(), fmt.Sprintf(":%d 200\n", h.first+i)) {
			h.t.Errorf("the access log has no answer of port %d", h.first+i)
		}
		lab.Eventually(h.t, 5*time.Second, fmt.Sprintf("the containers' log has a line of number %d", i), func() bool {
			text, err := os.ReadFile(filepath.Join(h.dir, "log/todo.log"))
			return err == nil && strings.Contains(string(text), fmt.Sprintf(" %s-%d GET %s\n", h.name, i, pingPath))
		})
	}
}

// losesNoneToAStop is the client that asks ten times while a container is stopped, and then while one is killed.
func (h *hundred) losesNoneToAStop(n int) {
	h.t.Helper()
	for i, how := range []string{"stop", "kill"} {
		done := make(chan error, 1)
		go func() { done <- exec.Command("docker", how, fmt.Sprintf("%s-%d", h.name, n-i)).Run() }()
		for range 10 {
			h.pings("", 1)
			time.Sleep(100 * time.Millisecond)
		}
		if err := <-done; err != nil {
			h.t.Errorf("docker %s: %v", how, err)
		}
	}
}
