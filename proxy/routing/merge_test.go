package routing

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// created is an instance that was registered at an index.
func created(index uint64, in discovery.Instance) discovery.Instance {
	in.Created, in.Index = index, index
	return in
}

// services are those that ask for a host, the oldest claim first.
func services(t *testing.T, table *Table, authority string) string {
	t.Helper()
	r, ok := table.Match(Query{Authority: authority, Path: "/"})
	if !ok {
		t.Fatalf("no route for %s", authority)
	}
	var names []string
	for _, c := range r.claims {
		names = append(names, c.service)
	}
	return strings.Join(names, " ")
}

// The claim of a service is as old as its oldest registration, and stays so while instances come and go.
func TestOlderClaimsComeFirst(t *testing.T) {
	in := func(service, host string, port int, index uint64) discovery.Instance {
		return created(index, fixture.Instance(service, "10.0.0.1", port, "urlprefix-a.io/", "urlprefix-"+host+"/"))
	}
	table := newTable(Options{}).Next(fixture.Snapshot(in("a", "b.io", 1, 30), in("b", "b.io", 2, 10), in("c", "c.io", 3, 20)))
	if got := services(t, table, "a.io"); got != "b c a" {
		t.Errorf("first table: %s", got)
	}
	table = table.Next(fixture.Snapshot(in("a", "b.io", 1, 30), in("b", "b.io", 4, 40), in("c", "c.io", 3, 20)))
	if got := services(t, table, "a.io"); got != "b c a" {
		t.Errorf("b deployed anew: %s", got)
	}
	late := in("c", "b.io", 3, 20)
	late.Index = 50
	table = table.Next(fixture.Snapshot(in("a", "b.io", 1, 30), in("b", "b.io", 4, 40), late))
	if got := services(t, table, "b.io"); got != "b a c" {
		t.Errorf("c asks later than it was registered: %s", got)
	}
	table = table.Next(fixture.Snapshot(in("a", "b.io", 1, 30), in("b", "b.io", 4, 40), in("b", "b.io", 5, 41), late))
	if got := services(t, table, "b.io"); got != "b a c" {
		t.Errorf("and stays there: %s", got)
	}
}

// With ExclusiveHosts nobody gets requests for the host of another service: not by an older registration, and not while it is deployed anew.
func TestHostsAreExclusive(t *testing.T) {
	in := func(service string, port int, index uint64, tags ...string) discovery.Instance {
		return created(index, fixture.Instance(service, "10.0.0.1", port, tags...))
	}
	now := time.Now()
	table := newTable(Options{ExclusiveHosts: true})
	next := func(list ...discovery.Instance) {
		s := fixture.Snapshot(list...)
		now = now.Add(time.Second)
		s.Taken = now
		table = table.Next(s)
	}
	next(in("b", 2, 20, "pointsman.route=a.io/", "urlprefix-b.io/"), in("a", 1, 30, "pointsman.route=a.io/x", "urlprefix-/a"))
	expect(t, table, "a.io", "/x", "10.0.0.1:2")
	expect(t, table, "b.io", "/", "10.0.0.1:2")
	expect(t, table, "any", "/a", "10.0.0.1:1")
	old := in("o", 3, 10, "pointsman.route=a.io/y", "pointsman.route=*.io/z", "pointsman.route=a.io/ priority=5")
	old.Index = 40
	next(in("b", 2, 20, "pointsman.route=a.io/", "urlprefix-b.io/"), in("a", 1, 30, "pointsman.route=a.io/x"), old)
	expect(t, table, "a.io", "/y", "10.0.0.1:2")
	expect(t, table, "c.io", "/z", "10.0.0.1:3")
	next(in("b", 4, 50, "pointsman.route=a.io/"), in("a", 1, 30, "pointsman.route=a.io/x"), old)
	expect(t, table, "a.io", "/x", "10.0.0.1:4")
	expect(t, table, "b.io", "/", "404")
	var told []string
	for _, v := range table.Conflicts() {
		told = append(told, fmt.Sprint(v.Service, " ", v.Kind, " ", v.Holder, " ", v.Rule))
	}
	if got := strings.Join(told, "; "); got != "a refused b a.io/x; o refused b a.io/y; o refused b a.io/" {
		t.Errorf("told: %s", got)
	}
	next(in("a", 1, 30, "pointsman.route=a.io/x"), old)
	expect(t, table, "a.io", "/x", "down") // b may come back
	now = now.Add(vacancy)
	next(in("a", 1, 30, "pointsman.route=a.io/x"), old)
	expect(t, table, "a.io", "/x", "10.0.0.1:1")
	expect(t, table, "a.io", "/y", "404")
	next(old)
	now = now.Add(vacancy)
	next(old)
	expect(t, table, "a.io", "/y", "10.0.0.1:3")
	if len(table.Conflicts()) != 0 {
		t.Errorf("%v", table.Conflicts())
	}
}

