package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/record"
	"github.com/pointsman/pointsman/proxy/routing"
)

// shown is a moment as a client reads it.
type shown struct {
	Time      time.Time
	Table     uint64
	Total     totalView
	Services  map[string]serviceView
	Routes    map[string]routeView
	Instances map[string]instanceView
}

// rig is a Sampler with what it reads.
type rig struct {
	t       *testing.T
	table   *routing.Switch
	counts  *record.Recorder
	sampler *Sampler
	read    int // tables were asked for
	end     func()
}

func newRig(t *testing.T, list ...discovery.Instance) *rig {
	t.Helper()
	metrics := record.NewMetrics(prometheus.NewRegistry(), nil)
	r := &rig{t: t, table: routing.NewSwitch(routing.Options{Languages: fixture.Languages()}),
		counts: record.New(record.Options{Metrics: metrics, Notices: &record.Notices{}, Log: zerolog.Nop()})}
	r.table.Apply(fixture.Snapshot(list...))
	r.sampler = NewSampler(Sources{Metrics: metrics, Age: func(service string) (time.Duration, bool) { return 1500 * time.Millisecond, service == "web" },
		Table: func() *routing.Table { r.read++; return r.table.Load() }})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = r.sampler.Run(ctx) })
	r.end = func() { cancel(); running.Wait() }
	return r
}

func (r *rig) view(w Wish) *Viewer {
	r.t.Helper()
	v, err := r.sampler.View(w)
	if err != nil {
		r.t.Fatal(err)
	}
	synctest.Wait()
	return v
}

func (r *rig) next(v *Viewer) (s shown) {
	r.t.Helper()
	text, err := v.Next(r.t.Context())
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		r.t.Fatalf("%v: %s", err, text)
	}
	return s
}

// requests are answered by an instance of the service web.
func (r *rig) requests(n, status int, took time.Duration, u *balancer.Upstream) {
	for range n {
		var q record.Request
		r.counts.Begin()
		u.ObserveHead(0, time.Now(), status < 500)
		r.counts.Finish(&q, "web", status, took, nil)
	}
}

func upstreams(t *routing.Table) (list []*balancer.Upstream) {
	for _, x := range t.Upstreams() {
		list = append(list, x.Upstream)
	}
	return list
}

func web(n int) (list []discovery.Instance) {
	for i := range n {
		list = append(list, fixture.Instance("web", fmt.Sprintf("10.0.%d.%d", i/250, i%250), 80, "pointsman.route=web.io/"))
	}
	return list
}

func TestAMomentIsWhatHappenedInASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, web(2)...)
		defer r.end()
		list := upstreams(r.table.Load())
		r.requests(1000, 200, time.Millisecond, list[0]) // before anybody looks
		route := r.table.Load().Routes()[0]
		id := r.table.Load().ID(route)
		v := r.view(Wish{Services: []string{"web", "none", "<b>"}, Routes: []string{id, "none"}, Detail: "web"})
		defer v.Close()
		r.requests(30, 200, 2*time.Millisecond, list[0])
		r.requests(10, 503, 2*time.Millisecond, list[1])
		list[1].Acquire(0)
		s := r.next(v)
		w := s.Services["web"]
		if s.Table != 1 || s.Total.Rate != 40 || s.Total.Errors != 10 || len(s.Services) != 1 || w.Rate != 40 || w.Errors != 10 || w.Instances != 2 || w.Usable != 2 ||
			w.InFlight != 1 || w.AnswerAge == nil || *w.AnswerAge != 1.5 || w.P50 == nil || *w.P50 < 1 || *w.P99 > 2.5 || len(s.Routes) != 1 {
			t.Errorf("%+v", s)
		}
		a, b := s.Instances[idOf(r, 0)], s.Instances[idOf(r, 1)]
		if a.Rate != 30 || a.Errors != 0 || *a.Share != 0.75 || b.Rate != 10 || b.Errors != 10 || *b.Share != 0.25 || b.InFlight != 1 {
			t.Errorf("%+v, %+v", a, b)
		}
		for i := range 50 { // the route's own figures are over five seconds
			route.Lane.Budget.Deposit(time.Now())
			route.Lane.Answered.Note(time.Now(), i < 5, 3*time.Millisecond)
		}
		list[1].Way(balancer.WayKey{}).ObserveRefused(time.Now().Add(time.Minute))
		s = r.next(v)
		if w = s.Services["web"]; w.Rate != 0 || w.P50 != nil || w.Usable != 1 || w.Ejected != 1 || s.Total.Ejected != 1 {
			t.Errorf("a second later: %+v", w)
		}
		if b = s.Instances[idOf(r, 1)]; b.State != StateEjected || b.EjectedFor != "refused" || b.EjectedUntil == "" || b.Rate != 0 || b.Share == nil {
			t.Errorf("ejected: %+v", b)
		}
		for range 3 {
			s = r.next(v)
		}
		if got := s.Routes[id]; got.Rate != 10 || got.Errors != 1 || got.Mean == nil || *got.Mean != 3 {
			t.Errorf("the route: %+v", got)
		}
	})
}

func idOf(r *rig, i int) string {
	s, _ := r.table.Load().Service("web")
	return s.Instances[i].ID
}

