package lab

import (
	"strings"
	"testing"
)

// Apart is a Consul agent in a network namespace of its own, which packets can be kept from reaching. The test's own calls
// (Get, Put, ...) still do.
type Apart struct {
	*Consul
	t testing.TB
	n *Namespace
}

// StartApart starts an agent in development mode behind a veth pair. It needs root, ip, nsenter and iptables.
func StartApart(t testing.TB) *Apart {
	t.Helper()
	a := &Apart{t: t, n: StartNamespace(t)}
	control := a.n.subnet + "3"
	a.n.must("ip", "-n", a.n.name, "addr", "add", control+"/24", "dev", a.n.inner)
	a.tables("-S")
	a.Consul = startAgent(t, agent{node: "apart", server: true, args: []string{"-dev"}, address: a.n.Inner, control: control, within: a.n.Within()})
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
	if _, err := a.n.Run(append([]string{"iptables"}, args...)...); err != nil {
		Missing(a.t, "rules that drop packets: %v", err)
	}
}