// Whatever comes and goes, a table that was derived from others is the same as a new one.
func TestExclusiveHostsDoNotDependOnHistory(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	table, now := newTable(Options{ExclusiveHosts: true}), time.Now()
	for n := range 200 {
		var list []discovery.Instance
		for i := range 8 {
			if r.IntN(3) == 0 {
				continue
			}
			list = append(list, created(uint64(10*n+i+1), fixture.Instance(fmt.Sprintf("s%d-%d", i, n), "10.0.0.1", 80+i, // never one that was there
				fmt.Sprintf("pointsman.route=h%d.io/%c", r.IntN(3), 'a'+rune(r.IntN(2))), fmt.Sprintf("pointsman.route=h%d.io/", r.IntN(3)))))
		}
		for range 2 {
			now = now.Add(time.Hour)
			s := fixture.Snapshot(list...)
			s.Taken = now
			table = table.Next(s)
		}
		fresh := newTable(Options{ExclusiveHosts: true}).Next(fixture.Snapshot(list...))
		for _, host := range []string{"h0.io", "h1.io", "h2.io"} {
			for _, path := range []string{"/a", "/b", "/c"} {
				if got, want := where(table, host, path), where(fresh, host, path); got != want {
					t.Fatalf("table %d: %s%s: %s, want %s", n, host, path, got, want)
				}
			}
		}
	}
}

func TestYoungerClaimsAreTold(t *testing.T) {
	table := newTable(Options{}).Next(fixture.Snapshot(
		created(20, fixture.Instance("a", "10.0.0.1", 1, "pointsman.route=a.io/ priority=5 access-log=off")),
		created(10, fixture.Instance("b", "10.0.0.1", 2, "pointsman.route=a.io/ priority=3 allow=ip:10.0.0.0/8")),
		created(11, fixture.Instance("b", "10.0.0.1", 3, "pointsman.route=a.io/ priority=4 allow=ip:10.0.0.0/8"))))
	r, ok := table.Match(Query{Authority: "a.io", Path: "/"})
	if !ok || r.Priority != 3 || len(r.Rules) != 3 || len(r.Members) != 3 || r.Policy.Admission == nil {
		t.Fatalf("%+v", r)
	}
	told := ""
	for _, v := range append(table.Verdicts(), table.Conflicts()...) {
		told += v.Service + " " + v.Kind.String() + ": " + v.Reason + "\n"
	}
	for _, want := range []string{"b partly: priority=4: not in effect while", "a partly: the same route", "priority=5 access-log=off is not in effect, as the older claim of the route decides"} {
		if !strings.Contains(told, want) {
			t.Errorf("%q is not told:\n%s", want, told)
		}
	}
	if strings.Contains(told, "allow=") {
		t.Errorf("what restricts is in effect:\n%s", told)
	}
}

