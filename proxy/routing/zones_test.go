package routing

import (
	"math"
	"testing"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// in is an instance in a zone.
func in(zone, address string, status discovery.Status, tags ...string) discovery.Instance {
	i := fixture.Instance("web", address, 80, tags...)
	i.Zone, i.Status = zone, status
	return i
}

// homeOf is the share of a route's picks that are not away, and its members.
func homeOf(t *testing.T, table *Table, host string) (share float64, r *Route) {
	t.Helper()
	r, ok := table.Match(Query{Authority: host, Path: "/"})
	if !ok {
		t.Fatalf("no route for %s", host)
	}
	const n = 700
	for range n {
		if m, ok := r.Pick(balancer.Want{}); ok && !m.Away {
			share += 1.0 / n
		}
	}
	return share, r
}

// What the catalogue calls critical counts among the instances of the own zone; what it has in maintenance, or has deregistered, or what
// has not been healthy yet, does not.
func TestWhichInstancesOfTheOwnZoneCount(t *testing.T) {
	const tag = "pointsman.route=web.io/"
	a, b := in("a", "10.0.0.1", discovery.Passing, tag), in("a", "10.0.0.2", discovery.Passing, tag)
	other := in("b", "10.0.1.1", discovery.Passing, tag)
	as := func(in discovery.Instance, s discovery.Status) discovery.Instance { in.Status = s; return in }
	moved := as(b, discovery.Critical)
	moved.ID, moved.Address = "gone", a.Address
	twice := as(b, discovery.Critical)
	twice.ID = "b-again"
	for _, c := range []struct {
		name   string
		before []discovery.Instance // nil where the table is the first one
		now    []discovery.Instance
		want   float64
	}{
		{"all are well", nil, []discovery.Instance{a, b, other}, 1},
		{"one is critical", []discovery.Instance{a, b, other}, []discovery.Instance{a, as(b, discovery.Critical), other}, 0.5 / 0.7},
		{"one is critical from the start", nil, []discovery.Instance{a, as(b, discovery.Critical), other}, 0.5 / 0.7},
		{"one is starting", []discovery.Instance{a, other}, []discovery.Instance{a, as(b, discovery.Critical), other}, 1},
		{"one is in maintenance", []discovery.Instance{a, b, other}, []discovery.Instance{a, as(b, discovery.Maintenance), other}, 1},
		{"one is gone", []discovery.Instance{a, b, other}, []discovery.Instance{a, other}, 1},
		{"one is critical, and registered twice", nil, []discovery.Instance{a, as(b, discovery.Critical), twice, other}, 0.5 / 0.7},
		{"one was replaced", nil, []discovery.Instance{a, moved, other}, 1},
		{"all are critical", []discovery.Instance{a, b, other}, []discovery.Instance{as(a, discovery.Critical), as(b, discovery.Critical), other}, 0},
		{"all others are critical", nil, []discovery.Instance{a, as(b, discovery.Critical), as(other, discovery.Critical)}, 1},
		{"one has no zone", nil, []discovery.Instance{a, in("", "10.0.0.3", discovery.Passing, tag), other}, 1},
	} {
		table := newTable(Options{Zone: "a"})
		if c.before != nil {
			table = table.Next(fixture.Snapshot(c.before...))
			homeOf(t, table, "web.io")
		}
		table = table.Next(fixture.Snapshot(c.now...))
		if got, _ := homeOf(t, table, "web.io"); math.Abs(got-c.want) > 0.01 {
			t.Errorf("%s: home has %.3f, want %.3f", c.name, got, c.want)
		}
	}
}

// A line of the operator's, and a set to fall back to, prefer the own zone as well.
func TestZonesOfLinesAndSets(t *testing.T) {
	const tag = "pointsman.route=web.io/ fallback=service:spare"
	spare := func(zone, address string, s discovery.Status) discovery.Instance {
		i := in(zone, address, s)
		i.Service = "spare"
		return i
	}
	snap := fixture.Snapshot(in("a", "10.0.0.1", discovery.Passing, tag), in("a", "10.0.0.2", discovery.Critical, tag), in("b", "10.0.1.1", discovery.Passing, tag),
		spare("a", "10.0.2.1", discovery.Passing), spare("a", "10.0.2.2", discovery.Critical), spare("b", "10.0.2.3", discovery.Passing))
	snap.Texts = []*discovery.Text{discovery.NewText(discovery.TextFile, "routes", "line.io/ service=web", 0)}
	table := newTable(Options{Zone: "a", ZoneThreshold: 1}).Next(snap)
	for _, host := range []string{"web.io", "line.io"} {
		got, r := homeOf(t, table, host)
		if share, ok := r.HomeShare(time.Now()); math.Abs(got-0.5) > 0.01 || !ok || math.Abs(share-0.5) > 0.01 {
			t.Errorf("%s: home has %.3f, and tells %.3f %t", host, got, share, ok)
		}
		if !r.Policy.Balance.Zoned {
			t.Errorf("%s: requests do not bring their time", host)
		}
	}
	_, r := homeOf(t, table, "web.io")
	away := 0
	for range 100 {
		if m, ok := r.Sets[0].Pick(balancer.Want{}); ok && m.Away {
			away++
		}
	}
	if away < 45 || away > 55 {
		t.Errorf("%d of 100 leave the zone in the set", away)
	}
}

// Without an own zone nothing chooses between zones, and routes with one still share a policy.
func TestZonesCostNothingUnasked(t *testing.T) {
	const tag = "pointsman.route=web.io/"
	snap := fixture.Snapshot(in("a", "10.0.0.1", discovery.Passing, tag, "pointsman.route=x.io/"), in("b", "10.0.1.1", discovery.Passing, tag))
	_, r := homeOf(t, newTable(Options{}).Next(snap), "web.io")
	if _, ok := r.HomeShare(time.Now()); ok || r.Policy.Balance.Zoned || r.Members[1].Away {
		t.Errorf("%+v", r.Policy.Balance)
	}
	table := newTable(Options{Zone: "a"}).Next(snap)
	_, one := homeOf(t, table, "web.io")
	_, two := homeOf(t, table, "x.io")
	if one.Policy != two.Policy {
		t.Error("each route has a policy of its own")
	}
}

// Where all are ejected, one of the own zone is asked.
func TestTheLastResortIsAtHome(t *testing.T) {
	const tag = "pointsman.route=web.io/"
	list := []discovery.Instance{in("a", "10.0.0.1", discovery.Passing, tag)}
	for _, address := range []string{"10.0.1.1", "10.0.1.2", "10.0.1.3"} {
		list = append(list, in("b", address, discovery.Passing, tag))
	}
	_, r := homeOf(t, newTable(Options{Zone: "a"}).Next(fixture.Snapshot(list...)), "web.io")
	for i := range r.Members {
		r.Members[i].Way.Fail(balancer.MaxFails{Fails: 1, Timeout: time.Hour}, false, time.Now(), func() int { return 1 })
	}
	for range 20 {
		if m, ok := r.Rest(balancer.Want{}); !ok || m.Away {
			t.Fatalf("%+v %t", m, ok)
		}
	}
	var tried balancer.Tried
	tried.Add(0)
	if m, ok := r.Rest(balancer.Want{Tried: &tried}); !ok || !m.Away {
		t.Errorf("%+v %t", m, ok)
	}
}
