package routing

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/dialect"
)

func routeOf(t *testing.T, table *Table) *Route {
	t.Helper()
	r, ok := table.Match(Query{Authority: "h", Path: "/"})
	if !ok {
		t.Fatal("no route")
	}
	return r
}

// lines are instances of a service, each with a line of its own for h/.
func lines(service string, options ...string) (list []discovery.Instance) {
	for i, o := range options {
		list = append(list, fixture.Instance(service, fmt.Sprintf("10.0.0.%d", i+1), 80, "pointsman.route=h/ "+o))
	}
	return list
}

// Weights are relative to each other and to those of the catalogue, in what state an instance is; beside fixed shares they part what those
// leave.
func TestWeightsOfALine(t *testing.T) {
	for _, c := range []struct {
		options []string
		want    string
	}{
		{[]string{"weight=5", "weight=1", "weight=1"}, "5 1 1"}, {[]string{"weight=5", "", ""}, "5 7 7"},
		{[]string{"share=0.2", "weight=3", "weight=1"}, "200000 600000 200000"}, {[]string{"share=0.3", ""}, "300000 700000"},
	} {
		list := lines("web", c.options...)
		for i := range list {
			list[i].Weight, list[i].Status = 7, discovery.Warning
		}
		var got []string
		r := routeOf(t, newTable(Options{}).Next(fixture.Snapshot(list...)))
		for i := range r.Members {
			got = append(got, fmt.Sprint(r.Members[i].Weight))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q: %s, want %s", c.options, got, c.want)
		}
	}
}

func TestUnequalWeightsAreExactInAnyWindow(t *testing.T) {
	table := newTable(Options{}).Next(fixture.Snapshot(lines("web", "weight=5", "", "")...))
	var last []int
	count := map[int]int{}
	for range 700 {
		m, ok := routeOf(t, table).Pick(balancer.Want{})
		if !ok {
			t.Fatal("none")
		}
		last = append(last, m.Index)
		if count[m.Index]++; len(last) > 7 {
			count[last[0]]--
			last = last[1:]
		}
		if len(last) == 7 && (count[0] != 5 || count[1] != 1 || count[2] != 1) {
			t.Fatalf("seven in a row: %v", last)
		}
	}
}

// Each option has its effect on the route's picker, and what no option asks for stands in no policy of a route's own.
func TestBalanceOfARoute(t *testing.T) {
	defaults := DefaultPolicy()
	for options, want := range map[string]Balance{
		"": {}, "balance=least-connections": {}, "balance=least-time": {Timed: true}, "max-conns=2": {Limited: true}, "backup": {}, "slow-start=1s": {},
		"balance=hash:path hash-balance=2": {Key: dialect.KeyPath}, "balance=hash:header:X-A": {Key: dialect.KeyHeader, KeyName: "x-a"},
	} {
		r := routeOf(t, newTable(Options{Defaults: &defaults}).Next(fixture.Snapshot(lines("web", options, options)...)))
		if r.Policy.Balance != want || want == (Balance{}) && r.Policy != &defaults {
			t.Errorf("%q: %+v", options, r.Policy.Balance)
		}
	}
	o := Options{Balancing: dialect.Balance{Method: dialect.MethodHash, Key: dialect.KeyClientIP}}
	if r := routeOf(t, newTable(o).Next(fixture.Snapshot(lines("web", "", "")...))); r.Policy.Balance.Key != dialect.KeyClientIP {
		t.Errorf("the process's: %+v", r.Policy.Balance)
	}
	if r := routeOf(t, newTable(o).Next(fixture.Snapshot(lines("web", "balance=round-robin")...))); r.Policy.Balance != (Balance{}) {
		t.Errorf("the route's own instead of the process's: %+v", r.Policy.Balance)
	}
}

// Cookies are named for the service where the line does not name them, and tell nothing of an instance's address.
func TestCookiesOfAStickyRoute(t *testing.T) {
	list := append(lines("web", "sticky", "sticky"), lines("canary", "sticky")...)
	r := routeOf(t, newTable(Options{}).Next(fixture.Snapshot(list...)))
	if r.Policy.Balance.Cookies == nil || len(r.Policy.Balance.Cookies.Names) != 2 {
		t.Fatalf("%+v", r.Policy.Balance.Cookies)
	}
	seen := map[string]bool{}
	for i := range r.Members {
		m := &r.Members[i]
		name, value, _ := strings.Cut(m.Cookie, "=")
		if ParseCookie(value) != m.Sticky || m.Sticky == 0 || seen[value] || !strings.HasPrefix(name, "pointsman-") || len(name) != len("pointsman-")+8 {
			t.Errorf("%q for %x", m.Cookie, m.Sticky)
		}
		seen[value] = true
	}
	for _, bad := range []string{"", "0", "zz00000000000000", "00000000000000001", "+000000000000001"} {
		if id := ParseCookie(bad); id != 0 {
			t.Errorf("%q names %x", bad, id)
		}
	}
	again := routeOf(t, newTable(Options{}).Next(fixture.Snapshot(list[:1]...)))
	if again.Members[0].Cookie != r.Members[1].Cookie && again.Members[0].Cookie != r.Members[0].Cookie && again.Members[0].Cookie != r.Members[2].Cookie {
		t.Error("another process has another cookie for the same instance")
	}
	if r := routeOf(t, newTable(Options{}).Next(fixture.Snapshot(lines("web", "sticky=sid")...))); !strings.HasPrefix(r.Members[0].Cookie, "sid=") {
		t.Error(r.Members[0].Cookie)
	}
}

