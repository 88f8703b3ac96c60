package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// remembered lets a proxy write down its view and end, and returns the file.
func remembered(t *testing.T, agent *lab.Consul) (*scene, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "view.json")
	s := enact(t, agent, agent.HTTP, 3, "-state", file)
	if err := s.proxy.Stop(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	if !lab.Exists(file) {
		t.Fatal("the proxy has ended and its view is not on disk")
	}
	return s, file
}

// aged copies a view, confirmed so long ago.
func aged(t *testing.T, file string, ago time.Duration) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var view map[string]any
	if err := json.Unmarshal(text, &view); err != nil {
		t.Fatal(err)
	}
	view["confirmed"] = time.Now().Add(-ago)
	if text, err = json.Marshal(view); err != nil {
		t.Fatal(err)
	}
	return written(t, text)
}

func written(t *testing.T, text []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "view.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// stale is what the admin API says about the view; false when it says nothing.
func stale(p *lab.Program) bool {
	var view struct{ Stale bool }
	return p.Ask("/api/services", &view) == nil && view.Stale
}

// Proxies that start while Consul is down: with a view on disk that counts, and without.
func TestProxyStartsWithoutConsul(t *testing.T) {
	t.Parallel()
	_, agent := lab.StartPair(t)
	first, file := remembered(t, agent)
	agent.Kill()
	half, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	cases := []*struct {
		name, file string
		serves     bool
		scene      *scene
	}{
		{name: "no view on disk", file: filepath.Join(t.TempDir(), "none.json")},
		{name: "a view of now", file: file, serves: true},
		{name: "a view of 23 h ago", file: aged(t, file, 23*time.Hour), serves: true},
		{name: "a view of 25 h ago", file: aged(t, file, 25*time.Hour)},
		{name: "half a view", file: written(t, half[:len(half)/2])},
	}
	for _, c := range cases {
		c.scene = &scene{t: t, name: first.name, ledger: lab.NewLedger()}
		started := time.Now()
		c.scene.proxy = lab.StartProxy(t, bin, agent.HTTP, false, "-state", c.file)
		c.scene.began(c.name, started, c.serves)
		if c.serves {
			c.scene.ledger = first.ledger
			c.scene.begin()
		}
	}
	time.Sleep(2 * time.Second)
	for _, c := range cases {
		if c.scene.proxy.Ready() != c.serves || stale(c.scene.proxy) != c.serves {
			t.Errorf("%s: ready %v, stale %v, want both to be %v", c.name, c.scene.proxy.Ready(), stale(c.scene.proxy), c.serves)
		}
	}
	agent.Start()
	up := first.awaitHealth(agent)
	var all sync.WaitGroup
	for _, c := range cases {
		all.Go(func() {
			good := lab.Within(lab.Patient(10*time.Second), func() bool { return !stale(c.scene.proxy) && c.scene.ask().StatusCode == http.StatusOK })
			took := time.Since(up)
			t.Logf("%s: right and not stale %s after the agent answers", c.name, took)
			if !good || took > recovery || c.scene.usable() != 3 {
				t.Errorf("%s: good %v after %s, %d of 3 instances usable", c.name, good, took, c.scene.usable())
			}
		})
	}
	all.Wait()
	time.Sleep(time.Second)
	for _, c := range cases {
		if c.serves {
			c.scene.end()
		}
	}
}

// began checks how a proxy behaves that has just started without Consul.
func (s *scene) began(name string, started time.Time, serves bool) {
	s.t.Helper()
	path := "/healthz"
	if serves { // the process answers a moment before it has read its view
		path = "/readyz"
	}
	lab.Eventually(s.t, 5*time.Second, name+": the proxy listens", func() bool {
		answer, err := http.Get("http://" + s.proxy.Admin + path)
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	answer := s.ask()
	s.t.Logf("%s: %s after %s", name, answer.Status, time.Since(started))
	switch {
	case serves && answer.StatusCode != http.StatusOK:
		s.t.Errorf("%s: %s, want 200", name, answer.Status)
	case !serves && (answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == ""):
		s.t.Errorf("%s: %s, Retry-After %q, want 503 with one", name, answer.Status, answer.Header.Get("Retry-After"))
	}
}

// A proxy starts from disk while Consul is down, and Consul comes back without any memory: what the disk says is held as what
// was seen is, until it is registered again.
func TestConsulIsEmptyAfterProxyStartsFromDisk(t *testing.T) {
	t.Parallel()
	agent := lab.StartConsul(t) // in memory
	s, file := remembered(t, agent)
	agent.Kill()
	s.proxy = lab.StartProxy(t, bin, agent.HTTP, true, "-state", file)
	s.begin()
	time.Sleep(time.Second)
	agent.Start()
	s.awaitHealth(agent)
	lab.Eventually(t, 10*time.Second, "the proxy has met the empty answer", func() bool { return gauge(s.proxy, "pointsman_discovery_retained_total") == 3 })
	s.holds("with an empty catalogue", 3, 5*time.Second)
	for i := range s.instances {
		if err := s.register(agent, i); err != nil {
			t.Fatal(err)
		}
	}
	lab.Eventually(t, 5*time.Second, "nothing is held back", func() bool { return s.lines("lists the retained instances again") >= 1 })
	s.end()
	if s.usable() != 3 || stale(s.proxy) {
		t.Errorf("%d of 3 instances usable, stale %v", s.usable(), stale(s.proxy))
	}
	s.emptied(agent)
}
