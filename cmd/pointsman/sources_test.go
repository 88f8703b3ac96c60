package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// putKey writes a key of the KV store.
func putKey(t *testing.T, c *lab.Consul, key, value string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+c.HTTP+"/v1/kv/"+key, strings.NewReader(value))
	if err != nil {
		t.Fatal(err)
	}
	a, err := http.DefaultClient.Do(request)
	if err != nil || a.StatusCode != http.StatusOK {
		t.Fatalf("%+v %v", a, err)
	}
	a.Body.Close()
}

func TestTheRoutesFileIsFollowed(t *testing.T) {
	host, port := instance(t, "fixed")
	file := filepath.Join(t.TempDir(), "routes")
	write(t, file, "# none yet\n")
	p, address, admin := startDemo(t, "-routes-file", file)
	answers(t, address, "fixed.example", 200, "web-") // the default service
	line := fmt.Sprintf("fixed.example/ to=%s:%d\n", host, port)
	write(t, file, line) // found by itself
	answers(t, address, "fixed.example", 200, "fixed")
	hangup := func(want string) {
		t.Helper()
		p.Signal(syscall.SIGHUP)
		if !p.Says(5*time.Second, want) {
			t.Errorf("no %q in %s", want, p.Output())
		}
	}
	hangup(`"unchanged":"the routes file ` + file)
	write(t, file, line+"say.example/ respond=200,said\nbad.example/ to=nonsense\nown.example/ to="+address+"\n")
	hangup(`"changed":"the routes file ` + file)
	answers(t, address, "say.example", 200, "said")
	answers(t, address, "own.example", 503, "")
	if _, text := status("http://" + admin + "/api/routes"); !strings.Contains(text, file+":3") || !strings.Contains(text, "listener of this process") {
		t.Errorf("the bad lines are not shown: %s", text)
	}
	write(t, file, "")
	hangup(`kept, as the file can't be used":"the routes file ` + file)
	answers(t, address, "say.example", 200, "said")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	hangup("no such file")
	answers(t, address, "say.example", 200, "said")
	p.Signal(syscall.SIGTERM)
	if err := p.Wait(20 * time.Second); err != nil {
		t.Errorf("%v: %s", err, p.Output())
	}
}

func TestARoutesFileThatIsNotThereEndsTheStart(t *testing.T) {
	if o := execute(t, binary, nil, "demo", "-listen", "127.0.0.1:0", "-admin", "", "-routes-file", filepath.Join(t.TempDir(), "none")); o.code != 1 || !strings.Contains(o.stderr, "-routes-file") {
		t.Errorf("%d %s", o.code, o.stderr)
	}
}

// A failing check keeps requests away, and shows.
func TestAnInstanceIsCheckedAtItsPath(t *testing.T) {
	var ill, asked atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/up" {
			asked.Store(r.Host == "h.example" && r.URL.RawQuery == "x=1")
			if ill.Load() {
				w.WriteHeader(http.StatusInternalServerError)
			}
			return
		}
		fmt.Fprint(w, "checked")
	}))
	t.Cleanup(s.Close)
	host, port := instance(t, "plain")
	file := filepath.Join(t.TempDir(), "routes")
	write(t, file, fmt.Sprintf("a.example/ to=%s health-check=/up?x=1 health-interval=500ms host=h.example\na.example/ to=%s:%d\n", s.Listener.Addr(), host, port))
	p, address, admin := startDemo(t, "-routes-file", file)
	answers(t, address, "a.example", 200, "checked")
	ill.Store(true)
	if !p.Says(10*time.Second, "fails its health check") || !asked.Load() {
		t.Fatalf("%s", p.Output())
	}
	for range 10 {
		answers(t, address, "a.example", 200, "plain")
	}
	if _, text := status("http://" + admin + "/api/routes"); !strings.Contains(text, `"check": "failing"`) || !strings.Contains(text, "500") {
		t.Errorf("%s", text)
	}
	if o := execute(t, binary, nil, "explain", "-admin", admin, "http://a.example/"); !strings.Contains(o.stdout, s.Listener.Addr().String()+"  50 %  fails its health check") {
		t.Errorf("%s%s", o.stdout, o.stderr)
	}
	ill.Store(false)
	answers(t, address, "a.example", 200, "checked")
}

// What stands in KV leads to services and where the operator allows, and outlives a Consul that dies or is wiped.
func TestLinesInKV(t *testing.T) {
	c := lab.StartConsul(t)
	host, port := instance(t, "one")
	put(t, c, "plain", host, port) // asks for nothing itself
	shut, shutPort := instance(t, "shut")
	put(t, c, "shut", shut, shutPort, "pointsman.route=shut.example/ allow=ip:192.0.2.1")
	file := filepath.Join(t.TempDir(), "state")
	p, address, admin := startProxy(t, nil, "-consul", c.HTTP, "-state", file)
	answers(t, address, "kv.example", 404, "")
	putKey(t, c, "pointsman/routes/a", "kv.example/ service=plain\npast.example/ service=shut\n")
	putKey(t, c, "pointsman/routes/b", strings.Join([]string{"admin.example/ to=" + admin, "agent.example/ to=" + c.HTTP, "meta.example/ to=169.254.169.254:80",
		"socket.example/ to=unix:/var/run/docker.sock", "say.example/ respond=200,x", fmt.Sprintf("fixed.example/ to=%s:%d", host, port),
		"\x1b[31m<script>.example/ to=10.0.0.1:80", "consul.example/ service=consul"}, "\n"))
	answers(t, address, "kv.example", 200, "one")
	for _, name := range []string{"past", "admin", "agent", "meta", "fixed", "consul"} {
		answers(t, address, name+".example", 503, "")
	}
	answers(t, address, "socket.example", 404, "")
	answers(t, address, "say.example", 404, "")
	if _, text := status("http://" + admin + "/api/routes"); !strings.Contains(text, "pointsman/routes/b:4") || strings.Contains(text, "\x1b") {
		t.Errorf("%s", text)
	}
	c.Kill()
	for range 3 {
		answers(t, address, "kv.example", 200, "one")
		time.Sleep(200 * time.Millisecond)
	}
	c.Restart(t) // without what it held: a development agent keeps nothing on disk
	if !p.Says(20*time.Second, "route lines are gone from the KV store, and that is in doubt") {
		t.Errorf("the wiped store was not seen: %s", p.Output())
	}
	answers(t, address, "kv.example", 200, "one")
	answers(t, address, "agent.example", 503, "")
	lab.Eventually(t, 10*time.Second, "the lines are on disk", func() bool {
		b, _ := os.ReadFile(file)
		return strings.Contains(string(b), "kv.example/ service=plain")
	})
	p.Kill()
	c.Kill()
	_, address, _ = startProxy(t, nil, "-consul", c.HTTP, "-state", file)
	answers(t, address, "kv.example", 200, "one")
}
