package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// drained is an instance that a test drains: it counts what reaches it, and keeps those who ask for /hold until release.
type drained struct {
	name  string
	id    string
	count atomic.Int64
	held  atomic.Int64
	free  chan struct{}
	once  sync.Once
}

func (d *drained) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	d.count.Add(1)
	if r.URL.Path == "/hold" {
		d.held.Add(1)
		<-d.free
	}
	fmt.Fprint(w, d.name)
}

func (d *drained) release() { d.once.Do(func() { close(d.free) }) }

// quiet says that no request reaches it while others are sent.
func (d *drained) quiet(t *testing.T, last time.Duration, when string) {
	t.Helper()
	before := d.count.Load()
	time.Sleep(last)
	if n := d.count.Load() - before; n != 0 {
		t.Errorf("%s: %d requests reached the drained instance", when, n)
	}
}

// again waits until requests reach it.
func (d *drained) again(t *testing.T, limit time.Duration, when string) {
	t.Helper()
	before := d.count.Load()
	lab.Eventually(t, limit, when+": it gets requests again", func() bool { return d.count.Load() > before })
}

// yard is a service of two instances in a real Consul, behind proxies.
type yard struct {
	t    *testing.T
	c    *lab.Consul
	a, b *drained
	all  []*lab.Meter
}

func newYard(t *testing.T, c *lab.Consul) *yard {
	y := &yard{t: t, c: c}
	for _, name := range []string{"a", "b"} {
		d := &drained{name: name, free: make(chan struct{})}
		s := httptest.NewServer(d)
		t.Cleanup(func() { d.release(); s.Close() })
		host, port := split(t, s.Listener.Addr().String())
		put(t, c, "web", host, port, "urlprefix-/")
		if d.id = fmt.Sprint("web-", port); name == "a" {
			y.a = d
		} else {
			y.b = d
		}
	}
	return y
}

// load sends requests through a proxy, and none of them may be lost.
func (y *yard) load(address string) {
	answers(y.t, address, "web.example", 200, "")
	y.all = append(y.all, lab.StartMeter(y.t, lab.Load{Address: address, Host: "web.example", Rate: 100, PostIn: 2, Plain: true}))
}

// lostNothing ends the load.
func (y *yard) lostNothing() {
	y.t.Helper()
	for i, m := range y.all {
		if tally := m.Stop(); tally.Lost("") != 0 || tally.Sent("") == 0 {
			y.t.Errorf("client %d: %s", i, tally)
		}
	}
}

// hold leaves a request of a proxy on the instance a.
func (y *yard) hold(address string) {
	y.t.Helper()
	lab.Eventually(y.t, 10*time.Second, "a request is held", func() bool {
		go func() {
			if r, err := http.Get("http://" + address + "/hold"); err == nil {
				_ = r.Body.Close()
			}
		}()
		time.Sleep(50 * time.Millisecond)
		return y.a.held.Load() > 0
	})
	y.b.release()
}

// start runs the command, and tells its outcome.
func (y *yard) start(args ...string) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		done <- execute(y.t, binary, nil, append([]string{args[0], "-consul", y.c.HTTP}, args[1:]...)...)
	}()
	return done
}

// draining waits until a proxy knows of the drain.
func (y *yard) draining(admin string) {
	y.t.Helper()
	lab.Eventually(y.t, 10*time.Second, "the proxy drains", func() bool {
		_, text := status("http://" + admin + "/api/drains")
		return strings.Contains(text, y.a.id)
	})
}

func (y *yard) await(done <-chan outcome, want int, text string) {
	y.t.Helper()
	select {
	case o := <-done:
		if o.code != want || !strings.Contains(o.stdout+o.stderr, text) {
			y.t.Errorf("code %d, want %d with %q: %s %s", o.code, want, text, o.stdout, o.stderr)
		}
	case <-time.After(time.Minute):
		y.t.Fatal("the command does not end")
	}
}

func (y *yard) waits(done <-chan outcome, last time.Duration, when string) {
	y.t.Helper()
	select {
	case o := <-done:
		y.t.Fatalf("%s: it did not wait: code %d: %s %s", when, o.code, o.stdout, o.stderr)
	case <-time.After(last):
	}
}

