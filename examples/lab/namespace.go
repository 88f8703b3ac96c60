package lab

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
)

// Namespace is a network namespace of the test's own, tied to the machine's by a veth pair: what goes on in it (packets lost, ports
// used up) goes on nowhere else.
type Namespace struct {
	// Outer is the machine's address on the pair, Inner the namespace's.
	Outer, Inner string

	t           testing.TB
	name, inner string // inner is the pair's end within
	subnet      string // of both, without its last number
}

// namespaces makes names and subnets of several namespaces in one process distinct.
var namespaces atomic.Int32

// StartNamespace makes one, which ends with the test. It needs root, ip and nsenter.
func StartNamespace(t testing.TB) *Namespace {
	t.Helper()
	number := namespaces.Add(1)
	place := 8*os.Getpid() + int(number) // tests that run at the same time in several processes don't meet
	// A link's name has 15 bytes at most, so it cannot bear all of the process id.
	link := fmt.Sprintf("ap%d-%d", os.Getpid()%100000, number)
	n := &Namespace{t: t, name: fmt.Sprintf("apart%d-%d", os.Getpid(), number), inner: link + "i",
		subnet: fmt.Sprintf("10.%d.%d.", 192+place/256%32, place%256)}
	n.Outer, n.Inner = n.subnet+"1", n.subnet+"2"
	outer := link + "o"
	Undo(t, fmt.Sprintf("ip link del %s; ip netns del %s", outer, n.name))
	n.must("ip", "netns", "add", n.name)
	t.Cleanup(func() {
		_, _ = run(patience, "ip", "link", "del", outer)
		_, _ = run(patience, "ip", "netns", "del", n.name)
	})
	n.must("ip", "link", "add", outer, "type", "veth", "peer", "name", n.inner, "netns", n.name)
	n.must("ip", "addr", "add", n.Outer+"/24", "dev", outer)
	n.must("ip", "link", "set", outer, "up")
	n.must("ip", "-n", n.name, "link", "set", "lo", "up")
	n.must("ip", "-n", n.name, "addr", "add", n.Inner+"/24", "dev", n.inner)
	n.must("ip", "-n", n.name, "link", "set", n.inner, "up")
	return n
}

// must runs what makes the namespace; a machine that cannot has none.
func (n *Namespace) must(name string, args ...string) {
	n.t.Helper()
	if _, err := run(patience, name, args...); err != nil {
		Missing(n.t, "a network namespace: %v", err)
	}
}

// Within is a command that runs another in the namespace.
func (n *Namespace) Within() []string {
	return []string{"nsenter", "--net=/var/run/netns/" + n.name}
}

// Run runs a command in the namespace.
func (n *Namespace) Run(args ...string) (string, error) {
	argv := append(n.Within(), args...)
	return run(patience, argv[0], argv[1:]...)
}

// Set writes one of the namespace's settings, such as net.ipv4.ip_local_port_range; the machine's stay as they are.
func (n *Namespace) Set(key, value string) {
	n.t.Helper()
	path := "/proc/sys/" + strings.ReplaceAll(key, ".", "/")
	if _, err := n.Run("sh", "-c", "echo '"+value+"' > "+path); err != nil {
		Missing(n.t, "a setting of a network namespace: %v", err)
	}
}
