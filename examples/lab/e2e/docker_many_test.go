package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// crowd is a registrator with everything that it says to Docker and to Consul on record.
type crowd struct {
	t           *testing.T
	agent       *lab.Consul
	docker      *lab.Recorder
	consul      *lab.Recorder
	front       *lab.Forwarder // counts the connections to Consul
	registrator *lab.Program
	service     string
}

func gather(t *testing.T, service, socket string) *crowd {
	t.Helper()
	c := &crowd{t: t, agent: lab.StartConsul(t), docker: lab.RecordUnix(t, socket), service: service}
	c.consul = lab.Record(t, c.agent.HTTP)
	c.front = lab.Forward(t, c.consul.Address)
	c.registrator = lab.StartRegistrator(t, bin, c.docker.Address, c.front.Address, "-ip", "127.0.0.1", "-retry-attempts", "-1", "-resync", fmt.Sprint(int(pulse().Seconds())))
	c.within(10*time.Second, "the registrator follows Docker", func() bool { return strings.Contains(c.registrator.Output(), "Listening for Docker events") })
	return c
}

func (c *crowd) within(limit time.Duration, what string, ok func() bool) {
	c.t.Helper()
	lab.Eventually(c.t, limit, what, ok)
}

func (c *crowd) registered(n int) {
	c.t.Helper()
	c.within(3*time.Minute, fmt.Sprintf("%d are registered", n), func() bool { return c.agent.Named(c.service) == n })
}

// delays are the times from each container's start to the moment its registration was sent, sorted: as the registrator wrote
// them into the catalogue.
func (c *crowd) delays() []time.Duration {
	c.t.Helper()
	all, err := c.agent.Services()
	if err != nil {
		c.t.Fatal(err)
	}
	var list []time.Duration
	for _, s := range all {
		start, err1 := time.Parse(time.RFC3339Nano, s.Meta["pointsman-start"])
		sent, err2 := time.Parse(time.RFC3339Nano, s.Meta["pointsman-sent"])
		if err1 != nil || err2 != nil {
			c.t.Fatalf("%s has no stamps: %v", s.ID, s.Meta)
		}
		list = append(list, sent.Sub(start))
	}
	slices.Sort(list)
	return list
}

// counted checks what n starts have cost since a moment, and prints how long they took. How long is a figure, which the long rounds hold to the
// limit; so is that not one write or connection was given up and tried again.
func (c *crowd) counted(n int, since time.Time, limit time.Duration) {
	c.t.Helper()
	d := c.delays()
	at := func(share float64) time.Duration { return d[int(share*float64(len(d)-1))].Round(10 * time.Microsecond) }
	writes := c.consul.Writes(since)
	looks := c.docker.Calls(since, func(call lab.Call) bool {
		return strings.HasSuffix(call.Path, "/json") && !strings.HasSuffix(call.Path, "/containers/json")
	})
	c.t.Logf("%d containers, start to registration sent: p50 %s p90 %s p99 %s max %s; %d inspects, %d writes over %d connections",
		n, at(0.5), at(0.9), at(0.99), at(1), len(looks), len(writes), c.front.Accepted())
	if lab.Long() && at(0.99) > limit {
		c.t.Errorf("p99 %s, want at most %s", at(0.99), limit)
	}
	passes := int(time.Since(since)/pulse()) + 1
	if len(writes) < n || len(writes) > long(2, 1)*n || len(looks) > (4+passes)*n { // two events for a start, and the passes meanwhile
		c.t.Errorf("%d writes and %d inspects for %d starts, %d passes", len(writes), len(looks), n, passes)
	}
	if most := long[int64](3, 1) * consulConnections; c.front.Accepted() > most {
		c.t.Errorf("%d connections to Consul, want at most %d", c.front.Accepted(), most)
	}
}

const (
	fakeCount, realCount = 500, 50
	// consulConnections is far below the 200 that an agent allows from one address.
	consulConnections = 32
)

func TestManyContainers(t *testing.T) {
	engine := lab.StartEngine(t)
	fake := gather(t, "fake", engine.Socket)
	var ids []string
	t.Run("500 that do not exist start at once", func(t *testing.T) {
		fake := fake.in(t)
		began := time.Now()
		ids = engine.Run(fakeCount, "fake", "SERVICE_NAME=fake", "SERVICE_CHECK_TTL=1h")
		fake.registered(fakeCount)
		// Consul takes some 500 registrations a second on an idle machine of two cores; the bar leaves room for a busy one.
		fake.counted(fakeCount, began, 10*time.Second)
	})
	d := lab.StartDockerd(t) // one of our own: on the machine's there may be other tests' containers
	crowded := gather(t, "real", d.Socket)
	f := &follower{t: t, docker: d.Docker, consul: crowded.agent, record: crowded.consul, image: d.WebImage(), name: crowded.service}
	t.Run("50 real ones start at once", func(t *testing.T) {
		began := time.Now()
		f.runAll(realCount)
		crowded := crowded.in(t)
		crowded.registered(realCount)
		crowded.counted(realCount, began, 2*time.Second) // while the engine itself takes seconds to start them
	})
	if t.Failed() {
		return
	}
	t.Run("pause and unpause", func(t *testing.T) { pauseAll(t, crowded.in(t), f, fake.in(t), engine, ids) })
	t.Run("unhealthy", func(t *testing.T) { fallIll(t, crowded.in(t), f) })
	t.Run("nothing happens", func(t *testing.T) { idle(t, fake.in(t), crowded.in(t)) })
}

