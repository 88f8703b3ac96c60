package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/pointsman/pointsman/examples/lab"
)

// A container reaches the proxy's listener at the host's address, and never its admin API.
func TestAdminIsNotReachedFromAContainer(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to ask from a container's network")
	}
	d := lab.FindDocker(t)
	id := d.Run(d.WebImage())
	gateway := d.Do("inspect", "-f", "{{.NetworkSettings.Gateway}}", id)
	c := lab.StartConsul(t)
	p := lab.StartProcess(t, "proxy", nil, binary, "proxy", "-listen", "0.0.0.0:0", "-admin", "127.0.0.1:0", "-consul", c.HTTP)
	_, open, _ := net.SplitHostPort(bound(t, p, "HTTP"))
	_, port, _ := net.SplitHostPort(bound(t, p, "the admin API"))
	pid := d.Do("inspect", "-f", "{{.State.Pid}}", id)
	from := func(port string) string {
		out, _ := exec.Command("nsenter", "-t", pid, "-n", binary, "history", "-admin", net.JoinHostPort(gateway, port)).CombinedOutput()
		return string(out)
	}
	if said := from(open); said == "" || strings.Contains(said, "dial tcp") { // it has no such page, and says so
		t.Errorf("the listener: %q", said)
	}
	if said := from(port); !strings.Contains(said, "refused") {
		t.Errorf("the admin API: %s", said)
	}
}

// What clients send is escaped in the access log: each line is read by who reads such lines, and there are as many as requests.
func TestAccessLogOfHostileRequests(t *testing.T) {
	requests := []string{ // uri-pct-crlf and hd-val-ctl are common names of the first two
		"GET /g%0d%0aX-Smuggled:%201 HTTP/1.1\r\nHost: a.test\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a.test\r\nX-A: 1\x012\r\nUser-Agent: a\x01b\r\n\r\n",
		"GET /\"q HTTP/1.1\r\nHost: a.test\r\nUser-Agent: \" \\\" 200 1 \x1b[31mred\x1b[0m\r\nReferer: \xff\xfe\t<script>\r\n\r\n",
		"GET /u HTTP/1.1\r\nHost: a.test\r\nUser-Agent: a\",\"status\":200,\"x\":\"\r\n\r\n",
		"GET /\\x0a HTTP/1.1\r\nHost: a.test\r\nReferer: \xe2\x80\xa8\xe2\x80\xae\r\n\r\n",
		"GET /ok HTTP/1.1\r\nHost: a\"b\r\n\r\n",
		"GET /\x7f HTTP/1.1\r\nHost: a.test\r\n\r\n",
		"G\"T / HTTP/1.1\r\nHost: a.test\r\n\r\n",
		"GET /fine HTTP/1.1\r\nHost: a.test\r\n\r\n",
	}
	for name, c := range map[string]struct {
		args []string
		good func(line string) bool
	}{
		"json": {[]string{"-access-log", "json"}, func(line string) bool { return json.Valid([]byte(line)) }},
		"combined": {[]string{"-access-log-format", "combined"}, func(line string) bool {
			return strings.Count(line, `"`) == 6 && strings.HasPrefix(line, "127.0.0.1 - - [")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "access.log")
			p, address, _ := startDemo(t, append(c.args, "-access-log-file", path)...)
			for _, request := range requests {
				if first := sendRaw(t, address, request); !strings.HasPrefix(first, "HTTP/1.1 ") || strings.Contains(first, "Smuggled") {
					t.Errorf("%q: %q", request, first)
				}
			}
			for _, line := range lines(t, path, len(requests)) {
				if !c.good(line) || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\ufffd' }) {
					t.Errorf("%q", line)
				}
			}
			p.Signal(syscall.SIGTERM)
			if err := p.Wait(20 * time.Second); err != nil {
				t.Error(err)
			}
		})
	}
}

// sendRaw sends bytes on a connection of their own, and returns the first line of the answer.
func sendRaw(t *testing.T, address, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := c.Write([]byte(request)); err != nil {
		t.Fatal(err)
	}
	var b [64]byte
	n, err := c.Read(b[:])
	if err != nil {
		t.Errorf("%q: %v", request, err)
	}
	first, _, _ := strings.Cut(string(b[:n]), "\r\n")
	return first
}

// Names and tags that Consul takes come as text to whoever reads: a line of the log for each event, metrics that Prometheus reads, JSON without markup.
func TestHostileNamesOfACatalogueAreText(t *testing.T) {
	hostile := []string{"x; } server { listen 81; ", "<script>alert(1)</script>", "\x1b[31mred", "a\x00b", "line\nend", "\"quote\\", "\u202ertl", strings.Repeat("w", 300)}
	c := lab.StartConsul(t)
	host, port := instance(t, "one")
	for i, name := range hostile {
		put(t, c, name, host, port+i, "pointsman.route=h"+fmt.Sprint(i)+".test/", "pointsman.route=bad"+name+" auth="+name, "urlprefix-"+name+"/ proto="+name, name)
	}
	put(t, c, "web", host, port, "urlprefix-web.test/")
	p, address, admin := startProxy(t, nil, "-consul", c.HTTP, "-log-level", "debug", "-register", "edge")
	answers(t, address, "web.test", 200, "one")
	for i := range hostile {
		_, _ = withHost(address, "h"+fmt.Sprint(i)+".test") // be it refused: the metrics and the log know of it
	}
	_, text := status("http://" + admin + "/metrics")
	if _, err := promlint.New(strings.NewReader(text)).Lint(); err != nil || !strings.Contains(text, `service="x; } server { listen 81; "`) {
		t.Errorf("metrics: %v %q", err, regexp.MustCompile(`service="[^ ]*`).FindAllString(text, 40))
	}
	if strings.ContainsAny(text, "\x00\x1b") || strings.Contains(text, "\u202e") {
		t.Error("a control character in the metrics")
	}
	for _, path := range []string{"/api/services", "/api/services?load=1", "/api/routes", "/api/upstreams", "/api/notices", "/api/history", "/api/status", "/api/services/" + "web"} {
		code, text := status("http://" + admin + path)
		if code != 200 || !json.Valid([]byte(text)) || strings.ContainsAny(text, "<>\x00\x1b") {
			t.Errorf("%s: %d %.200s", path, code, text)
		}
	}
	for _, command := range [][]string{{"status"}, {"history"}, {"explain", "h1.test/"}} {
		o := execute(t, binary, nil, append([]string{command[0], "-admin", admin}, command[1:]...)...)
		if strings.ContainsAny(o.stdout+o.stderr, "\x00\x1b\u202e") || o.stdout == "" {
			t.Errorf("%v: %q %q", command, o.stdout, o.stderr)
		}
	}
	_ = p.Stop(20 * time.Second)
	said := 0
	for line := range bytes.Lines([]byte(strings.TrimRight(p.Output(), "\n"))) {
		said++
		if !json.Valid(line) {
			t.Errorf("a line of the log is no JSON: %q", line)
		}
		if bytes.ContainsAny(bytes.TrimRight(line, "\n"), "\x00\x1b\r\x7f") || bytes.Contains(line, []byte("\u202e")) {
			t.Errorf("a control character in the log: %q", line)
		}
	}
	if said < len(hostile) {
		t.Errorf("%d lines", said)
	}
}
