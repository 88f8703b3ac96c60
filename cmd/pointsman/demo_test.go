package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// bound finds the address that a running program says it listens at.
func bound(t *testing.T, p *lab.Process, what string) string {
	t.Helper()
	line := regexp.MustCompile(`"address":"([^"]+)"[^\n]*"listening for ` + what + `"`)
	var found []string
	lab.Eventually(t, 10*time.Second, "listening for "+what, func() bool {
		found = line.FindStringSubmatch(p.Output())
		return found != nil || !p.Running()
	})
	if found == nil {
		t.Fatalf("ended: %s", p.Output())
	}
	return found[1]
}

// status asks once; 0 when there is no answer.
func status(url string) (int, string) {
	client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	a, err := client.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer a.Body.Close()
	text, _ := io.ReadAll(a.Body)
	return a.StatusCode, string(text)
}

// stream sends requests without pause and without repeating any: each on a connection of its own, since an http.Transport
// repeats what fails on one that it had kept.
type stream struct {
	sent, lost atomic.Int64
	refused    atomic.Int64 // of the lost ones: no connection, so nothing was sent
	mu         sync.Mutex
	names      map[string]int
	first      string
	quit       chan struct{}
	done       sync.WaitGroup
}

func startStream(address string, clients int) *stream {
	s := &stream{names: map[string]int{}, quit: make(chan struct{})}
	for range clients {
		s.done.Go(func() {
			for {
				select {
				case <-s.quit:
					return
				default:
					s.once(address)
				}
			}
		})
	}
	return s
}

func (s *stream) once(address string) {
	code, text := status("http://" + address + "/")
	s.sent.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if code != http.StatusOK {
		s.lost.Add(1)
		if strings.Contains(text, "connection refused") {
			s.refused.Add(1)
		} else if s.first == "" {
			s.first = fmt.Sprint(code, " ", text)
		}
		return
	}
	name, _, _ := strings.Cut(text, " ")
	s.names[name]++
}

func (s *stream) stop() {
	close(s.quit)
	s.done.Wait()
}

// seen forgets who has answered so far and tells how many do in a while, until it is n. The while grows: a busy machine needs longer to have
// so many requests answered that all turn up.
func (s *stream) seen(t *testing.T, n int) {
	t.Helper()
	while := 200 * time.Millisecond
	lab.Eventually(t, 10*time.Second, fmt.Sprintf("%d instances answer", n), func() bool {
		s.mu.Lock()
		clear(s.names)
		s.mu.Unlock()
		time.Sleep(while)
		while += while / 4
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.names) == n
	})
}

func startDemo(t *testing.T, args ...string) (p *lab.Process, address, admin string) {
	t.Helper()
	args = append([]string{binary, "demo", "-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0"}, args...)
	p = lab.StartProcess(t, "demo", nil, args...)
	address, admin = bound(t, p, "HTTP"), bound(t, p, "the admin API")
	lab.Eventually(t, 5*time.Second, "ready", func() bool { code, _ := status("http://" + admin + "/readyz"); return code == 200 })
	return p, address, admin
}

func TestDemoScalesWithoutLosingARequest(t *testing.T) {
	p, address, admin := startDemo(t, "-drain-wait", "4s")
	s := startStream(address, 4)
	s.seen(t, 3)
	for _, n := range []int{6, 2, 5} {
		if o := execute(t, binary, nil, "scale", "-admin", admin, fmt.Sprintf("web=%d", n)); o.code != 0 {
			t.Fatal(o.stderr)
		}
		s.seen(t, n)
	}
	time.Sleep(2 * lameDuck) // those that were taken away are closed by now
	s.stop()
	if s.lost.Load() > 0 || s.sent.Load() < 100 {
		t.Errorf("%d of %d lost, first: %s", s.lost.Load(), s.sent.Load(), s.first)
	}
	for _, c := range []struct{ wish, want string }{{"db=3", "no service"}, {"web=101", "0 to 100"}} {
		if o := execute(t, binary, nil, "scale", "-admin", admin, c.wish); o.code != 1 || !strings.Contains(o.stderr, c.want) {
			t.Errorf("%s: %d %q", c.wish, o.code, o.stderr)
		}
	}
	o := execute(t, binary, nil, "explain", "-admin", admin, "-header", "X-A: b", "http://web.localhost/x")
	if o.code != 0 || !strings.Contains(o.stdout, "route     web.localhost/  (web)") || strings.Count(o.stdout, "  instance  web") != 5 {
		t.Errorf("explain: %+v", o)
	}
	if o := execute(t, binary, nil, "explain", "-admin", admin, "ftp://x"); o.code != 1 || !strings.Contains(o.stderr, "http(s) URL") {
		t.Errorf("explain: %+v", o)
	}
	for _, name := range []string{"web.localhost", "whatever.example"} {
		if code, text := withHost(address, name); code != 200 {
			t.Errorf("%s: %d %s", name, code, text)
		}
	}
	drains(t, p, address, admin)
}

