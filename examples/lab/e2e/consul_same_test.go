package e2e

import (
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// The same application registered twice is one upstream with one share; an instance without an address is at its node's.
func TestConsulTwinsCountOnce(t *testing.T) {
	t.Parallel()
	server, client := lab.StartPair(t)
	s := &scene{t: t, name: "web"}
	put := func(agent *lab.Consul, id, address string, port int) {
		t.Helper()
		err := agent.Put("/v1/agent/service/register", map[string]any{
			"ID": id, "Name": s.name, "Address": address, "Port": port, "Tags": []string{"pointsman.route=" + s.host() + "/"},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	apps := map[string]*lab.Upstream{}
	for _, name := range []string{"same ID on two agents", "same address under two IDs", "without an address", "plain"} {
		apps[name] = lab.StartUpstream(t, nil)
	}
	for name, app := range apps {
		host, port := hostPort(t, app.Address)
		switch name {
		case "same ID on two agents":
			put(server, "twin", host, port)
			put(client, "twin", host, port)
		case "same address under two IDs":
			put(client, "one", host, port)
			put(client, "two", host, port)
		case "without an address":
			put(client, "bare", "", port) // both agents' nodes are on loopback
		default:
			put(client, "plain", host, port)
		}
	}
	lab.Eventually(t, 10*time.Second, "all registrations are in the catalogue", func() bool { return client.Passing(s.name) == 6 })
	s.proxy, s.ledger = lab.StartProxy(t, bin, client.HTTP, true), lab.NewLedger()
	lab.Eventually(t, 10*time.Second, "all applications answer", func() bool {
		s.ask()
		return apps["plain"].Ledger.Arrived()*apps["without an address"].Ledger.Arrived() > 0
	})
	// On a busy machine one may look slow for a moment, and be left out for another.
	lab.Eventually(t, time.Minute, "each application gets a quarter", func() bool { return s.quarters(apps) })
}

// quarters sends POSTs for a while, and says whether the applications have the same shares of them, and none arrived twice or nowhere.
func (s *scene) quarters(apps map[string]*lab.Upstream) bool {
	s.t.Helper()
	before := map[string]int{}
	for name, app := range apps {
		before[name] = app.Ledger.Arrived()
	}
	s.meter = lab.StartMeter(s.t, lab.Load{Address: s.proxy.Proxy, Host: s.host(), Rate: sceneRate, PostIn: 1})
	time.Sleep(3 * time.Second)
	s.end()
	sent, arrived, even := s.meter.Sent(""), 0, true
	for name, app := range apps {
		got := app.Ledger.Arrived() - before[name]
		arrived += got
		s.t.Logf("%-27s %5.1f %%", name, 100*float64(got)/float64(sent))
		// Smooth rotation over equal weights: the shares differ by the requests of one turn, and by what was under way. A twin that counted would
		// have twice as much.
		if off := got - sent/len(apps); off < -sent/50 || off > sent/50 {
			even = false
		}
	}
	s.t.Logf("%d requests were sent, %d arrived", sent, arrived)
	return even && arrived == sent
}
