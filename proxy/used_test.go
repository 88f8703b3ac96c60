package proxy

import (
	"slices"
	"testing"
	"time"
)

func TestUsedServices(t *testing.T) {
	at := time.Unix(1e9, 0)
	table := NewTable(Options{DefaultService: "fallback"}).Next(snap(
		inst("web", "10.0.0.1", 80, "pointsman.route=shared.localhost/"),
		inst("web2", "10.0.0.2", 80, "pointsman.route=shared.localhost/"),
		inst("old", "10.0.0.3", 80, "urlprefix-old.localhost/"),
		inst("idle", "10.0.0.4", 80, "pointsman.route=idle.localhost/"),
		inst("fallback", "10.0.0.5", 80)))
	used := func(now time.Time) (names []string) {
		table.Used(now, func(service string) { names = append(names, service) })
		slices.Sort(names)
		return names
	}
	if got := used(at); got != nil {
		t.Errorf("before any request: %v", got)
	}
	for _, host := range []string{"shared.localhost", "old.localhost", "elsewhere"} {
		r, ok := table.Match(Query{Authority: host, Path: "/"})
		if !ok {
			t.Fatalf("no route for %s", host)
		}
		r.Lane.Budget.Deposit(at)
	}
	if got, want := used(at.Add(9*time.Second)), []string{"fallback", "old", "web", "web2"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := used(at.Add(10 * time.Second)); got != nil {
		t.Errorf("long after: %v", got)
	}
	var none *Table
	none.Used(at, func(string) { t.Error("no table uses nothing") })
}
