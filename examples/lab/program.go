package lab

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Program is a running pointsman.
type Program struct {
	*Process
	Proxy, Admin, Status string // host:port; "" where the sub-command has none
}

// StartRegistrator starts `pointsman registrator` with options before the URI of a Consul. docker is the path of a socket, or a
// DOCKER_HOST with its scheme.
func StartRegistrator(t testing.TB, bin string, docker string, consul string, options ...string) *Program {
	t.Helper()
	if !strings.Contains(docker, "://") {
		docker = "unix://" + docker
	}
	argv := append(append([]string{bin, "registrator"}, options...), "consul://"+consul)
	return &Program{Process: StartProcess(t, "registrator", []string{"DOCKER_HOST=" + docker}, argv...)}
}

// StartProxy starts `pointsman proxy` on free ports of loopback, and waits until it is ready when wait is set.
func StartProxy(t testing.TB, bin, consul string, wait bool, options ...string) *Program {
	t.Helper()
	address := func() string { return fmt.Sprintf("127.0.0.1:%d", FreePort(t)) }
	p := &Program{Proxy: address(), Admin: address(), Status: address()}
	argv := append([]string{bin, "proxy", "-listen", p.Proxy, "-admin", p.Admin, "-status", p.Status, "-consul", consul}, options...)
	p.Process = StartProcess(t, "proxy", nil, argv...)
	if wait {
		p.AwaitReady(t, 15*time.Second)
	}
	return p
}

// AwaitReady waits until /readyz says yes.
func (p *Program) AwaitReady(t testing.TB, limit time.Duration) {
	t.Helper()
	Eventually(t, limit, "the proxy is ready", func() bool {
		if !p.Running() {
			t.Fatalf("the proxy ended: %s", tail(p.Output(), 2000))
		}
		return p.Ready()
	})
}

// Ready asks /readyz.
func (p *Program) Ready() bool {
	resp, err := http.Get("http://" + p.Admin + "/readyz")
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// Ask decodes an answer of the admin API.
func (p *Program) Ask(path string, to any) error {
	resp, err := http.Get("http://" + p.Admin + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(to)
}

// Metrics is the text of /metrics.
func (p *Program) Metrics() string {
	resp, err := http.Get("http://" + p.Admin + "/metrics")
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	return string(text)
}
