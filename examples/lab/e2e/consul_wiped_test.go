package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// fullPass is the default interval of a registrator's full passes: the longest that a registration may be missing.
const fullPass = 30 * time.Second

// A cluster that has lost everything is empty and answers so, with success. The instances still serve, and the registrator
// registers them again.
func TestConsulWiped(t *testing.T) {
	t.Parallel()
	server, client := lab.StartPair(t)
	s := build(t, plan{name: "wiped", consul: client, lameDuck: "250ms"})
	s.startAll(3)
	s.serves(3)
	meter := s.meter(sceneRate)
	server.Kill()
	client.Kill()
	server.Wipe(t)
	client.Wipe(t)
	time.Sleep(2 * time.Second)
	server.Start()
	client.Start()
	server.AwaitLeader(t)
	client.AwaitLeader(t)
	up := time.Now()
	s.refilled(meter, up)
}

// refilled waits until the catalogue lists all three instances again, and judges the load, which goes on a while longer.
func (s *site) refilled(meter *lab.Meter, up time.Time) {
	s.t.Helper()
	lab.Eventually(s.t, 2*fullPass, "the catalogue lists all instances", func() bool { return s.consul.Passing(s.name) == 3 })
	full := time.Since(up)
	s.t.Logf("all instances listed %s after Consul was back; held back %v", full, gauge(s.proxy, "pointsman_discovery_retained_total"))
	if full > fullPass && lab.Long() {
		s.t.Errorf("full again after %s, want at most %s", full, fullPass)
	}
	time.Sleep(3 * time.Second)
	s.serves(3)
	s.judge(meter)
	s.startAll(1) // and it goes on
	s.serves(4)
}

// A snapshot from before the instances were registered: the index goes back, and the answer is short without any error before.
// The instances stand in the catalogue alone, since an agent would tell its own at once again.
func TestConsulIndexGoesBack(t *testing.T) {
	t.Parallel()
	agent := lab.StartConsul(t)
	old, err := agent.Save()
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{t: t, name: "web", ledger: lab.NewLedger()}
	for range 3 {
		s.instances = append(s.instances, lab.StartUpstream(t, s.ledger))
	}
	s.catalogued(agent)
	s.proxy = lab.StartProxy(t, bin, agent.HTTP, true)
	s.answers(3)
	s.begin()
	if err := agent.Restore(old); err != nil {
		t.Fatal(err)
	}
	restored := time.Now()
	const counter = "pointsman_discovery_retained_total"
	lab.Eventually(t, 20*time.Second, "the proxy has met the shorter answer", func() bool { return gauge(s.proxy, counter) == 3 })
	t.Logf("held back %s after the snapshot was brought back", time.Since(restored))
	s.holds("with an empty catalogue", 3, 5*time.Second)
	if agent.Passing(s.name) != 0 {
		t.Error("the catalogue was not empty: nothing was tested")
	}
	s.catalogued(agent)
	again := time.Now()
	lab.Eventually(t, 5*time.Second, "nothing is held back", func() bool { return s.lines("lists the retained instances again") >= 1 })
	t.Logf("taken for true %s after they were registered again", time.Since(again))
	s.end()
	if s.usable() != 3 {
		t.Errorf("%d of 3 instances usable", s.usable())
	}
}

// catalogued registers the instances on a node without an agent.
func (s *scene) catalogued(agent *lab.Consul) {
	s.t.Helper()
	for i, app := range s.instances {
		host, port := hostPort(s.t, app.Address)
		err := agent.Put("/v1/catalog/register", map[string]any{"Node": "elsewhere", "Address": host, "Service": map[string]any{
			"ID": fmt.Sprint(s.name, "-", i), "Service": s.name, "Address": host, "Port": port, "Tags": []string{"pointsman.route=" + s.host() + "/"},
		}})
		if err != nil {
			s.t.Fatal(err)
		}
	}
}
