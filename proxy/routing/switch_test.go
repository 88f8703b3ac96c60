package routing

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

func TestSwitchPublishesBeforeItRetires(t *testing.T) {
	s := newSwitch(Options{})
	if s.Ready() || s.Load() != nil || !s.Changed().IsZero() {
		t.Fatal("ready before the first snapshot")
	}
	if r, ok := s.Load().Match(Query{Authority: "h", Path: "/"}); ok || r != nil {
		t.Fatal("a route before the first snapshot")
	}
	before := time.Now()
	s.Apply(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "urlprefix-a.io/")))
	first := s.Load()
	u := upstream(t, first, "a.io", "10.0.0.1:80")
	if !s.Ready() || s.Swaps() != 1 || u.Routable().Before(before) || s.Changed().Before(before) {
		t.Errorf("swaps %d, routable %v", s.Swaps(), u.Routable())
	}
	var seen *Table
	u.Way(balancer.WayKey{}).AfterRetire(func() { seen = s.Load() })
	s.Apply(fixture.Snapshot(fixture.Instance("web", "10.0.0.2", 80, "urlprefix-a.io/")))
	if seen == nil || seen == first || seen != s.Load() {
		t.Error("retired before the new table was published")
	}
	r, _ := first.Match(Query{Authority: "a.io", Path: "/"})
	if _, ok := r.Pick(balancer.Want{}); ok {
		t.Error("a request that loaded the old table picks an instance that is gone")
	}
}

func TestSwitchRunsUntilItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		snapshots, done := make(chan *discovery.Snapshot), make(chan error)
		s := newSwitch(Options{})
		go func() { done <- s.Run(ctx, snapshots) }()
		snapshots <- fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "urlprefix-/"))
		synctest.Wait()
		expect(t, s.Load(), "h", "/", "10.0.0.1:80")
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestEachRefusalIsLoggedOnce(t *testing.T) {
	var out strings.Builder
	s := newSwitch(Options{Log: zerolog.New(&out)})
	s.Apply(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "urlprefix-/a\x1b weight=1")))
	s.Apply(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "urlprefix-/a\x1b weight=1", "other"), fixture.Instance("web", "10.0.0.2", 80, "urlprefix-/a\x1b weight=1")))
	if n := strings.Count(out.String(), "\n"); n != 1 || strings.Contains(out.String(), "\x1b") {
		t.Errorf("%d lines: %s", n, out.String())
	}
	out.Reset()
	var many []discovery.Instance
	for i := range 50 {
		many = append(many, fixture.Instance("web", "10.0.0.1", 80+i, fmt.Sprintf("urlprefix-/a weight=x%d", i)))
	}
	s.Apply(fixture.Snapshot(many...))
	if n := strings.Count(out.String(), "\n"); n != maxLogged+1 {
		t.Errorf("%d lines for 50 refusals", n)
	}
}

func TestViews(t *testing.T) {
	bad := fixture.Instance("web", "10.0.0.2", 80, "urlprefix-/x weight=abc")
	sick := fixture.Instance("web", "10.0.0.3", 80)
	sick.Status = discovery.Critical
	table := newTable(Options{DefaultService: "web"}).Next(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "urlprefix-a.io:81/p weight=0.5 strip=/p speed=9"), bad, sick))
	routes := table.Routes()
	if len(routes) != 2 || routes[0].Host != "a.io:81" || routes[0].Path != "/p" || !routes[1].Default || len(routes[1].Members) != 2 {
		t.Fatalf("%+v", routes)
	}
	if g := routes[0].Members[0]; len(routes[0].Members) != 1 || !g.Way.Usable() || len(g.Rule.Words()) != 4 {
		t.Errorf("%+v", g)
	}
	services := table.Services()
	if len(services) != 1 || len(services[0].Instances) != 3 || len(services[0].Verdicts) != 2 || services[0].Instances[2].Status != discovery.Critical {
		t.Errorf("%+v", services)
	}
	if s, u, r := table.Totals(); s != 1 || u != 2 || r != 2 {
		t.Error(s, u, r)
	}
	var none *Table
	if none.Routes() != nil || none.Services() != nil || none.Verdicts() != nil {
		t.Error("no table shows something")
	}
}
