// Package lab is the fault kit of Pointsman's tests: real parts that start in a moment, break on command and clean up after
// themselves, and a meter that counts what a client loses. Only _test.go files import it.
//
// Everything takes a testing.TB, registers its own clean-up, and ends the test when a part cannot be started. What is missing
// on this machine skips the test with one line; with POINTSMAN_REQUIRE_DOCKER=1 it fails it instead.
package lab

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// Long says whether the long rounds were asked for (POINTSMAN_LONG=1).
func Long() bool { return os.Getenv("POINTSMAN_LONG") == "1" }

// Rounds is 1, or long when the long rounds were asked for.
func Rounds(long int) int {
	if Long() {
		return long
	}
	return 1
}

// Missing ends the test because a real part is not there: a skip, or a failure when real parts are required.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("POINTSMAN_REQUIRE_DOCKER") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// Root is the top of the repository: where this file was compiled, or with -trimpath, which does not tell, above the folder in which the test began.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	if filepath.IsAbs(file) {
		return filepath.Dir(filepath.Dir(filepath.Dir(file)))
	}
	return above()
}

// above is the nearest folder with a go.mod, the present one first.
var above = sync.OnceValue(func() string {
	dir, err := os.Getwd()
	for ; err == nil && !Exists(filepath.Join(dir, "go.mod")) && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
	}
	return dir
})

// Cache is the folder of programs that are built once: ${XDG_CACHE_HOME:-$HOME/.cache}/pointsman/bin.
func Cache() string {
	dir, err := os.UserCacheDir() // honours XDG_CACHE_HOME
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "pointsman", "bin")
}

// Build compiles a package of this module as a static binary into dir and returns the binary's path.
func Build(dir, pkg string, flags ...string) (string, error) {
	out := filepath.Join(dir, filepath.Base(pkg))
	cmd := exec.Command("go", append(append([]string{"build", "-trimpath", "-o", out}, flags...), pkg)...)
	cmd.Dir, cmd.Env = Root(), append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w: %s", pkg, err, text)
	}
	return out, nil
}

// patience is how long a test waits at least for what must come true. A machine that runs other things may hold a process up for seconds;
// what never comes true is a fault, and what comes late is a figure, which the long rounds hold to its limit.
const patience = time.Minute

// Patient is a limit, or a minute where that is more and no long rounds were asked for.
func Patient(limit time.Duration) time.Duration {
	if Long() {
		return limit
	}
	return max(limit, patience)
}

// Eventually polls until ok, and ends the test when it has not come true within the limit, or within a minute outside the long rounds. For what
// must not come true, or has a deadline of its own, there is Within.
func Eventually(t testing.TB, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	limit = Patient(limit)
	if !Within(limit, ok) {
		t.Fatalf("not within %s: %s", limit, what)
	}
}

// Poll is how often Within looks.
const Poll = 20 * time.Millisecond

// Within polls until ok or until the limit has passed, and says which.
func Within(limit time.Duration, ok func() bool) bool {
	for end := time.Now().Add(limit); ; {
		if ok() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
		time.Sleep(Poll)
	}
}

// The ports of FreePort lie below those that the kernel gives to outgoing connections (32768 to 60999): while the program that
// has one is down, nothing else takes it, and a client that tries it does not connect to itself.
const portFrom, portTo = 15000, 32000

// handedOut are the ports that this process has given away.
var handedOut sync.Map

// FreePort finds a port that was free for TCP and UDP on all addresses a moment ago, and gives it away once. For programs that
// cannot be given port 0.
func FreePort(t testing.TB) int {
	t.Helper()
	for range 1000 {
		port := portFrom + rand.IntN(portTo-portFrom)
		if _, given := handedOut.LoadOrStore(port, true); !given && reserve(t, port) && unused(port) {
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

// FreePorts finds n ports in a row, as FreePort finds one, and returns the first.
func FreePorts(t testing.TB, n int) int {
	t.Helper()
	for range 1000 {
		first := portFrom + rand.IntN(portTo-portFrom-n)
		free := true
		for port := first; free && port < first+n; port++ {
			_, given := handedOut.LoadOrStore(port, true)
			free = !given && reserve(t, port) && unused(port)
		}
		if free {
			return first
		}
	}
	t.Fatalf("no %d free ports in a row", n)
	return 0
}

// reserve keeps other test processes from giving the same port away until the test ends, and says whether none of them has: packages are
// tested side by side, and until the program that a port is for listens, or while it is down, the port looks free. The name is one of Linux's
// abstract sockets, which leave nothing behind.
func reserve(t testing.TB, port int) bool {
	l, err := net.Listen("unix", fmt.Sprintf("@pointsman-test-port-%d", port))
	if err != nil {
		return false
	}
	t.Cleanup(func() { _ = l.Close() })
	return true
}

func unused(port int) bool {
	address := fmt.Sprintf(":%d", port) // a container may publish it on any address
	l, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	defer l.Close()
	p, err := net.ListenPacket("udp", address) // Consul's gossip uses both
	if err != nil {
		return false
	}
	return p.Close() == nil
}

// run executes a command with a deadline; its error carries what the command said.
func run(limit time.Duration, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = time.Second // a grandchild that holds the pipe must not hold us
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(stdout.String()), err
}
