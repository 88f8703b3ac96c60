package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Dockerd is a second Docker daemon in a network namespace of its own, for whatever restarts or starves a daemon. It has its
// own images (make them again), its own bridge, and a route from the host to its containers. Its storage driver is the one that
// Docker itself prefers on this kernel and file system, which need not be the machine's.
type Dockerd struct {
	*Docker
	Process *Process
	netns   string
	octet   int // 10.<octet>.0.0/16 belongs to this daemon
}

// StartDockerd starts it. Arguments are dockerd's, "--live-restore" above all. It needs root.
func StartDockerd(t testing.TB, args ...string) *Dockerd {
	t.Helper()
	if os.Geteuid() != 0 {
		Missing(t, "a second dockerd needs root")
	}
	for _, program := range []string{"dockerd", "nsenter", "ip", "iptables"} {
		if _, err := exec.LookPath(program); err != nil {
			Missing(t, "a second dockerd needs %s", program)
		}
	}
	// The process id makes name and subnet unique among tests that run at the same time.
	d := &Dockerd{netns: fmt.Sprintf("lab%d", os.Getpid()), octet: 64 + os.Getpid()%128}
	dir, err := os.MkdirTemp("/tmp", "dockerd") // short: a Unix socket's path holds 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	d.Docker = &Docker{t: t, Socket: filepath.Join(dir, "docker.sock")}
	must := func(name string, args ...string) {
		t.Helper()
		if _, err := run(patience, name, args...); err != nil {
			Missing(t, "a second dockerd: %v", err)
		}
	}
	Undo(t, d.remains(dir))
	must("ip", "netns", "add", d.netns)
	t.Cleanup(func() { d.close(dir) })
	d.wire(must)
	if err := os.WriteFile(filepath.Join(dir, "empty.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	argv := []string{"nsenter", "--net=/var/run/netns/" + d.netns, "dockerd", "--config-file", filepath.Join(dir, "empty.json"),
		"--data-root", filepath.Join(dir, "data"), "--exec-root", filepath.Join(dir, "exec"), "--pidfile", filepath.Join(dir, "pid"),
		"-H", "unix://" + d.Socket, "--bip", fmt.Sprintf("10.%d.1.1/24", d.octet),
		"--default-address-pool", fmt.Sprintf("base=10.%d.128.0/17,size=24", d.octet)}
	d.Process = StartProcess(t, "dockerd", nil, append(argv, args...)...)
	t.Cleanup(d.empty) // before the process is killed
	d.Await(t)
	return d
}

// wire connects the namespace to the host by a veth pair, and routes the daemon's addresses there.
func (d *Dockerd) wire(must func(string, ...string)) {
	outer, inner := d.netns+"o", d.netns+"i"
	ns := func(args ...string) { must("ip", append([]string{"-n", d.netns}, args...)...) }
	ns("link", "set", "lo", "up")
	must("ip", "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", d.netns)
	must("ip", "addr", "add", fmt.Sprintf("10.%d.0.1/24", d.octet), "dev", outer)
	must("ip", "link", "set", outer, "up")
	ns("addr", "add", fmt.Sprintf("10.%d.0.2/24", d.octet), "dev", inner)
	ns("link", "set", inner, "up")
	ns("route", "add", "default", "via", fmt.Sprintf("10.%d.0.1", d.octet))
	for _, subnet := range []string{"1.0/24", "128.0/17"} {
		must("ip", "route", "add", fmt.Sprintf("10.%d.%s", d.octet, subnet), "via", fmt.Sprintf("10.%d.0.2", d.octet))
	}
}

// Await waits until the daemon answers, and lets the host reach its containers.
func (d *Dockerd) Await(t testing.TB) {
	t.Helper()
	Eventually(t, 30*time.Second, "the second dockerd answers", func() bool {
		if !d.Process.Running() {
			t.Fatalf("the second dockerd ended: %s", tail(d.Process.Output(), 2000))
		}
		_, err := d.Try("version")
		return err == nil
	})
	// DOCKER-USER is the chain that Docker leaves to the operator; it survives the daemon's restarts.
	if _, err := run(patience, "nsenter", "--net=/var/run/netns/"+d.netns, "iptables", "-I", "DOCKER-USER", "-j", "ACCEPT"); err != nil {
		t.Fatal(err)
	}
}

// Restart stops the daemon as an init system does and starts it again. Without live-restore its containers stop with it.
func (d *Dockerd) Restart(t testing.TB) {
	t.Helper()
	if err := d.Process.Stop(60 * time.Second); err != nil {
		t.Logf("dockerd ended with %v", err)
	}
	d.Process.Start()
	d.Await(t)
}

// empty removes the daemon's containers and stops it in good order, so that no shim outlives it.
func (d *Dockerd) empty() {
	if out, err := d.Try("ps", "-aq"); err == nil && out != "" {
		_, _ = d.Try(append([]string{"rm", "-f"}, strings.Fields(out)...)...)
	}
	_ = d.Process.Stop(30 * time.Second)
}

func (d *Dockerd) close(dir string) { _, _ = run(patience, "sh", "-c", d.remains(dir)) }

// remains is a script that ends what a daemon that was killed has left: containers (their shims name the folder), mounts, namespace.
func (d *Dockerd) remains(dir string) string {
	return fmt.Sprintf(`for p in $(grep -lsF -e %[1]s /proc/[0-9]*/cmdline | cut -d/ -f3); do
	[ $p = $$ ] || kill -KILL $p $(cat /proc/$p/task/$p/children) 2>/dev/null
done
ip link del %[2]so 2>/dev/null
ip netns del %[2]s 2>/dev/null
grep -o '%[1]s[^ ]*' /proc/mounts | sort -r | xargs -r -n1 umount -l
rm -rf %[1]s`, dir, d.netns)
}
