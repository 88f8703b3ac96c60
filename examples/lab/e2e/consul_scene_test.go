package e2e

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// scene is a service whose instances this test serves itself, registered at a Consul agent, with the proxy before it and a
// load through it. It needs no Docker.
type scene struct {
	t         *testing.T
	name      string
	ledger    *lab.Ledger
	instances []*lab.Upstream
	proxy     *lab.Program
	meter     *lab.Meter
}

// sceneRate is the open loop's: enough that an error of 10 ms is seen, and little enough that several scenes run at once.
const sceneRate = 100

// enact registers n instances at the agent and starts a proxy that asks Consul at an address, which may be another one.
func enact(t *testing.T, agent *lab.Consul, address string, n int, options ...string) *scene {
	t.Helper()
	s := &scene{t: t, name: "web", ledger: lab.NewLedger()}
	for range n {
		s.join(agent)
	}
	s.proxy = lab.StartProxy(t, bin, address, true, options...)
	s.answers(n)
	return s
}

// join starts one more instance and registers it.
func (s *scene) join(agent *lab.Consul) {
	s.t.Helper()
	s.instances = append(s.instances, lab.StartUpstream(s.t, s.ledger))
	if err := s.register(agent, len(s.instances)-1); err != nil {
		s.t.Fatal(err)
	}
}

// register registers an instance, again where it was before.
func (s *scene) register(agent *lab.Consul, i int) error {
	host, port := hostPort(s.t, s.instances[i].Address)
	return agent.Put("/v1/agent/service/register", map[string]any{
		"ID": fmt.Sprint(s.name, "-", i), "Name": s.name, "Address": host, "Port": port, "Tags": []string{"pointsman.route=" + s.host() + "/"},
	})
}

func (s *scene) deregister(agent *lab.Consul, i int) error {
	return agent.Put(fmt.Sprint("/v1/agent/service/deregister/", s.name, "-", i), nil)
}

func hostPort(t *testing.T, address string) (string, int) {
	t.Helper()
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}

func (s *scene) host() string { return s.name + ".localhost" }

// usable is how many instances the proxy may send traffic to; -1 when it does not tell.
func (s *scene) usable() int { return int(gauge(s.proxy, "pointsman_instances_usable")) }

// answers waits until the proxy has n usable instances.
func (s *scene) answers(n int) {
	s.t.Helper()
	lab.Eventually(s.t, 15*time.Second, fmt.Sprintf("the proxy has %d usable instances", n), func() bool { return s.usable() == n })
}

// holds checks for a while that the proxy stays ready and has n usable instances.
func (s *scene) holds(what string, n int, during time.Duration) {
	s.t.Helper()
	for end := time.Now().Add(during); time.Now().Before(end); time.Sleep(2 * sampling) {
		if got, ready := s.usable(), s.proxy.Ready(); got != n || !ready {
			s.t.Errorf("%s: %d of %d instances usable, ready %v", what, got, n, ready)
			return
		}
	}
}

// begin starts the load, half of it POST.
func (s *scene) begin() {
	s.meter = lab.StartMeter(s.t, lab.Load{Address: s.proxy.Proxy, Host: s.host(), Rate: sceneRate, PostIn: 2})
}

// end stops the load and reports: lost, wrong, cut and duplicated requests are counted apart, and each must be none.
func (s *scene) end() {
	s.t.Helper()
	tally := s.meter.Stop()
	s.t.Log(tally)
	wrong, cut := tally.Of("", lab.Wrong), tally.Of("", lab.Cut)
	lost, twice := tally.Lost("")-wrong-cut, s.ledger.Duplicates("POST") // a GET may be, where an instance stands still
	if lost != 0 || wrong != 0 || cut != 0 || len(twice) != 0 {
		s.t.Errorf("of %d requests %d lost, %d wrong, %d cut, %d POST duplicated", tally.Sent(""), lost, wrong, cut, len(twice))
	}
	if tally.Sent("") < sceneRate {
		s.t.Errorf("only %d requests were sent", tally.Sent(""))
	}
}