// Consul that stands still, or that one of the proxies can't reach, changes nothing about a drain: no request is lost, none reaches the instance before the
// end, and the command waits for the answers. The end comes at its time although nobody can be asked.
func TestDrainWhileConsulIsAway(t *testing.T) {
	t.Parallel()
	c := lab.StartConsul(t)
	y := newYard(t, c)
	way := lab.Forward(t, c.HTTP)
	_, one, oneAdmin := startProxy(t, nil, "-consul", way.Address)
	_, two, twoAdmin := startProxy(t, nil, "-consul", c.HTTP)
	y.load(one)
	y.load(two)
	y.hold(one)
	done := y.start("drain", "-timeout", "1m", "-for", "5m", y.a.id)
	y.draining(oneAdmin)
	y.draining(twoAdmin)
	way.Set(lab.Refusing)
	way.Reset()
	y.a.quiet(t, time.Second, "a proxy can't reach Consul")
	y.waits(done, 0, "a proxy can't reach Consul")
	way.Set(lab.Healthy)
	c.Freeze()
	y.a.release()
	y.a.quiet(t, 2*time.Second, "Consul stands still")
	y.waits(done, 0, "Consul stands still")
	c.Thaw()
	y.await(done, 0, "drained after")
	y.await(y.start("drain", "-end", y.a.id), 0, "the drain is ended")
	y.a.again(t, 5*time.Second, "after -end")

	began := time.Now()
	y.await(y.start("drain", "-for", "4s", y.a.id), 0, "drained after")
	c.Freeze()
	defer c.Thaw()
	y.a.quiet(t, 3*time.Second-time.Since(began), "a drain of 4 s")
	y.a.again(t, 5*time.Second, "Consul stands still at the end of the drain")
	if took := time.Since(began); lab.Long() && took > 6*time.Second {
		t.Errorf("a drain of 4 s lasted %s", took)
	}
	y.lostNothing()
}

// A proxy whose session was ended goes on with the drain, and is waited for.
func TestDrainOverTheEndOfASession(t *testing.T) {
	t.Parallel()
	c := lab.StartConsul(t)
	y := newYard(t, c)
	_, one, admin := startProxy(t, nil, "-consul", c.HTTP)
	y.load(one)
	y.hold(one)
	done := y.start("drain", "-timeout", "1m", y.a.id)
	y.draining(admin)
	var sessions []struct{ ID string }
	if err := c.Get("/v1/session/list", &sessions); err != nil || len(sessions) == 0 {
		t.Fatalf("%+v %v", sessions, err)
	}
	for _, s := range sessions {
		if err := c.Put("/v1/session/destroy/"+s.ID, nil); err != nil {
			t.Fatal(err)
		}
	}
	y.a.quiet(t, 6*time.Second, "its session has ended") // longer than the command waits for who has gone
	y.waits(done, 0, "its session has ended")
	y.a.release()
	y.await(done, 0, "drained after")
	y.lostNothing()
}

