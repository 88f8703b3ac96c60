package routing

import (
	"strings"
	"testing"

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
