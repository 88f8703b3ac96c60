package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab"
)

// childEnv makes a run of this test program a part of another run: an instance, or a listener on its own.
const childEnv = "POINTSMAN_CONFORMANCE"

// childApp serves when this run is an instance, and then does not return.
func childApp() {
	var j work
	if job := os.Getenv(childEnv); job == "" || json.Unmarshal([]byte(job), &j) != nil || j.Kind != "" {
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		fmt.Println("address", l.Addr())
		err = http.Serve(l, http.HandlerFunc(serveApp))
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// work is what a child does.
type work struct {
	Kind    string // of the listener; "" is an instance, and faultyKind one that misbehaves when told to
	Listen  string // "" is a port of loopback
	To      string // the instance's address; "" waits for a table from its control
	Control string // the Unix socket of its control; "" is none
	Files   uint64 // the limit of descriptors; 0 leaves it
	Limits  limits
	Faulty  misbehaving
	within  []string // a command that runs it, such as nsenter
}

// app is an instance in a process of its own.
type app struct {
	*lab.Process
	addr *net.TCPAddr
}

func startApp(t testing.TB) *app {
	t.Helper()
	p, addr := startChild(t, "app", work{})
	return &app{p, addr}
}

func startChild(t testing.TB, name string, j work) (*lab.Process, *net.TCPAddr) {
	t.Helper()
	job, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	argv := append(slices.Clone(j.within), exe, "-test.run", "^TestListenerAlone$", "-test.timeout", "1h")
	p := lab.StartProcess(t, name, []string{childEnv + "=" + string(job)}, argv...)
	var addr *net.TCPAddr
	lab.Eventually(t, patience, name+" says where it listens", func() bool {
		for line := range strings.Lines(p.Output()) {
			if text, ok := strings.CutPrefix(line, "address "); ok && strings.HasSuffix(text, "\n") {
				addr, err = net.ResolveTCPAddr("tcp", strings.TrimSpace(text))
				return err == nil
			}
		}
		return false
	})
	return p, addr
}

// serveApp is an application: /slow/n waits n milliseconds, /sink counts what it is sent, /source/n sends n bytes; /big/n does both.
func serveApp(w http.ResponseWriter, r *http.Request) {
	kind, n := kindAndNumber(r.URL.Path)
	switch kind {
	case "slow":
		time.Sleep(time.Duration(n) * time.Millisecond)
	case "big", "sink":
		got, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			return
		}
		w.Header().Set("X-Got", strconv.FormatInt(got, 10))
	}
	switch kind {
	case "big", "source":
		if r.URL.RawQuery == "sized" {
			w.Header().Set("Content-Length", strconv.Itoa(n))
		}
		_, _ = io.Copy(w, stream(uint64(n), n))
	default:
		fmt.Fprint(w, "ok")
	}
}

func kindAndNumber(path string) (kind string, n int) {
	parts := strings.Split(path+"//", "/")
	n, _ = strconv.Atoi(parts[2])
	return parts[1], n
}

// TestListenerAlone is a listener in a process of its own, so that what it uses can be measured, and limited.
func TestListenerAlone(t *testing.T) {
	var j work
	if job := os.Getenv(childEnv); job == "" || json.Unmarshal([]byte(job), &j) != nil {
		t.Skip("only as a part of other tests")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if j.Kind == faultyKind {
		j.Faulty.serve(ctx, t)
		return
	}
	var instances []discovery.Instance
	if j.To != "" {
		to, err := net.ResolveTCPAddr("tcp", j.To)
		if err != nil {
			t.Fatal(err)
		}
		instances = append(instances, at(to))
	}
	if j.Files > 0 {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: j.Files, Max: j.Files}); err != nil {
			t.Fatal(err)
		}
	}
	r := start(t, kindNamed(j.Kind), setup{limits: j.Limits, listen: j.Listen, reviver: j.Control != "", log: zerolog.New(os.Stderr)}, instances...)
	if j.Control != "" {
		r.control(t, j.Control)
	}
	fmt.Println("address", r.addr)
	<-ctx.Done()
}

// alone is a listener in a process of its own.
type alone struct {
	*lab.Process
	kind   *kind
	addr   string
	remote *remote // nil where none was asked for, see startTold
}

func startAlone(t testing.TB, k *kind, j work) *alone {
	t.Helper()
	j.Kind = k.name
	p, addr := startChild(t, k.name, j)
	t.Cleanup(func() { // its TestMain then looks for what is left of it
		if err := p.Stop(2 * patience); err != nil {
			t.Errorf("the end of the listener's process: %v", err)
		}
	})
	return &alone{p, k, addr.String(), nil}
}

// startTold is startAlone for a listener whose table the test writes, and that it looks into.
func startTold(t testing.TB, k *kind, j work) *alone {
	t.Helper()
	j.Control = socketIn(t)
	a := startAlone(t, k, j)
	a.remote = newRemote(j.Control)
	return a
}

func (a *alone) dial(t testing.TB) *conn {
	t.Helper()
	c, err := dialKind(t, a.kind, a.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.tcp.Close() })
	return c
}

// memory is what of the process is in memory, in bytes: now, and at most since its start.
func (a *alone) memory(t testing.TB) (now, peak int64) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.Pid()))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmRSS":
			now = kb << 10
		case "VmHWM":
			peak = kb << 10
		}
	}
	return now, peak
}
