package admin

import (
	"testing"

	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/routing"
)

// A host that services divide by paths is no fault: only the same route twice, or one that is not served, is counted as one.
func TestRoutesPartSharedHostsFromConflicts(t *testing.T) {
	s := routing.NewSwitch(routing.Options{Languages: fixture.Languages()})
	s.Apply(fixture.Snapshot(
		fixture.Instance("shop", "10.0.0.1", 80, "pointsman.route=shop.example/"),
		fixture.Instance("cart", "10.0.0.2", 80, "pointsman.route=shop.example/cart"),
		fixture.Instance("twin", "10.0.0.3", 80, "pointsman.route=shop.example/"),
	))
	v := viewRoutes(s.Load(), page{limit: 10})
	got := map[string]string{}
	for _, c := range v.Conflicts {
		got[c.Service+" "+c.Route] = c.Verdict
	}
	if v.ConflictCount != len(v.Conflicts) || v.SharedCount != 1 {
		t.Errorf("%d conflicts, of which %d only share a host: %v", v.ConflictCount, v.SharedCount, got)
	}
	// All came at once: the host belongs to the first by name, and so does the route that two ask for.
	for route, want := range map[string]string{"shop shop.example/": "used", "twin shop.example/": "partly"} {
		if got[route] != want {
			t.Errorf("%s is told as %q, want %q", route, got[route], want)
		}
	}
}