// in is the same crowd for a subtest.
func (c *crowd) in(t *testing.T) *crowd {
	own := *c
	own.t = t
	return &own
}

// runAll starts n containers at the same time, as fast as the engine takes them.
func (f *follower) runAll(n int) {
	f.t.Helper()
	const hands = 10 // more only wait for each other in the engine
	var all sync.WaitGroup
	for hand := range hands {
		own := *f
		own.serial = 100 * (hand + 1)
		all.Go(func() { own.run(n / hands) })
	}
	all.Wait()
}

// pauseAll pauses what runs, ten real containers and a hundred others, and lets it go on.
func pauseAll(t *testing.T, crowded *crowd, f *follower, fake *crowd, engine *lab.Engine, ids []string) {
	truth, err := f.truth()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range truth {
		names = append(names, name)
	}
	names, ids = names[:10], ids[:100]
	turn := func(on bool) {
		verb := map[bool]string{true: "pause", false: "unpause"}[on]
		f.docker.Do(append([]string{verb}, names...)...)
		for _, id := range ids {
			engine.Pause(id, on)
		}
	}
	turn(true)
	crowded.registered(realCount - len(names))
	fake.registered(fakeCount - len(ids))
	turn(false)
	crowded.registered(realCount)
	fake.registered(fakeCount)
	f.converges(time.Second)
}

// fallIll follows a container's HEALTHCHECK into Consul. The probe is a program on a mounted folder, which is taken away.
func fallIll(t *testing.T, crowded *crowd, f *follower) {
	folder := t.TempDir()
	probe := filepath.Join(folder, "ok")
	web, err := lab.Build(t.TempDir(), "./examples/web")
	if err != nil {
		t.Fatal(err)
	}
	own := *f
	own.t, own.serial = t, 5000
	own.image = f.docker.Make(lab.Image{Name: "pointsman-lab-probed", Files: map[string]string{"/bin/web": web}, Entrypoint: []string{"/bin/web"},
		Expose: []int{80}, Health: `--interval=500ms --timeout=5s --retries=1 CMD ["/probe/ok", "version"]`})
	name := own.run(1, "-v", folder+":/probe", "-e", "SERVICE_NAME=ill")[0]
	status := func(want string) {
		t.Helper()
		crowded.within(20*time.Second, name+" is "+want, func() bool {
			list, err := crowded.agent.Health("ill")
			return err == nil && len(list) == 1 && list[0].Status == want
		})
	}
	for range 2 {
		status("critical") // starting, then unhealthy
		if err := os.Link(bin, probe); err != nil {
			t.Fatal(err)
		}
		status("passing")
		if err := os.Remove(probe); err != nil {
			t.Fatal(err)
		}
	}
	status("critical")
	f.docker.Remove(name)
	crowded.within(10*time.Second, "it is gone", func() bool { return crowded.agent.Named("ill") == 0 })
}

// pulse is the interval of full passes: the default in the long form, and three times as many in the short one, so that a shorter
// window holds more than one.
func pulse() time.Duration { return long(10*time.Second, 30*time.Second) }

// idle counts what both crowds cost while nothing happens.
func idle(t *testing.T, crowds ...*crowd) {
	window, bar := 2*pulse()+2*time.Second, 0.5 // two full passes
	if lab.Long() {
		window = 60 * time.Second
	} else {
		bar *= 3 // so many passes more: the bar itself is for the default interval
		bar *= 3 // and the same work costs more where others use the caches
	}
	// The first pass after a change looks at each changed container once more, and belongs to the change.
	changed := time.Now()
	for _, c := range crowds {
		c.within(pulse()+5*time.Second, "a full pass", func() bool {
			return len(c.docker.Calls(changed, func(call lab.Call) bool { return strings.HasSuffix(call.Path, "/containers/json") })) > 0
		})
	}
	time.Sleep(2 * time.Second)
	began := time.Now()
	used := map[*crowd]time.Duration{}
	for _, c := range crowds {
		used[c] = c.registrator.CPU()
	}
	time.Sleep(window)
	for _, c := range crowds {
		share := float64(c.registrator.CPU()-used[c]) / float64(time.Since(began)) * 100
		reads := c.consul.Calls(began, func(call lab.Call) bool { return call.Method == "GET" })
		asked := c.docker.Calls(began, nil)
		beats := 0
		for _, w := range c.consul.Writes(began) {
			if strings.HasPrefix(w.Path, "/v1/agent/check/update/") {
				beats++
				continue
			}
			t.Errorf("%s: written although nothing happens: %s %s", c.service, w.Method, w.Path)
		}
		if writes := c.docker.Writes(began); len(writes) != 0 {
			t.Errorf("%s: asked of Docker: %v", c.service, writes)
		}
		if len(reads) == 0 || len(asked) == 0 {
			t.Errorf("%s: no full pass in the window: %d reads of Consul, %d of Docker", c.service, len(reads), len(asked))
		}
		t.Logf("%s: %d registrations, nothing happening for %s: %.3f %% of a core, %d heartbeats, %d reads of Consul, %d of Docker",
			c.service, c.agent.Named(c.service), window, share, beats, len(reads), len(asked))
		if share > bar {
			t.Errorf("%s: %.3f %% of a core, want at most %.1f %%", c.service, share, bar)
		}
	}
}