// An instance is followed from its registration to its first answer.
func TestInstancesTakeTheirSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := web(1)[0]
		r := newRig(t, old)
		defer r.end()
		v := r.view(Wish{Detail: "web"})
		defer v.Close()
		s := r.next(v)
		if got := s.Instances[old.ID]; got.State != StateReady || got.Steps != nil {
			t.Errorf("there before, and no times: %+v", got)
		}
		one := fixture.Instance("web", "10.0.1.1", 80, "pointsman.route=web.io/")
		one.Started = time.Now()
		one.Sent, one.Seen, one.SinceStart, one.Status = one.Started.Add(5*time.Millisecond), one.Started.Add(7500*time.Microsecond), true, discovery.Critical
		r.table.Apply(fixture.Snapshot(old, one))
		if got := r.next(v).Instances[one.ID]; got.State != StateRegistered || *got.Steps.Registered != 5 || *got.Steps.Seen != 7.5 || got.Steps.Routable != nil {
			t.Errorf("registered: %+v", got)
		}
		one.Status = discovery.Passing
		r.table.Apply(fixture.Snapshot(old, one))
		u := upstreams(r.table.Load())[1]
		if got := r.next(v).Instances[one.ID]; got.State != StateReady || got.Steps.Routable == nil || got.Steps.Answered != nil {
			t.Errorf("healthy: %+v", got)
		}
		u.Way(balancer.WayKey{}).ObserveAnswer(0, time.Millisecond)
		u.StampAnswered(one.Started.Add(4 * time.Second))
		if got := r.next(v).Instances[one.ID]; got.State != StateServing || *got.Steps.Answered != 4000 || *got.Steps.Routable > 4000 {
			t.Errorf("serving: %+v", got)
		}
		one.Status = discovery.Critical
		r.table.Apply(fixture.Snapshot(old, one))
		if got := r.next(v).Instances[one.ID]; got.State != StateCritical {
			t.Errorf("critical: %+v", got)
		}
		one.Status, one.Draining = discovery.Passing, time.Now().Add(time.Minute)
		r.table.Apply(fixture.Snapshot(old, one))
		if got := r.next(v).Instances[one.ID]; got.State != StateDrained {
			t.Errorf("drained: %+v", got)
		}
		one.Status, one.Draining = discovery.Maintenance, time.Time{}
		foreign := fixture.Instance("web", "10.0.1.2", 80)
		foreign.Kind = "connect-proxy"
		r.table.Apply(fixture.Snapshot(old, one, foreign))
		if s := r.next(v); s.Instances[one.ID].State != StateMaintenance || s.Instances[foreign.ID].State != StateUnusable {
			t.Errorf("maintenance, unusable: %+v", s.Instances)
		}
	})
}

// Nothing is read while nobody looks, and once for all who do.
func TestReadOnceForAllAndOnlyWhileSomebodyLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, web(1)...)
		defer r.end()
		time.Sleep(time.Hour)
		if synctest.Wait(); r.read != 0 {
			t.Errorf("read %d times for nobody", r.read)
		}
		var all []*Viewer
		for range MostViewers {
			all = append(all, r.view(Wish{Services: []string{"web"}, Detail: "web"}))
		}
		if _, err := r.sampler.View(Wish{}); !errors.Is(err, ErrCrowded) {
			t.Errorf("one too many: %v", err)
		}
		time.Sleep(100*time.Second + Period/2)
		if synctest.Wait(); r.read < 100 || r.read > 102 {
			t.Errorf("read %d times in 100 s", r.read)
		}
		for _, v := range all { // who does not take a moment gets the last one
			if s := r.next(v); time.Since(s.Time) > Period {
				t.Errorf("old: %s", time.Since(s.Time))
			}
			v.Close()
		}
		time.Sleep(2 * Period)
		before := r.read
		time.Sleep(time.Hour)
		if synctest.Wait(); r.read != before || r.sampler.reading.shares != nil || r.sampler.reading.last != (time.Time{}) {
			t.Errorf("read %d times after the last one has gone", r.read-before)
		}
		v := r.view(Wish{})
		r.next(v)
		r.end()
		if _, err := v.Next(t.Context()); !errors.Is(err, ErrEnding) {
			t.Errorf("after the end: %v", err)
		}
		if _, err := r.sampler.View(Wish{}); !errors.Is(err, ErrEnding) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// A large service is shown in parts, and what has gone is not kept.
func TestLargeServicesAreShownInParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, web(450)...)
		defer r.end()
		for offset, want := range map[int]int{0: 200, 400: 50, 450: 0, 1 << 30: 0} {
			v := r.view(Wish{Detail: "web", Offset: offset})
			if s := r.next(v); len(s.Instances) != want {
				t.Errorf("from %d on: %d", offset, len(s.Instances))
			}
			v.Close()
		}
		v := r.view(Wish{Detail: "web"})
		defer v.Close()
		r.next(v)
		r.table.Apply(fixture.Snapshot(web(2)...))
		if s := r.next(v); len(s.Instances) != 2 || len(r.sampler.reading.shares["web"].of) != 2 {
			t.Errorf("%d shown, %d kept", len(s.Instances), len(r.sampler.reading.shares["web"].of))
		}
	})
}

func TestBeforeTheFirstTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.end()
		r.sampler.from.Table = func() *routing.Table { return nil }
		v := r.view(Wish{Services: []string{"web"}, Routes: []string{"x"}, Detail: "web"})
		defer v.Close()
		if s := r.next(v); s.Table != 0 || len(s.Services)+len(s.Routes)+len(s.Instances) != 0 {
			t.Errorf("%+v", s)
		}
	})
}