// Lines of the KV store get no host of a service, and those of the operator do.
func TestExclusiveHostsAndLines(t *testing.T) {
	table := newTable(Options{ExclusiveHosts: true})
	now := time.Now()
	for _, c := range []struct {
		file, kv, mine, theirs string
		told                   int
		list                   []discovery.Instance
	}{
		{"", "a.io/x to=10.1.0.1:80", "10.0.0.1:1", "10.0.0.1:1", 1, []discovery.Instance{fixture.Instance("a", "10.0.0.1", 1, "pointsman.route=a.io/")}},
		{"a.io/x to=10.1.0.2:80", "a.io/x to=10.1.0.1:80", "10.0.0.1:1", "10.1.0.2:80", 1, []discovery.Instance{fixture.Instance("a", "10.0.0.1", 1, "pointsman.route=a.io/")}},
		{"", "a.io/x service=b", "404", "10.0.0.1:2", 0, []discovery.Instance{fixture.Instance("b", "10.0.0.1", 2, "pointsman.route=b.io/")}},
		{"", "a.io/x service=b", "10.0.0.1:1", "10.0.0.1:1", 1, []discovery.Instance{fixture.Instance("a", "10.0.0.1", 1, "pointsman.route=a.io/"), fixture.Instance("b", "10.0.0.1", 2, "pointsman.route=b.io/")}},
	} {
		for range 2 {
			s := withTexts(c.file, c.kv, c.list...)
			now = now.Add(time.Hour)
			s.Taken = now
			table = table.Next(s)
		}
		expect(t, table, "a.io", "/", c.mine)
		expect(t, table, "a.io", "/x", c.theirs)
		if told := table.Conflicts(); len(told) != c.told {
			t.Errorf("%+v: %+v", c, told)
		}
	}
}

// A tag that can't be read decides nothing of its route, however old its instance is.
func TestAClosedRuleDecidesNothing(t *testing.T) {
	table := newTable(Options{}).Next(fixture.Snapshot(
		created(1, fixture.Instance("a", "10.0.0.1", 1, "pointsman.route=a.io/ allow=nonsense")),
		created(2, fixture.Instance("a", "10.0.0.1", 2, "pointsman.route=a.io/ access-log=off allow=ip:10.0.0.0/8")),
		created(3, fixture.Instance("b", "10.0.0.1", 3, "pointsman.route=b.io/ allow=nonsense"))))
	r, ok := table.Match(Query{Authority: "a.io", Path: "/"})
	if !ok || r.Closed || len(r.Members) != 1 || !r.Policy.Unlogged || r.Policy.Admission == nil {
		t.Errorf("%+v", r)
	}
	if r, ok = table.Match(Query{Authority: "b.io", Path: "/"}); !ok || !r.Closed || len(r.Rules) != 1 {
		t.Errorf("%+v", r)
	}
}

// What a line of the operator's decides is told to the service, and what a service decides to the line of the KV store.
func TestLinesAndServicesAreToldWhoDecides(t *testing.T) {
	web := created(3, fixture.Instance("web", "10.0.0.1", 1, "pointsman.route=a.io/ priority=5 tries=2"))
	table := newTable(Options{}).Next(withTexts("a.io/ priority=7 access-log=off", "a.io/ tries=3", web))
	r, ok := table.Match(Query{Authority: "a.io", Path: "/"})
	if !ok || r.Priority != 7 || !r.Policy.Unlogged || r.Policy.Tries.Most != 0 {
		t.Fatalf("%+v", r)
	}
	var told []string
	for _, v := range table.Conflicts() {
		told = append(told, fmt.Sprint(v.Service, " ", v.Kind, " ", v.Holder, ": ", v.Reason))
	}
	slices.Sort(told)
	const decides = " is not in effect, as the routes file decides"
	if want := []string{"kv partly routes-file: tries=3" + decides, "web partly routes-file: priority=5 tries=2" + decides}; !slices.Equal(told, want) {
		t.Errorf("%q", told)
	}
	table = newTable(Options{}).Next(withTexts("", "a.io/ tries=3", web)) // the key is younger
	if r, ok = table.Match(Query{Authority: "a.io", Path: "/"}); !ok || r.Policy.Tries.Most != 2 {
		t.Errorf("%+v", r.Policy)
	}
	if told := table.Conflicts(); len(told) != 1 || told[0].Service != "kv" || told[0].Holder != "web" {
		t.Errorf("%+v", told)
	}
}
