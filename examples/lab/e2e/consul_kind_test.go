package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// A sidecar of Consul's mesh has the tags of its service, as Nomad copies them, and gets none of its traffic; nor does what is
// registered for a UDP port.
func TestConsulSidecarGetsNoTraffic(t *testing.T) {
	t.Parallel()
	agent := lab.StartConsul(t)
	s := &scene{t: t, name: "web"}
	app, sidecar := lab.StartUpstream(t, nil), lab.StartUpstream(t, nil)
	put := func(id, address string, more map[string]any) {
		t.Helper()
		host, port := hostPort(t, address)
		body := map[string]any{"ID": id, "Name": s.name, "Address": host, "Port": port, "Tags": []string{"urlprefix-" + s.host() + "/"}}
		for k, v := range more {
			body[k] = v
		}
		if err := agent.Put("/v1/agent/service/register", body); err != nil {
			t.Fatal(err)
		}
	}
	put("web-sidecar-proxy", sidecar.Address, map[string]any{"Kind": "connect-proxy", "Proxy": map[string]any{"DestinationServiceName": "web"}})
	put("host:web:53:udp", sidecar.Address, nil)
	put("host:web:80", app.Address, nil)
	lab.Eventually(t, 10*time.Second, "all registrations are in the catalogue", func() bool { return agent.Passing(s.name) == 3 })
	s.proxy, s.ledger = lab.StartProxy(t, bin, agent.HTTP, true), lab.NewLedger()
	lab.Eventually(t, 10*time.Second, "the application answers", func() bool { s.ask(); return app.Ledger.Arrived() > 0 })
	for range 20 {
		s.ask()
	}
	if n := sidecar.Ledger.Arrived(); n != 0 {
		t.Errorf("%d requests went to the sidecar's port", n)
	}
	for _, word := range []string{"connect-proxy", "UDP"} {
		if n := strings.Count(s.proxy.Output(), word); n != 1 {
			t.Errorf("the log tells %d times of %s:\n%s", n, word, s.proxy.Output())
		}
	}
}