// gauge is the value of a metric by its name and labels as they stand in /metrics; -1 where there is none.
func gauge(p *lab.Program, name string) float64 { return gaugeIn(p.Metrics(), name) }

func gaugeIn(text, name string) float64 {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			if v, err := strconv.ParseFloat(strings.TrimSpace(rest), 64); err == nil {
				return v
			}
		}
	}
	return -1
}

// ages samples how old the proxy's view is, as its metrics tell.
type ages struct {
	mu       sync.Mutex
	at       []time.Time // when the sample was taken
	age      []time.Duration
	routines []float64
	resident []float64 // bytes
	stop     func()
}

// sampling is how often: to write and read all metrics takes a millisecond or two.
const sampling = 100 * time.Millisecond

// watchAges samples until the test ends or stop is called.
func (s *scene) watchAges() *ages {
	a, done := &ages{}, make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(sampling):
			}
			text := s.proxy.Metrics()
			now := time.Now()
			age := gaugeIn(text, fmt.Sprintf("pointsman_discovery_service_age_seconds{service=%q}", s.name))
			if age < 0 {
				continue
			}
			a.mu.Lock()
			a.at, a.age = append(a.at, now), append(a.age, time.Duration(age*float64(time.Second)))
			a.routines = append(a.routines, gaugeIn(text, "go_goroutines"))
			a.resident = append(a.resident, gaugeIn(text, "process_resident_memory_bytes"))
			a.mu.Unlock()
		}
	})
	a.stop = sync.OnceFunc(func() { close(done); all.Wait() })
	s.t.Cleanup(a.stop)
	return a
}

// fresh waits for the first answer that the proxy got after a moment, and returns how long after.
func (a *ages) fresh(t *testing.T, since time.Time, limit time.Duration) time.Duration {
	t.Helper()
	var after time.Duration
	lab.Eventually(t, limit, "Consul's answer is in the view", func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		for i, at := range a.at {
			if answered := at.Add(-a.age[i]); answered.After(since) {
				after = answered.Sub(since)
				return true
			}
		}
		return false
	})
	return after
}

// most is the highest age from a moment on.
func (a *ages) most(since time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	var most time.Duration
	for i, at := range a.at {
		if at.After(since) {
			most = max(most, a.age[i])
		}
	}
	return most
}

// curve is the age every so often, for the log.
func (a *ages) curve(step time.Duration) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var b strings.Builder
	var next time.Time
	for i, at := range a.at {
		if at.Before(next) {
			continue
		}
		next = at.Add(step)
		fmt.Fprintf(&b, " %.1f", a.age[i].Seconds())
	}
	return fmt.Sprintf("age of the view in seconds, every %s:%s", step, b.String())
}

// halves tells what is usual for a number of the program (the median) in the first half of the samples and in the second, and
// its highest.
func (a *ages) halves(of func(*ages) []float64) (before, after, most float64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := of(a)
	usual := func(some []float64) float64 { return slices.Sorted(slices.Values(some))[len(some)/2] }
	return usual(all[:len(all)/2+1]), usual(all[len(all)/2:]), slices.Max(all)
}

func routines(a *ages) []float64 { return a.routines }
func resident(a *ages) []float64 { return a.resident }

// lines counts the lines of the proxy's log that hold a text.
func (s *scene) lines(text string) (n int) {
	for line := range strings.Lines(s.proxy.Output()) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// awaitHealth polls the agent until it answers for the service with success, and returns when that was.
func (s *scene) awaitHealth(agent *lab.Consul) time.Time {
	s.t.Helper()
	lab.Eventually(s.t, 30*time.Second, "Consul answers again", func() bool {
		_, err := agent.Health(s.name)
		return err == nil
	})
	return time.Now()
}

// recovery is how soon after Consul answers the view must be fresh: a second, and on a machine that does other things at least sooner than
// when the next question would be asked anyway (deadline).
var recovery = long(20*time.Second, time.Second)

// long chooses the duration of a fault, or a bar.
func long[T any](short, full T) T {
	if lab.Long() {
		return full
	}
	return short
}
