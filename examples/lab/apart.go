package lab

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Apart is a Consul agent in a network namespace of its own, which packets can be kept from reaching. The test's own calls
// (Get, Put, ...) still do.
type Apart struct {
	*Consul
	t     testing.TB
	netns string
}

// aparts makes names and subnets of several namespaces in one process distinct.
var aparts atomic.Int32

// StartApart starts an agent in development mode behind a veth pair. It needs root, ip, nsenter and iptables.
func StartApart(t testing.TB) *Apart {
	t.Helper()
	n := aparts.Add(1)
	a := &Apart{t: t, netns: fmt.Sprintf("apart%d-%d", os.Getpid(), n)}
	// The link's name has 15 bytes at most, so it cannot bear all of the process id.
	outer, inner := fmt.Sprintf("ap%d-%do", os.Getpid()%100000, n), fmt.Sprintf("ap%d-%di", os.Getpid()%100000, n)
	subnet := fmt.Sprintf("10.%d.%d.", 192+os.Getpid()/256%32, (os.Getpid()+int(n))%256)
	must := func(name string, args ...string) {
		t.Helper()
		if _, err := run(10*time.Second, name, args...); err != nil {
			Missing(t, "an agent in a network namespace: %v", err)
		}
	}
	must("ip", "netns", "add", a.netns)
	t.Cleanup(func() {
		_, _ = run(5*time.Second, "ip", "link", "del", outer)
		_, _ = run(5*time.Second, "ip", "netns", "del", a.netns)
	})
	must("ip", "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", a.netns)
	must("ip", "addr", "add", subnet+"1/24", "dev", outer)
	must("ip", "link", "set", outer, "up")
	must("ip", "-n", a.netns, "link", "set", "lo", "up")
	must("ip", "-n", a.netns, "addr", "add", subnet+"3/24", "dev", inner)
	must("ip", "-n", a.netns, "addr", "add", subnet+"2/24", "dev", inner)
	must("ip", "-n", a.netns, "link", "set", inner, "up")
	a.tables("-S")
	a.Consul = startAgent(t, agent{node: "apart", server: true, args: []string{"-dev"}, address: subnet + "2", control: subnet + "3",
		within: []string{"nsenter", "--net=/var/run/netns/" + a.netns}})
	a.AwaitLeader(t)
	return a
}

// DropAll loses every packet to and from the agent's address, silently.
func (a *Apart) DropAll() {
	a.t.Helper()
	a.tables("-A", "INPUT", "-d", a.host(), "-j", "DROP")
	a.DropReplies()
}

// DropReplies loses every packet from the agent's address: it hears, and nobody hears it.
func (a *Apart) DropReplies() {
	a.t.Helper()
	a.tables("-A", "OUTPUT", "-s", a.host(), "-j", "DROP")
}

// Heal ends all that.
func (a *Apart) Heal() {
	a.t.Helper()
	a.tables("-F")
}

func (a *Apart) host() string {
	host, _, _ := strings.Cut(a.HTTP, ":")
	return host
}

func (a *Apart) tables(args ...string) {
	a.t.Helper()
	if _, err := run(10*time.Second, "nsenter", append([]string{"--net=/var/run/netns/" + a.netns, "iptables"}, args...)...); err != nil {
		Missing(a.t, "rules that drop packets: %v", err)
	}
}