// A proxy that is started again, or comes new, while a drain goes on does not send the instance a request. One with a snapshot on disk does not
// even where Consul does not answer.
func TestDrainOverTheStartOfAProxy(t *testing.T) {
	t.Parallel()
	c := lab.StartConsul(t)
	y := newYard(t, c)
	file := t.TempDir() + "/state"
	with, one, _ := startProxy(t, nil, "-consul", c.HTTP, "-state", file)
	without, two, _ := startProxy(t, nil, "-consul", c.HTTP)
	answers(t, one, "web.example", 200, "")
	answers(t, two, "web.example", 200, "")
	y.await(y.start("drain", "-for", "5m", y.a.id), 0, "drained after")
	lab.Eventually(t, 10*time.Second, "the drain is on disk", func() bool { return strings.Contains(read(t, file), `"draining"`) })
	with.Kill()
	without.Kill()
	// From now on whatever reaches a comes from proxies that were started while it was drained.
	before := y.a.count.Load()
	for _, again := range []struct {
		name    string
		options []string
	}{{"started again", nil}, {"new, with a state of its own", []string{"-state", t.TempDir() + "/state"}}, {"started again, with its state", []string{"-state", file}}} {
		p, address, admin := startProxy(t, nil, append([]string{"-consul", c.HTTP}, again.options...)...)
		y.load(address)
		y.draining(admin)
		y.a.quiet(t, 300*time.Millisecond, again.name)
		if !p.Says(5*time.Second, "draining an instance") {
			t.Errorf("%s: it does not say that it drains", again.name)
		}
		with = p
	}
	y.await(y.start("drain", "-for", "5m", y.a.id), 0, "drained after")
	y.await(y.start("drain", "-for", "5m", y.b.id), 1, "without an instance: its requests would get 503; another instance of it is drained already; -force")
	y.lostNothing()
	y.all = nil
	with.Kill()
	c.Freeze()
	defer c.Thaw()
	_, address, _ := startProxy(t, nil, "-consul", c.HTTP, "-state", file)
	y.load(address)
	y.a.quiet(t, time.Second, "from disk, while Consul stands still")
	c.Thaw()
	if n := y.a.count.Load() - before; n != 0 {
		t.Errorf("%d requests reached the drained instance in all", n)
	}
	y.await(y.start("drain", "-end", y.a.id), 0, "the drain is ended")
	y.a.again(t, 5*time.Second, "after -end")
	y.lostNothing()
}

// Of two who want the last two instances at the same moment, one is refused.
func TestTheLastTwoAtTheSameMoment(t *testing.T) {
	t.Parallel()
	c := lab.StartConsul(t)
	y := newYard(t, c)
	_, address, _ := startProxy(t, nil, "-consul", c.HTTP)
	y.load(address)
	for range max(3, lab.Rounds(20)) {
		refused := 0
		first, second := y.start("drain", y.a.id), y.start("drain", y.b.id)
		for _, one := range []struct {
			*drained
			outcome
		}{{y.a, <-first}, {y.b, <-second}} {
			switch {
			case one.code == 1 && strings.Contains(one.stderr, "without an instance"):
				refused++
			case one.code != 0:
				t.Errorf("code %d: %s", one.code, one.stderr)
			default:
				y.await(y.start("drain", "-end", one.id), 0, "ended")
			}
		}
		if refused != 1 {
			t.Errorf("%d of 2 were refused", refused)
		}
	}
	y.lostNothing()
}

// Without a right the command says which line of the policy is missing.
func TestDrainSaysWhichRightIsMissing(t *testing.T) {
	t.Parallel()
	const master = "11111111-2222-3333-4444-555555555555"
	c := lab.StartConsul(t, map[string]any{"acl": map[string]any{"enabled": true, "default_policy": "deny",
		"tokens": map[string]string{"initial_management": master, "agent": master, "default": master}}})
	y := newYard(t, c)
	rules := ""
	for i, right := range []string{`service_prefix "" { policy = "read" }`, `node_prefix "" { policy = "read" }`, `session_prefix "" { policy = "write" }`, `key_prefix "pointsman/" { policy = "write" }`} {
		secret := fmt.Sprintf("aaaaaaaa-2222-3333-4444-%012d", i)
		if err := c.Put("/v1/acl/policy", map[string]any{"Name": fmt.Sprint("p", i), "Rules": "agent_prefix \"\" { policy = \"read\" }" + rules}); err != nil {
			t.Fatal(err)
		}
		if err := c.Put("/v1/acl/token", map[string]any{"SecretID": secret, "Policies": []any{map[string]any{"Name": fmt.Sprint("p", i)}}}); err != nil {
			t.Fatal(err)
		}
		o := execute(t, binary, []string{"CONSUL_HTTP_TOKEN=" + secret}, "drain", "-consul", c.HTTP, "-timeout", "5s", y.a.id)
		t.Log(strings.TrimSpace(o.stderr))
		if o.code != 1 || i >= 2 && !strings.Contains(o.stderr, right) || !strings.Contains(o.stderr, "denied") {
			t.Errorf("without %s: code %d: %s", right, o.code, o.stderr)
		}
		rules += "\n" + right
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}
