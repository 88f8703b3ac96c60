package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// binary is the program as it is shipped; called is the same under the name "registrator".
var binary, called string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "pointsman-cmd-")
	if err == nil {
		binary, err = lab.Build(dir, "./cmd/pointsman", "-ldflags", "-X main.version=v1.2.3-test")
	}
	if err == nil {
		called = filepath.Join(dir, "registrator")
		err = os.Symlink(binary, called)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// outcome is what a run of the program left.
type outcome struct {
	code           int
	stdout, stderr string
	took           time.Duration
}

// execute runs the program with env and nothing else of the environment that could reach it.
func execute(t *testing.T, name string, env []string, args ...string) outcome {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	kill := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	start := time.Now()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), out.String(), errs.String(), time.Since(start)}
}

func TestHelpGoesToStdoutAndSucceeds(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"-h"}, {"--help"}, {"help", "proxy"}, {"proxy", "-help"}, {"registrator", "-h"},
		{"run", "-help"}, {"demo", "--help"}, {"scale", "-h"}, {"health", "-h"}, {"check", "-h"}, {"explain", "-h"}, {"version", "-h"}} {
		o := execute(t, binary, nil, args...)
		if o.code != 0 || o.stderr != "" || len(o.stdout) < 80 {
			t.Errorf("%v: code %d, stdout %q, stderr %q", args, o.code, o.stdout, o.stderr)
		}
	}
	for _, c := range commands() {
		if !strings.Contains(execute(t, binary, nil, "help").stdout, "  "+c.name) {
			t.Errorf("help does not name %s", c.name)
		}
	}
}

func TestVersionIsTheLinkedOne(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"--version"}, {"registrator", "--version"}} {
		if o := execute(t, binary, nil, args...); o.code != 0 || !strings.Contains(o.stdout, "v1.2.3-test") {
			t.Errorf("%v: code %d, %q, %q", args, o.code, o.stdout, o.stderr)
		}
	}
}