// withHost asks with a Host field of its own.
func withHost(address, host string) (int, string) {
	r, err := http.NewRequest(http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		return 0, err.Error()
	}
	r.Host = host
	a, err := (&http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer a.Body.Close()
	text, _ := io.ReadAll(a.Body)
	return a.StatusCode, string(text)
}

// drains sends SIGTERM: not ready at once, requests still served while load balancers notice, then the end with code 0.
func drains(t *testing.T, p *lab.Process, address, admin string) {
	t.Helper()
	p.Signal(syscall.SIGTERM)
	lab.Eventually(t, time.Second, "not ready", func() bool { code, _ := status("http://" + admin + "/readyz"); return code == 503 })
	if code, text := status("http://" + address + "/"); code != 200 {
		t.Errorf("while draining: %d %s", code, text)
	}
	if err := p.Wait(5 * time.Second); err != nil {
		t.Errorf("ended with %v: %s", err, p.Output())
	}
}

// While the proxy drains and after its end a client may be refused, and nothing else: what was accepted is answered.
func TestEndUnderLoadCutsNothing(t *testing.T) {
	p, address, _ := startDemo(t, "-drain-wait", "100ms")
	s := startStream(address, 8)
	s.seen(t, 3)
	p.Signal(syscall.SIGTERM)
	if err := p.Wait(10 * time.Second); err != nil {
		t.Errorf("%v: %s", err, p.Output())
	}
	s.stop()
	if s.lost.Load() > s.refused.Load() {
		t.Errorf("%d of %d lost, %d of them refused; the first: %s", s.lost.Load(), s.sent.Load(), s.refused.Load(), s.first)
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	p, _, admin := startDemo(t, "-drain-wait", "1m")
	p.Signal(syscall.SIGTERM)
	lab.Eventually(t, time.Second, "not ready", func() bool { code, _ := status("http://" + admin + "/readyz"); return code == 503 })
	p.Signal(syscall.SIGTERM)
	if err := p.Wait(2 * time.Second); err == nil || p.Running() {
		t.Errorf("want exit code 1 at once, got %v", err)
	}
}

func TestHealthTellsByItsExitCode(t *testing.T) {
	_, _, admin := startDemo(t)
	for _, args := range [][]string{{"health", "-admin", admin}, {"health", "-ready", "-status", admin}} {
		if o := execute(t, binary, nil, args...); o.code != 0 {
			t.Errorf("%v: %d %s", args, o.code, o.stderr)
		}
	}
	if o := execute(t, binary, []string{"POINTSMAN_ADMIN=" + admin}, "health"); o.code != 0 {
		t.Errorf("by variable: %d %s", o.code, o.stderr)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := l.Addr().String()
	_ = l.Close()
	if o := execute(t, binary, nil, "health", "-admin", gone); o.code != 1 || strings.Count(o.stderr, "\n") != 1 {
		t.Errorf("%d %q", o.code, o.stderr)
	}
}

func TestLogIsJSONWhereNobodyLooks(t *testing.T) {
	p, _, _ := startDemo(t)
	if err := p.Stop(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	lines := 0
	for line := range strings.Lines(p.Output()) {
		if strings.HasPrefix(line, "{") && !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %q", line)
		} else if strings.HasPrefix(line, "{") {
			lines++
		}
	}
	if lines < 3 {
		t.Errorf("%d JSON lines in %s", lines, p.Output())
	}
}

func TestServingOutlivesTheReaderOfItsLog(t *testing.T) {
	const line = `"$0" demo -listen 127.0.0.1:0 -admin 127.0.0.1:0 -access-log json | true`
	p := lab.StartProcess(t, "demo", nil, "sh", "-c", line, binary)
	address := bound(t, p, "HTTP")
	lab.Eventually(t, 10*time.Second, "an answer", func() bool { code, _ := status("http://" + address); return code == 200 })
	for range 5 {
		time.Sleep(50 * time.Millisecond) // a line is written, and fails
		if code, text := status("http://" + address); code != 200 {
			t.Fatalf("%d %s: %s", code, text, p.Output())
		}
	}
}

func TestDemoPrintsLinesThatWork(t *testing.T) {
	p := lab.StartProcess(t, "demo", nil, binary, "demo", "-listen", ":0", "-admin", ":0")
	if !p.Says(10*time.Second, "End it with Ctrl-C") {
		t.Fatal(p.Output())
	}
	lab.Eventually(t, 5*time.Second, "an answer", func() bool {
		found := regexp.MustCompile(`curl (http://localhost:\d+/)\n`).FindStringSubmatch(p.Output())
		if found == nil {
			t.Fatalf("no curl line with localhost: %s", p.Output())
		}
		code, _ := status(found[1])
		return code == 200
	})
	scale := regexp.MustCompile(`\n  (\S+ scale .*web=5)\n`).FindStringSubmatch(p.Output())
	if scale == nil {
		t.Fatalf("no line that scales: %s", p.Output())
	}
	if out, err := exec.Command("sh", "-c", scale[1]).CombinedOutput(); err != nil {
		t.Errorf("%s: %v: %s", scale[1], err, out)
	}
	routes := regexp.MustCompile(`curl (http://localhost:\d+/api/routes)\n`).FindStringSubmatch(p.Output())
	if routes == nil {
		t.Fatalf("no line for the routes: %s", p.Output())
	}
	if code, text := status(routes[1]); code != 200 || !strings.Contains(text, "web.localhost") {
		t.Errorf("routes: %d %s", code, text)
	}
	if code, text := status(strings.TrimSuffix(routes[1], "/api/routes") + "/metrics"); code != 200 || !strings.Contains(text, "\npointsman_access_log_dropped_total 0\n") {
		t.Errorf("metrics do not count the lines that the access log dropped: %d", code)
	}
}

// Whoever follows a service on the admin address is told of each change, also beside followers that don't read; clients lose nothing.
func TestDemoTellsFollowers(t *testing.T) {
	p, address, admin := startDemo(t, "-drain-wait", "4s")
	clients := startStream(address, 4)
	for range 40 {
		idle := listenTo(t, admin, "/api/events")
		defer idle.Close()
	}
	body := listenTo(t, admin, "/api/services/web")
	stop := time.AfterFunc(2*time.Minute, func() { _ = body.Close() })
	defer stop.Stop()
	in := bufio.NewScanner(body)
	for _, n := range []int{3, 5, 2} {
		if o := execute(t, binary, nil, "scale", "-admin", admin, fmt.Sprintf("web=%d", n)); o.code != 0 {
			t.Fatal(o.stderr)
		}
		want := fmt.Sprintf(`"count":%d}`, n)
		for in.Scan() && !(strings.HasPrefix(in.Text(), `data: {"name":"web"`) && strings.HasSuffix(in.Text(), want)) {
		}
		if in.Err() != nil {
			t.Fatalf("not told of %d instances: %v", n, in.Err())
		}
	}
	time.Sleep(2 * lameDuck) // those that were taken away are closed by now
	clients.stop()
	if clients.lost.Load() > 0 {
		t.Errorf("%d of %d lost, first: %s", clients.lost.Load(), clients.sent.Load(), clients.first)
	}
	drains(t, p, address, admin) // followers keep nobody from ending
}

// listenTo opens a stream of the admin API.
func listenTo(t *testing.T, admin, path string) io.ReadCloser {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+admin+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	answer, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	return answer.Body
}
