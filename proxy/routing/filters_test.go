package routing

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// What is asked about a route's requests is a healthy HTTP instance of the service, and none whose own restriction that would lead past.
func TestWhichInstanceIsAsked(t *testing.T) {
	sick := fixture.Instance("gate", "10.0.0.3", 80, "pointsman.route=gate/")
	sick.Status = discovery.Critical
	table := newTable(Options{OwnServices: []string{"self"}}).Next(fixture.Snapshot(
		fixture.Instance("gate", "10.0.0.1", 80, "pointsman.route=gate/"), fixture.Instance("gate", "10.0.0.2", 80, "pointsman.route=gate/"), sick,
		fixture.Instance("closed", "10.0.1.1", 80, "pointsman.route=closed/ allow=ip:10.0.0.1"), fixture.Instance("cache", "10.0.2.1", 6379), fixture.Instance("plain", "10.0.3.1", 80),
		fixture.Instance("self", "10.0.4.1", 80), fixture.Instance("consul", "10.0.5.1", 8300), fixture.Instance("link", "169.254.169.254", 80, "pointsman.route=link/"),
	))
	seen := map[string]bool{}
	for range 100 {
		seen[table.Instance("gate", false)] = true
	}
	if len(seen) != 2 || !seen["10.0.0.1:80"] || !seen["10.0.0.2:80"] {
		t.Errorf("%v", seen)
	}
	for _, c := range []struct{ service, tags, operators string }{
		{"closed", "", "10.0.1.1:80"}, {"cache", "", ""}, {"plain", "10.0.3.1:80", "10.0.3.1:80"}, {"self", "", ""}, {"consul", "", "10.0.5.1:8300"}, {"link", "", ""}, {"none", "", ""},
	} {
		if a, b := table.Instance(c.service, false), table.Instance(c.service, true); a != c.tags || b != c.operators {
			t.Errorf("%s: %q and %q, want %q and %q", c.service, a, b, c.tags, c.operators)
		}
	}
}

// A service that is only asked about requests is watched, too.
func TestAServiceThatIsAskedIsNamed(t *testing.T) {
	o := newTable(Options{}).options
	for _, tags := range [][]string{
		{"pointsman.route=/a forward-auth=service:gate/check"}, {"pointsman.forward-auth=service:gate/check"}, {"pointsman.fallback=service:gate"}, {"pointsman.on=502:service:gate"},
		{"pointsman.fallback=service:gate", "pointsman.route=/a fallback=service:gate"},
	} {
		if got := o.NamedBy("web", tags); !slices.Contains(got.Services, "gate") {
			t.Errorf("%q: %v", tags, got)
		}
	}
	if got := o.NamedBy("web", []string{"pointsman.fallback=service:gate", "pointsman.route=/a fallback=service:other"}); len(got.Services) != 2 {
		t.Errorf("%v", got)
	}
}

// Where nobody can be asked, that is told for as long as it is so.
func TestAnAuthServiceThatIsNotThere(t *testing.T) {
	web, gate := fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=/a forward-auth=service:gate/"), fixture.Instance("gate", "10.0.0.2", 80, "pointsman.route=gate/")
	table := newTable(Options{})
	for i, step := range []struct {
		in   []discovery.Instance
		told int
	}{{[]discovery.Instance{web}, 1}, {[]discovery.Instance{gate, web}, 0}, {[]discovery.Instance{web}, 1}} {
		table = table.Next(fixture.Snapshot(step.in...))
		n := 0
		for _, v := range table.Verdicts() {
			if strings.Contains(v.Reason, "service:gate is not in the catalogue") {
				n++
			}
		}
		if n != step.told {
			t.Errorf("%d: told %d times, want %d: %+v", i, n, step.told, table.Verdicts())
		}
	}
}

// What was counted outlives the table that it was counted in.
func TestFiltersOutliveTheirTable(t *testing.T) {
	one := fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=/a rate-limit=1/h")
	first := newTable(Options{}).Next(fixture.Snapshot(one))
	two := fixture.Instance("web", "10.0.0.2", 80, "pointsman.route=/a rate-limit=1/h")
	second := first.Next(fixture.Snapshot(one, two))
	a, b := first.Routes()[0].Policy.Filters, second.Routes()[0].Policy.Filters
	if a == nil || b == nil || len(b.RateLimits) != 1 || a.RateLimits[0] != b.RateLimits[0] {
		t.Errorf("%+v, then %+v", a, b)
	}
	two.Tags = []string{"pointsman.route=/a rate-limit=1/h rate-limit=2/s"}
	third := second.Next(fixture.Snapshot(one, two)).Routes()[0].Policy.Filters
	if len(third.RateLimits) != 2 || third.RateLimits[0] != a.RateLimits[0] {
		t.Errorf("restrictions do not add up: %+v", third)
	}
}

// An auth server that nobody may ask is told of, before anybody is refused.
func TestAnAuthServerThatMayNotBeAsked(t *testing.T) {
	in := fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=/a forward-auth=http://10.9.9.9/check")
	for want, allow := range map[int][]netip.Prefix{1: nil, 0: {netip.MustParsePrefix("10.9.0.0/16")}} {
		table := newTable(Options{Gate: outside.Gate{Allow: allow}}).Next(fixture.Snapshot(in))
		n := 0
		for _, v := range table.Verdicts() {
			if v.Kind == dialect.VerdictPartly && strings.Contains(v.Reason, "forward-auth: 10.9.9.9:80") {
				n++
			}
		}
		if n != want {
			t.Errorf("%v: %+v", allow, table.Verdicts())
		}
	}
}