// Each bad value ends with exit code 2 and one line that names the option and what is wrong, before anything is bound:
// the address given to -listen is taken, so binding would fail with code 1.
func TestBadValuesEndBeforeAnythingIsBound(t *testing.T) {
	taken := takenAddress(t)
	cases := []struct {
		args []string
		want string
	}{
		{[]string{}, "Usage: pointsman COMMAND"},
		{[]string{"prxy"}, `unknown command "prxy"`},
		{[]string{"help", "prxy"}, `unknown command or topic "prxy"`},
		{[]string{"proxy", "-nonsense"}, "-nonsense"},
		{[]string{"proxy", "extra"}, `unexpected argument "extra"`},
		{[]string{"proxy", "-listen", "8080"}, "want host:port"},
		{[]string{"proxy", "-listen", ":99999"}, "0 to 65535"},
		{[]string{"proxy", "-admin", "x"}, "want host:port"},
		{[]string{"proxy", "-routes", "all"}, "tagged, registered"},
		{[]string{"proxy", "-balance", "random"}, "round-robin, least-connections"},
		{[]string{"proxy", "-access-log", "xml"}, "off, json, combined"},
		{[]string{"proxy", "-zone", "a\nb"}, "can be printed"},
		{[]string{"proxy", "-zone-threshold", "0"}, "from 1 to 100"},
		{[]string{"proxy", "-trusted-proxies", "10.0.0.0/33"}, "neither an address nor a network"},
		{[]string{"proxy", "-domain", "ex ample"}, "want a host name"},
		{[]string{"proxy", "-default-service", "a b"}, "without blanks"},
		{[]string{"proxy", "-connect-timeout", "1"}, "want a duration"},
		{[]string{"proxy", "-connect-timeout", "-1s"}, "want a duration from"},
		{[]string{"proxy", "-grace", "-1s"}, "want a duration from"},
		{[]string{"proxy", "-retries", "99"}, "from 0 to 16"},
		{[]string{"proxy", "-max-header-bytes", "1"}, "from 1024"},
		{[]string{"proxy", "-tls-listen", ":0"}, "go together"},
		{[]string{"proxy", "-tls-listen", ":0", "-tls-cert", "x"}, "go together"},
		{[]string{"proxy", "-tls-listen", "127.0.0.1:0", "-tls-cert", "/nonexistent", "-tls-key", "/nonexistent"}, "no such file"},
		{[]string{"proxy", "-redirect-https"}, "needs -tls-listen"},
		{[]string{"proxy", "-https-port", "0"}, "want a port"},
		{[]string{"proxy", "-client-ca", "a=/nonexistent"}, "needs -tls-listen"},
		{[]string{"proxy", "-client-ca", "/nonexistent"}, "want NAME=FILE"},
		{[]string{"proxy", "-client-ca", "a b=/nonexistent"}, "want NAME=FILE"},
		{[]string{"proxy", "-client-ca", "a="}, "want NAME=FILE"},
		{[]string{"proxy", "-client-ca", "a=/x a=/y"}, "given twice"},
		{[]string{"proxy", "-tls-client-ca", "a"}, "there is no -client-ca a"},
		{[]string{"proxy", "-tls-client-ca", "a:maybe"}, "want the NAME"},
		{[]string{"proxy", "-tls-client-ca", "a", "-tls-client-ca", "b"}, "given twice"},
		{[]string{"proxy", "-tls-listen", ":0", "-client-ca", "a=/nonexistent", "-tls-client-ca", "http=a"}, "there is no -tls-listen http"},
		{[]string{"proxy", "-admin-host", "a b"}, "-admin-host"},
		{[]string{"proxy", "-state", "/nonexistent/state"}, "no such file or directory"},
		{[]string{"proxy", "-state", "/tmp"}, "not a regular file"},
		{[]string{"proxy", "-consul", "ftp://x"}, "address of Consul"},
		{[]string{"proxy", "-consul", "10.0.0.1"}, "for -consul: want host:port"},
		{[]string{"proxy", "-log-level", "loud"}, "debug, info, warn, error"},
		{[]string{"proxy", "-log-format", "xml"}, "auto, text, json"},
		{[]string{"run", "-register", "edge"}, "-register needs -consul"},
		{[]string{"run", "-deregister", "sometimes"}, "-deregister must be"},
		{[]string{"run", "-tags", "{{ nope }}"}, "parse the -tags template"},
		{[]string{"demo", "-consul", "x"}, "-consul"},
		{[]string{"scale"}, "web=N is missing"},
		{[]string{"scale", "web"}, "not of the form web=5"},
		{[]string{"scale", "web=-1"}, "not of the form web=5"},
		{[]string{"scale", "web=5", "-admin", "x"}, "options go before"},
		{[]string{"health", "-admin", "x"}, "want host:port"},
		{[]string{"check"}, "-tag or -routes is missing"},
		{[]string{"check", "shop/", "more"}, "unexpected argument"},
	}
	for _, c := range cases {
		args := c.args
		if len(args) > 0 && (args[0] == "proxy" || args[0] == "run") {
			args = append([]string{args[0], "-listen", taken}, args[1:]...)
		}
		o := execute(t, binary, nil, args...)
		if o.code != 2 || !strings.Contains(o.stderr, c.want) || o.stdout != "" {
			t.Errorf("%v: code %d, want 2 and %q in: %q %q", c.args, o.code, c.want, o.stderr, o.stdout)
		}
		if len(c.args) > 0 && strings.Count(o.stderr, "\n") != 1 {
			t.Errorf("%v: want one line: %q", c.args, o.stderr)
		}
	}
}

func TestTakenPortEndsWithOne(t *testing.T) {
	taken := takenAddress(t)
	for _, args := range [][]string{{"proxy", "-listen", taken}, {"demo", "-listen", "127.0.0.1:0", "-admin", taken}} {
		if o := execute(t, binary, nil, args...); o.code != 1 || !strings.Contains(o.stderr, "address already in use") {
			t.Errorf("%v: code %d, %q", args, o.code, o.stderr)
		}
	}
}
