package routing

import (
	"strings"
	"testing"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// newTable is NewTable, for all languages there are.
func newTable(o Options) *Table { o.Languages = fixture.Languages(); return NewTable(o) }

// newSwitch is NewSwitch, likewise.
func newSwitch(o Options) *Switch { o.Languages = fixture.Languages(); return NewSwitch(o) }

// where is the address list of the route that takes a request: "404", "down", or addresses.
func where(t *Table, authority, path string) string {
	return whereOf(t, Query{Authority: authority, Path: path})
}

func whereOf(t *Table, q Query) string {
	r, ok := t.Match(q)
	if !ok {
		return "404"
	}
	var out []string
	for i := range r.Members {
		out = append(out, r.Members[i].Upstream.Address())
	}
	if out == nil {
		return "down"
	}
	return strings.Join(out, " ")
}

func expect(t *testing.T, table *Table, authority, path, want string) {
	t.Helper()
	if got := where(table, authority, path); got != want {
		t.Errorf("%s%s: got %s, want %s", authority, path, got, want)
	}
}

// upstream is the Upstream at an address in the route for a host.
func upstream(t *testing.T, table *Table, authority, address string) *balancer.Upstream {
	t.Helper()
	r, ok := table.Match(Query{Authority: authority, Path: "/"})
	if !ok {
		t.Fatalf("no route for %s", authority)
	}
	for i := range r.Members {
		if u := r.Members[i].Upstream; u.Address() == address {
			return u
		}
	}
	t.Fatalf("%s has no %s", authority, address)
	return nil
}
