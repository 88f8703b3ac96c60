package consul

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/registrator"
)

// hostileContainer is a container whose port 80 is published at address (host:port), with these labels.
func hostileContainer(t *testing.T, address string, labels map[string]string) registrator.Container {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return registrator.Container{
		ID: fmt.Sprintf("%064x", 1), Name: "/hostile", Image: "hostile", Exposed: []string{"80/tcp"}, Labels: labels,
		Ports:       map[string][]registrator.Binding{"80/tcp": {{HostIP: host, HostPort: port}}},
		NetworkMode: "default", State: registrator.State{Status: "running", Running: true, StartedAt: time.Unix(1, 0)},
	}
}

// An agent believes whoever speaks from its own host. A container's check must not make it speak to itself.
func TestACheckDoesNotReachTheAgent(t *testing.T) {
	address := realAgent(t)
	agent, err := NewAgent(Options{Config: Config{Address: address}})
	if err != nil {
		t.Fatal(err)
	}
	const api = "/v1/agent/service/deregister/victim"
	var asked atomic.Int64
	hostile := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Redirect(w, r, "http://"+address+api, http.StatusTemporaryRedirect)
	}))
	defer hostile.Close()
	_, agentPort, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	for name, labels := range map[string]map[string]string{
		"by a redirect": {"SERVICE_CHECK_HTTP": "/"},
		"by its port":   {"SERVICE_CHECK_HTTP": api, "SERVICE_PORT": agentPort},
	} {
		t.Run(name, func(t *testing.T) {
			for _, method := range []string{"PUT", "GET"} {
				labels["SERVICE_CHECK_HTTP_METHOD"], labels["SERVICE_CHECK_INTERVAL"] = method, "1s"
				repelled(t, agent, hostileContainer(t, hostile.Listener.Addr().String(), labels), &asked)
			}
		})
	}
}

// repelled registers a container beside a victim, and lets its check be asked twice.
func repelled(t *testing.T, agent *Agent, c registrator.Container, asked *atomic.Int64) {
	t.Helper()
	port, err := strconv.Atoi(c.Ports["80/tcp"][0].HostPort)
	if err != nil {
		t.Fatal(err)
	}
	if err := agent.Register(t.Context(), registrator.Registration{ID: "victim", Name: "victim", Port: 1}); err != nil {
		t.Fatal(err)
	}
	wanted, _ := registrator.Desired(c, nil, registrator.Options{Host: "h", HostIP: "127.0.0.1"})
	if len(wanted) != 1 || wanted[0].Port != port {
		t.Errorf("wanted %+v, with the published port %d", wanted, port)
	}
	for _, r := range wanted {
		if err := agent.Register(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	enough := asked.Load() + 2
	for end := time.Now().Add(time.Minute); asked.Load() < enough && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if held, err := agent.Held(t.Context()); err != nil || held["victim"].Name != "victim" {
			t.Fatalf("the check made the agent deregister another service (%v)", err)
		}
	}
	if asked.Load() < enough {
		t.Error("the check was not asked")
	}
}
