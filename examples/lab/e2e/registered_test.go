package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// rounds runs a case once, or ten times in the long form.
func rounds(t *testing.T, f func(t *testing.T)) {
	for i := range lab.Rounds(10) {
		t.Run(fmt.Sprintf("round%d", i+1), f)
	}
}

// way is how instances are reached: what the registrator and the containers are given for it. The zero value is by their addresses.
type way struct{ registrator, docker []string }

var byPort = way{[]string{"-ip", "127.0.0.1"}, []string{"-p", "127.0.0.1::80"}}

// bothWays is rounds by container address and by published port in turns.
func bothWays(t *testing.T, f func(t *testing.T, w way)) {
	next := way{}
	rounds(t, func(t *testing.T) {
		w := next
		if next.docker == nil {
			next = byPort
		} else {
			next = way{}
		}
		f(t, w)
	})
}

func TestRemovedContainersLeaveNothingBehind(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		s := build(t, plan{name: "rm", noProxy: true, registrator: w.registrator})
		ids := s.startAll(20, w.docker...)
		s.settle(20)
		s.docker.Remove(ids...)
		s.settle(0)
		s.stays(0, time.Second)
	})
}

func TestParallelRestartsLeaveNoWrongPort(t *testing.T) {
	rounds(t, func(t *testing.T) {
		s := build(t, plan{name: "restart", noProxy: true, registrator: []string{"-ip", "127.0.0.1"}, lameDuck: "0"})
		s.network = "bridge" // parallel restarts on a network of one's own make Docker 20.10 keep it for ever
		ids := s.startAll(20, "-p", "80")
		s.settle(20)
		s.each(ids, "restart", "-t", "2")
		var registered, published []int
		if !lab.Within(lab.Patient(15*time.Second), func() bool {
			registered, published = s.ports(), nil
			for _, id := range ids {
				published = append(published, s.docker.Published(id, 80))
			}
			slices.Sort(published)
			return slices.Equal(registered, published)
		}) {
			t.Errorf("registered %v, published %v", registered, published)
		}
	})
}

// ports are the registered ports of the service, sorted.
func (s *site) ports() []int {
	all, err := s.consul.Services()
	if err != nil {
		return nil
	}
	var ports []int
	for _, service := range all {
		if service.Service == s.name {
			ports = append(ports, service.Port)
		}
	}
	slices.Sort(ports)
	return ports
}

func TestParallelStartsAndKills(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		s := build(t, plan{name: "kill", noProxy: true, registrator: w.registrator})
		ids := s.startAll(30, w.docker...)
		s.settle(30)
		s.each(ids, "kill")
		s.settle(0)
		s.stays(0, time.Second)
	})
}

func TestContainersThatExitAtOnce(t *testing.T) {
	rounds(t, func(t *testing.T) {
		s := build(t, plan{name: "exit", noProxy: true, registrator: []string{"-ip", "127.0.0.1"}})
		puts := make(chan string, 1000)
		done := make(chan struct{})
		go func() { // what is registered, even for a moment
			defer close(puts)
			for {
				select {
				case <-done:
					return
				case <-time.After(5 * time.Millisecond):
				}
				for _, port := range s.ports() {
					if port < 1024 { // the kernel hands out published ports far above; 80 or 0 would be the container's own
						select {
						case puts <- fmt.Sprint(port):
						default:
						}
					}
				}
			}
		}()
		s.options = []string{"-no-such-flag"}
		s.startAll(30, "-p", "80")
		lab.Eventually(t, 30*time.Second, "Docker has seen them all exit", func() bool { return len(s.running()) == 0 })
		s.settle(0)
		s.stays(0, time.Second)
		close(done)
		for port := range puts {
			t.Fatalf("port %s was registered, which was never published", port)
		}
	})
}

func TestNetworkModes(t *testing.T) { rounds(t, networkModes) }

func networkModes(t *testing.T) {
	s := build(t, plan{name: "modes", noProxy: true})
	first, err := s.start()
	if err != nil {
		t.Fatal(err)
	}
	own := s.docker.Address(first, s.network)
	env := func(name string) []string { return []string{"-e", "SERVICE_NAME=" + s.name + name} }
	s.docker.Run(append(env("-none"), "--network", "none", s.image)...)
	s.docker.Run(append(append(env("-host"), "--network", "host", "-e", fmt.Sprintf("PORT=%d", lab.FreePort(t))), s.image)...)
	shared := s.docker.Run(append(append(env("-shared"), "--network", "container:"+first, "-e", "PORT=8081"), s.image)...)
	s.docker.Run(append(env("-bridge"), s.image)...)
	s.settle(1)
	got := map[string]lab.AgentService{}
	lab.Eventually(t, 10*time.Second, "network, bridge and shared ones are registered", func() bool {
		all, err := s.consul.Services()
		if err != nil {
			return false
		}
		for service := range maps.Values(all) {
			if mode, ours := strings.CutPrefix(service.Service, s.name); ours {
				got[mode] = service
			}
		}
		_, bridge := got["-bridge"]
		_, container := got["-shared"]
		return bridge && container
	})
	if a := got[""]; a.Address != own || a.Port != 80 {
		t.Errorf("on a network: %s:%d, want %s:80", a.Address, a.Port, own)
	}
	if a := got["-shared"]; a.Address != own {
		t.Errorf("container: %s (%s), want the address of the container whose network it shares, %s", a.Address, shared[:12], own)
	}
	if a, found := got["-none"]; found {
		t.Errorf("a container without a network is registered as %+v", a)
	}
	t.Logf("host network: %+v", got["-host"])
}

func TestConsulKilledLosesNothing(t *testing.T) { bothWays(t, consulKilled) }

func consulKilled(t *testing.T, w way) {
	s := build(t, plan{name: "away", registrator: w.registrator})
	s.startAll(4, w.docker...)
	s.serves(4)
	meter := s.meter(200)
	s.consul.Kill()
	away := long(12*time.Second, 30*time.Second)
	time.Sleep(away / 2)
	if !s.proxy.Ready() {
		t.Error("the proxy is not ready while Consul is away")
	}
	time.Sleep(away / 2)
	s.consul.Start()
	s.consul.AwaitLeader(t)
	s.settle(4) // it came back with nothing
	time.Sleep(2 * time.Second)
	tally := meter.Stop()
	t.Log(tally)
	if tally.Lost("") != 0 || len(s.ledger.Duplicates("POST")) != 0 {
		t.Errorf("lost %d, POSTs sent twice %v", tally.Lost(""), s.ledger.Duplicates("POST"))
	}
	s.startAll(1, w.docker...)
	s.serves(5)
}
