package routing

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// told are a table's conflicts in short.
func toldConflicts(t *Table) string {
	var out []string
	for _, c := range t.Conflicts() {
		out = append(out, c.Service+" after "+c.Holder+": "+c.Rule+" "+strings.SplitN(c.Reason, ":", 2)[0])
	}
	return strings.Join(out, "; ")
}

func TestServicesOnOneHostAreSaid(t *testing.T) {
	web := fixture.Instance("web", "10.0.0.1", 80, "urlprefix-shop.test/", "urlprefix-/web")
	for tag, want := range map[string]string{
		"urlprefix-shop.test/":                            "zed after web: shop.test/ the same route",
		"urlprefix-shop.test/ weight=1":                   "zed after web: shop.test/ the same route",
		"urlprefix-SHOP.test/ redirect=302,https://e.io/": "zed after web: shop.test/ the same route",
		"urlprefix-shop.test/login":                       "zed after web: shop.test/login a route of its own on that host",
		"urlprefix-shop.test:80/":                         "zed after web: shop.test:80/ a route of its own on that host",
		"pointsman.route=shop.test/":                      "zed after web: shop.test/ a route of its own on that host",
		"urlprefix-/web":                                  "zed after web: /web the same route",
		"urlprefix-/web/login":                            "",
		"urlprefix-other.test/":                           "",
		"urlprefix-*.test/":                               "",
	} {
		var log bytes.Buffer
		table := newTable(Options{Log: zerolog.New(&log)}).Next(fixture.Snapshot(web))
		next := table.Next(fixture.Snapshot(web, fixture.Instance("zed", "10.0.0.2", 80, tag)))
		next.reportContests()
		if got := toldConflicts(next); got != want || next.Contested() != strings.Count(got, " after ") {
			t.Errorf("%s: got %q, %d contested, want %q", tag, got, next.Contested(), want)
		}
		if lines := strings.Count(log.String(), "\n"); lines != next.Contested() || lines == 1 && !strings.Contains(log.String(), `"holder":"web"`) {
			t.Errorf("%s: logged %s", tag, log.String())
		}
		log.Reset()
		again := next.Next(fixture.Snapshot(web, fixture.Instance("zed", "10.0.0.2", 80, tag), fixture.Instance("more", "10.0.0.3", 80)))
		if again.reportContests(); log.Len() != 0 || toldConflicts(again) != want {
			t.Errorf("%s: told again %s, now %q", tag, log.String(), toldConflicts(again))
		}
		gone := again.Next(fixture.Snapshot(web, fixture.Instance("zed", "10.0.0.2", 80)))
		if toldConflicts(gone) != "" || gone.Contested() != 0 {
			t.Errorf("%s: after it left %q, %d", tag, toldConflicts(gone), gone.Contested())
		}
	}
}

// Who came first stays first, by whatever name; who makes room in the same snapshot is in nobody's way.
func TestFirstOnAHostIsNamed(t *testing.T) {
	shop := func(service string) discovery.Instance {
		return fixture.Instance(service, "10.0.0.1", 80, "urlprefix-shop.test/")
	}
	table := newTable(Options{}).Next(fixture.Snapshot(shop("web")))
	table = table.Next(fixture.Snapshot(shop("web"), shop("alpha")))
	if got := toldConflicts(table); !strings.HasPrefix(got, "alpha after web: ") {
		t.Errorf("got %q", got)
	}
	empty := fixture.Snapshot(shop("alpha"), fixture.Instance("web", "10.0.0.1", 80))
	if moved := table.Next(empty); toldConflicts(moved) != "" || len(moved.contests) != 0 {
		t.Errorf("got %q", toldConflicts(moved))
	}
	taken := newTable(Options{}).Next(fixture.Snapshot(shop("web"), fixture.Instance("alpha", "10.0.0.2", 80)))
	if swapped := taken.Next(fixture.Snapshot(shop("alpha"), fixture.Instance("web", "10.0.0.1", 80))); len(swapped.contests) != 0 || swapped.Contested() != 0 {
		t.Errorf("a host that changed hands: %+v", swapped.contests)
	}
	if got := toldConflicts(table); !strings.HasPrefix(got, "alpha after web: ") {
		t.Errorf("an older table changed: %q", got)
	}
}

func TestConflictsAreBounded(t *testing.T) {
	var log bytes.Buffer
	var list []discovery.Instance
	for i := range 5_000 {
		list = append(list, fixture.Instance(fmt.Sprintf("s%05d", i), "10.0.0.1", 1+i, fmt.Sprintf("urlprefix-shop.test/%d", i)))
	}
	began := time.Now()
	table := newTable(Options{Log: zerolog.New(&log)}).Next(fixture.Snapshot(list...))
	t.Logf("%v", time.Since(began))
	table.reportContests()
	if table.Contested() != len(list)-1 || strings.Count(log.String(), "\n") != maxLogged+1 {
		t.Errorf("%d contested, %d lines", table.Contested(), strings.Count(log.String(), "\n"))
	}
}

// Two services that are two ports of the same containers divide a host as their owner wrote it; only where both have the very same route is
// there something to say.
func TestPortsOfOneContainerAreNoConflict(t *testing.T) {
	port := func(service, container string, n int, tag string) discovery.Instance {
		in := fixture.Instance(service, "10.0.0.1", n, tag)
		in.ID += container
		if rest, ok := strings.CutSuffix(container, " elsewhere"); ok { // it says that it is of that container
			container, in.Address = rest, "10.0.0.9"
		}
		in.Container = container
		return in
	}
	web := port("web", "c1", 80, "urlprefix-shop.test/")
	for _, c := range []struct {
		container, tag, want, alone string
	}{
		{"c1", "urlprefix-shop.test/admin", "", ""},
		{"c1 elsewhere", "urlprefix-shop.test/admin", "zed after web: shop.test/admin a route of its own on that host", "zed after web: shop.test/admin the host belongs to the service that asked for it first"},
		{"c1", "urlprefix-shop.test/", "zed after web: shop.test/ the same route", "zed after web: shop.test/ the same route"},
		{"c2", "urlprefix-shop.test/admin", "zed after web: shop.test/admin a route of its own on that host", "zed after web: shop.test/admin the host belongs to the service that asked for it first"},
		{"", "urlprefix-shop.test/admin", "zed after web: shop.test/admin a route of its own on that host", "zed after web: shop.test/admin the host belongs to the service that asked for it first"},
	} {
		for exclusive, want := range map[bool]string{false: c.want, true: c.alone} {
			table := newTable(Options{ExclusiveHosts: exclusive}).Next(fixture.Snapshot(web)).Next(fixture.Snapshot(web, port("zed", c.container, 90, c.tag)))
			if got := toldConflicts(table); got != want || table.Contested() != strings.Count(want, " after ") {
				t.Errorf("%s %s, exclusive %v: %q, %d, want %q", c.container, c.tag, exclusive, got, table.Contested(), want)
			}
			served, _ := table.Match(Query{Authority: "shop.test", Path: "/admin"})
			if zed := served != nil && slices.ContainsFunc(served.Members, func(m Member) bool { return m.Upstream.Service() == "zed" }); zed != !strings.Contains(want, "belongs") {
				t.Errorf("%s %s, exclusive %v: zed is asked: %v", c.container, c.tag, exclusive, zed)
			}
		}
	}
}
