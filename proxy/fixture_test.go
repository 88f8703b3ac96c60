package proxy

import (
	"fmt"
	"sort"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
)

// inst is a passing instance of a service at an address, with tags.
func inst(service, address string, port int, tags ...string) discovery.Instance {
	return discovery.Instance{
		Identity: discovery.Identity{Node: "n1", ID: fmt.Sprintf("%s-%s-%d", service, address, port), Address: address, Port: port},
		Service:  service, Tags: tags, Weight: 1, Status: discovery.Passing,
	}
}

// snap groups instances into blocks. Taken stays zero.
func snap(list ...discovery.Instance) *discovery.Snapshot {
	blocks := map[string]*discovery.Service{}
	s := &discovery.Snapshot{Sequence: 1, Datacenter: "dc1"}
	for _, in := range list {
		b := blocks[in.Service]
		if b == nil {
			b = &discovery.Service{Name: in.Service}
			blocks[in.Service] = b
			s.Services = append(s.Services, b)
		}
		b.Instances = append(b.Instances, in)
	}
	sort.Slice(s.Services, func(i, j int) bool { return s.Services[i].Name < s.Services[j].Name })
	return s
}

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
	for i := range r.Targets {
		out = append(out, r.Targets[i].Upstream.Address())
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
	for i := range r.Targets {
		if u := r.Targets[i].Upstream; u.Address() == address {
			return u
		}
	}
	t.Fatalf("%s has no %s", authority, address)
	return nil
}