// Over many random swaps clients and keys stay where they are while their instance lives, turns stay even, and what is in flight and
// learnt stays with its instance.
func TestChoicesSurviveSwaps(t *testing.T) {
	const swaps, most = 1000, 8
	all := lines("web", make([]string, most)...)
	tables := map[string]*Table{}
	for _, options := range []string{"sticky", "balance=hash:path", "balance=round-robin", "balance=least-time"} {
		tables[options] = newTable(Options{})
	}
	client := map[uint64]string{} // the address that a client, or key, is at
	key := map[uint64]string{}
	turns := map[string]int{}
	var held *balancer.Upstream
	for n := range swaps {
		there := []int{0}
		for i := 1; i < most; i++ {
			if rand.IntN(3) > 0 {
				there = append(there, i)
			}
		}
		for options, table := range tables {
			var list []discovery.Instance
			for _, i := range there {
				in := all[i]
				in.Tags = []string{"pointsman.route=h/ " + options}
				list = append(list, in)
			}
			tables[options] = table.Next(fixture.Snapshot(list...))
		}
		alive := map[string]bool{}
		sticky, hashed := routeOf(t, tables["sticky"]), routeOf(t, tables["balance=hash:path"])
		for i := range sticky.Members {
			alive[sticky.Members[i].Upstream.Address()] = true
		}
		for c := range uint64(10) {
			id := uint64(0)
			for i := range sticky.Members {
				if sticky.Members[i].Upstream.Address() == client[c] {
					id = sticky.Members[i].Sticky
				}
			}
			m, _ := sticky.Pick(balancer.Want{Sticky: id})
			if at := m.Upstream.Address(); alive[client[c]] && at != client[c] {
				t.Fatalf("swap %d: a client moved from %s to %s", n, client[c], at)
			} else {
				client[c] = at
			}
			m, _ = hashed.Pick(balancer.Want{Key: c + 1})
			key[c] = m.Upstream.Address()
		}
		if n%100 == 0 {
			another := routeOf(t, newTable(Options{}).Next(fixture.Snapshot(blockOf(tables["balance=hash:path"])...)))
			for c := range uint64(10) {
				if m, _ := another.Pick(balancer.Want{Key: c + 1}); m.Upstream.Address() != key[c] {
					t.Fatalf("swap %d: another process has key %d at %s, this one at %s", n, c, m.Upstream.Address(), key[c])
				}
			}
		}
		m, _ := routeOf(t, tables["balance=round-robin"]).Pick(balancer.Want{})
		turns[m.Upstream.Address()]++
		timed := routeOf(t, tables["balance=least-time"])
		for i := range timed.Members {
			if u := timed.Members[i].Upstream; u.Address() == "10.0.0.1:80" {
				if held == nil {
					held = u
					u.Acquire(0)
				}
				if u != held || u.InFlight() != 1 {
					t.Fatalf("swap %d: what is in flight got lost", n)
				}
			}
		}
	}
	mean := float64(swaps) / (1 + (most-1)*2.0/3)
	for address, n := range turns {
		if want := mean; address == "10.0.0.1:80" && (float64(n) < want*0.8 || float64(n) > want*1.6) {
			t.Errorf("the one that stayed had %d turns, want some %.0f", n, want)
		}
	}
}

// blockOf are the instances of a table.
func blockOf(t *Table) (list []discovery.Instance) {
	for _, s := range t.Services() {
		for _, in := range s.Instances {
			list = append(list, *in.Instance)
		}
	}
	return list
}

// Where one address is registered twice, the registration of the container that started last gives weight and options, and what either
// restricts holds.
func TestOptionsOfAnAddressThatIsRegisteredTwice(t *testing.T) {
	list := lines("web", "weight=2 allow=ip:10.0.0.0/8", "weight=5 max-conns=3", "")
	list[1].Address, list[1].Node, list[1].Started = list[0].Address, "n2", time.Unix(9, 0)
	for range 2 {
		r := routeOf(t, newTable(Options{}).Next(fixture.Snapshot(list...)))
		if len(r.Members) != 2 || r.Members[0].Weight != 5 || r.Members[0].MaxConns != 3 || r.Policy.Admission == nil || len(r.Policy.Admission.Allow) != 1 {
			t.Errorf("%+v %+v", r.Members, r.Policy.Admission)
		}
		list[0].Node, list[1].Node = list[1].Node, list[0].Node // the other one stands first
	}
}

// An instance that the catalogue has let nobody to starts slowly when it lets them again, and none of the others does.
func TestSlowStartAfterTheCatalogueTookItOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwitch(Options{})
		list := lines("web", "slow-start=30s", "slow-start=30s")
		share := func() float64 {
			s.Apply(fixture.Snapshot(slices.Clone(list)...))
			n := 0
			for range 1000 {
				m, ok := routeOf(t, s.Load()).Pick(balancer.Want{})
				if ok && m.Upstream.Address() == "10.0.0.2:80" {
					n++
				}
			}
			return float64(n) / 1000
		}
		for _, c := range []struct {
			passed time.Duration
			status discovery.Status
			want   float64
		}{
			{0, discovery.Passing, 0.5}, {time.Minute, discovery.Warning, 0.5}, {time.Minute, discovery.Critical, 0}, {time.Minute, discovery.Passing, 0.1 / 1.1},
			{15 * time.Second, discovery.Warning, 0.55 / 1.55}, {15 * time.Second, discovery.Passing, 0.5},
		} {
			time.Sleep(c.passed)
			list[1].Status = c.status
			if got := share(); math.Abs(got-c.want) > 0.01 {
				t.Errorf("%s after %s: a share of %.3f, want %.3f", c.status, c.passed, got, c.want)
			}
		}
	})
}
