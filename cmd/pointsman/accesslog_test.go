package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// lines waits until a file has n lines.
func lines(t *testing.T, path string, n int) []string {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		text, err := os.ReadFile(path)
		list := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		if err == nil && len(list) == n && len(text) > 0 {
			return list
		}
		if time.Now().After(end) {
			t.Fatalf("%s: %q %v, want %d lines", path, text, err, n)
		}
	}
}

func TestAccessLogFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	p, address, _ := startDemo(t, "-access-log-file", path, "-access-log-format", `$remote_addr "$request" $status $upstream_status $http_host`)
	if code, text := status("http://" + address + "/one"); code != 200 {
		t.Fatalf("%d %s", code, text)
	}
	want := regexp.MustCompile(`^127\.0\.0\.1 "GET /one HTTP/1\.1" 200 200 ` + regexp.QuoteMeta(address) + `$`)
	if got := lines(t, path, 1)[0]; !want.MatchString(got) {
		t.Errorf("%q, want %s", got, want)
	}
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	p.Signal(syscall.SIGUSR1)
	if !p.Says(5*time.Second, "SIGUSR1: access log opened again") {
		t.Error(p.Output())
	}
	status("http://" + address + "/two")
	if got := lines(t, path, 1)[0]; !strings.Contains(got, "/two") {
		t.Errorf("%q", got)
	}
	lines(t, path+".1", 1)
	p.Signal(syscall.SIGTERM)
	if err := p.Wait(20 * time.Second); err != nil {
		t.Errorf("%v: %s", err, p.Output())
	}
}

// SIGUSR1 does nothing to a process that logs elsewhere.
func TestSIGUSR1EndsNoProcess(t *testing.T) {
	p, address, _ := startDemo(t)
	p.Signal(syscall.SIGUSR1)
	if code, text := status("http://" + address + "/"); code != 200 || !p.Running() {
		t.Errorf("%d %s: %s", code, text, p.Output())
	}
}

func TestAccessLogOptionsThatContradict(t *testing.T) {
	for want, args := range map[string][]string{
		"both say how lines look":    {"-access-log", "json", "-access-log-format", "combined"},
		"contradict each other":      {"-access-log", "off", "-access-log-file", "x"},
		"there is no variable $nope": {"-access-log-format", "$nope"},
		"$remote_addr, ":             {"-access-log-format", "${nope}"},
	} {
		o := execute(t, binary, nil, append([]string{"proxy"}, args...)...)
		if o.code != exitUsage || !strings.Contains(o.stderr, want) || strings.Count(o.stderr, "\n") != 1 {
			t.Errorf("%v: code %d, %q, want %q", args, o.code, o.stderr, want)
		}
	}
	if o := execute(t, binary, nil, "proxy", "-listen", "127.0.0.1:0", "-admin", "", "-access-log-file", "/nonexistent/log"); o.code != exitFatal || !strings.Contains(o.stderr, "-access-log-file: ") {
		t.Errorf("code %d, %q", o.code, o.stderr)
	}
}
