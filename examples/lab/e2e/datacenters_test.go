package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// sites are two datacenters, each with instances of one service that this test serves itself, and a proxy in the first.
type sites struct {
	t         *testing.T
	consul    map[string]*lab.Consul
	instances map[string][]*lab.Upstream
	proxy     *lab.Program
}

func twoSites(t *testing.T) *sites {
	return &sites{t: t, consul: lab.StartDatacenters(t, "dc1", "dc2"), instances: map[string][]*lab.Upstream{}}
}

// join starts one more instance of web, and registers it under an ID that the other datacenter may have, too.
func (s *sites) join(dc string, tags ...string) {
	s.t.Helper()
	u := lab.StartUpstream(s.t, nil)
	n := len(s.instances[dc])
	s.instances[dc] = append(s.instances[dc], u)
	host, port := hostPort(s.t, u.Address)
	if err := s.consul[dc].Put("/v1/agent/service/register", map[string]any{
		"ID": fmt.Sprint("web-", n), "Name": "web", "Address": host, "Port": port, "Tags": tags, "Check": map[string]any{"TTL": "1h", "Status": "passing"},
	}); err != nil {
		s.t.Fatal(err)
	}
	lab.Eventually(s.t, 10*time.Second, "it is passing", func() bool { return s.consul[dc].Passing("web") == n+1 })
}

// mark has all instances of a datacenter pass or fail their checks.
func (s *sites) mark(dc, how string) {
	s.t.Helper()
	for i := range s.instances[dc] {
		if err := s.consul[dc].Put(fmt.Sprint("/v1/agent/check/", how, "/service:web-", i), nil); err != nil {
			s.t.Fatal(err)
		}
	}
}

// asked is how many requests a datacenter has got.
func (s *sites) asked(dc string) (n int) {
	for _, u := range s.instances[dc] {
		n += u.Ledger.Arrivals()
	}
	return n
}

// moves waits until a datacenter gets requests, and the other one none.
func (s *sites) moves(to, from string, limit time.Duration) {
	s.t.Helper()
	lab.Eventually(s.t, limit, "requests go to "+to+" alone", func() bool {
		before, there := s.asked(from), s.asked(to)
		time.Sleep(200 * time.Millisecond)
		return s.asked(from) == before && s.asked(to) > there
	})
}

func (s *sites) begin() *lab.Meter {
	return lab.StartMeter(s.t, lab.Load{Address: s.proxy.Proxy, Host: "web.localhost", Rate: sceneRate})
}

func (s *sites) none(m *lab.Meter) {
	s.t.Helper()
	tally := m.Stop()
	s.t.Log(tally)
	if tally.Lost("") != 0 || tally.Sent("") < sceneRate/4 { // a fast machine is soon done
		s.t.Errorf("%d of %d requests lost", tally.Lost(""), tally.Sent(""))
	}
}

// followed is how many services of other datacenters are watched, and how many are asked about now and then.
func (s *sites) followed() string {
	text := s.proxy.Metrics()
	return fmt.Sprint(gaugeIn(text, `pointsman_discovery_services{by="remote-watch"}`), " ", gaugeIn(text, `pointsman_discovery_services{by="remote-look"}`))
}

func (s *sites) follows(want string) {
	s.t.Helper()
	lab.Eventually(s.t, 10*time.Second, "services watched, and asked about: "+want, func() bool { return s.followed() == want })
}

func TestAnotherDatacenterTakesOver(t *testing.T) {
	t.Parallel()
	s := twoSites(t)
	const tag = "pointsman.route=web.localhost/ failover=dc2"
	for range 2 {
		s.join("dc1", tag)
		s.join("dc2", tag)
	}
	s.proxy = lab.StartProxy(t, bin, s.consul["dc1"].HTTP, true)
	s.follows("0 1")
	meter := s.begin()
	s.moves("dc1", "dc2", 10*time.Second)
	if n := s.asked("dc2"); n != 0 {
		t.Errorf("dc2 got %d requests while dc1 serves", n)
	}
	s.mark("dc1", "fail")
	s.moves("dc2", "dc1", 10*time.Second)
	s.follows("1 0")
	s.join("dc2", tag) // it is watched now
	third := s.instances["dc2"][2]
	lab.Eventually(t, 10*time.Second, "an instance that came meanwhile gets requests", func() bool { return third.Ledger.Arrivals() > 0 })
	s.mark("dc1", "pass")
	s.moves("dc1", "dc2", 10*time.Second)
	for _, u := range s.instances["dc1"] { // killed, and Consul does not know
		u.Close()
	}
	s.moves("dc2", "dc1", 10*time.Second)
	s.none(meter)
}

// A datacenter that can't be asked keeps what was last known of it, and one that does not exist costs a route nothing but its own part.
func TestAnotherDatacenterIsCut(t *testing.T) {
	t.Parallel()
	s := twoSites(t)
	s.join("dc2")
	s.join("dc2")
	routes := filepath.Join(t.TempDir(), "routes")
	if err := os.WriteFile(routes, []byte("web.localhost/ service=web@dc2,web@dc9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.proxy = lab.StartProxy(t, bin, s.consul["dc1"].HTTP, true, "-routes-file", routes)
	s.follows("2 0")
	meter := s.begin()
	s.moves("dc2", "dc1", 10*time.Second)
	lab.Eventually(t, 10*time.Second, "the verdict names what is not there", func() bool {
		var v struct{ Rejects []struct{ Reason string } }
		return s.proxy.Ask("/api/routes", &v) == nil && len(v.Rejects) == 1 &&
			strings.Contains(v.Rejects[0].Reason, "web@dc9") && strings.Contains(v.Rejects[0].Reason, "no way to the datacenter")
	})
	s.consul["dc2"].Freeze()
	cut := time.Second
	if lab.Long() {
		cut = 90 * time.Second
	}
	time.Sleep(cut)
	s.consul["dc2"].Kill()
	if !s.proxy.Says(30*time.Second, "the datacenter dc2 does not answer") {
		t.Error("nothing is logged about dc2")
	}
	time.Sleep(cut)
	s.moves("dc2", "dc1", 5*time.Second)
	s.consul["dc2"].Start()
	if !s.proxy.Says(60*time.Second, "the datacenter dc2 answers again") {
		t.Error("nothing is logged of dc2's return")
	}
	s.moves("dc2", "dc1", 5*time.Second)
	s.none(meter)
	if n := strings.Count(s.proxy.Output(), "the datacenter dc9 does not answer"); n != 1 {
		t.Errorf("%d lines about dc9", n)
	}
}
