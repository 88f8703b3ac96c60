package routing

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// policyFor is the policy of the route web.io/ whose instances have these options.
func policyFor(t testing.TB, o Options, options ...string) *Policy {
	t.Helper()
	var list []discovery.Instance
	for i, words := range options {
		list = append(list, fixture.Instance("web", fmt.Sprintf("10.0.%d.%d", i/200, i%200+1), 80, "urlprefix-web.io/ "+words))
	}
	r, ok := newTable(o).Next(fixture.Snapshot(list...)).Match(Query{Authority: "web.io", Path: "/"})
	if !ok {
		t.Fatal("no route")
	}
	return r.Policy
}

func TestWhatARouteDoesNotAskForCostsItNothing(t *testing.T) {
	defaults := DefaultPolicy()
	o := Options{Defaults: &defaults, Policy: func(*Route, *Policy) {}}
	if p := policyFor(t, o, "weight=1", "host=dst", ""); p != &defaults {
		t.Errorf("%+v is not the defaults that all share", p)
	}
}

func TestARouteHasItsOwnPolicy(t *testing.T) {
	o := Options{Policy: func(r *Route, p *Policy) {
		if r.Host == "web.io" && len(r.Members) == 2 {
			p.Timeouts.Answer, p.Retries = time.Second, 0
		}
		p.Admission = &Admission{} // is not the func's to say
	}}
	p := policyFor(t, o, "deny=ip:10.0.0.0/8", "")
	if want := DefaultPolicy().Timeouts; p.Timeouts.Answer != time.Second || p.Timeouts.Connect != want.Connect || p.Retries != 0 {
		t.Errorf("%+v", p)
	}
	if p.Admission == nil || len(p.Admission.Deny) != 1 {
		t.Errorf("the instances' restriction became %+v", p.Admission)
	}
}

// Instances with the same lists ask for one of each, in whatever order and form.
func TestSameRestrictionsStandOnce(t *testing.T) {
	a := policyFor(t, Options{}, "allow=ip:10.0.0.0/8,ip:192.0.2.7 strip=/", "allow=ip:192.0.2.7,ip:10.1.0.0/8 strip=/", "deny=ip:192.0.2.9", "deny=ip:192.0.2.9/32,ip:192.0.2.8").Admission
	if len(a.Allow) != 1 || len(a.Deny) != 2 || len(a.Strips) != 1 {
		t.Errorf("%+v", a)
	}
}

// Many instances with a list each cost what they hold, not its square.
func TestManyDifferentListsAreQuicklyAdded(t *testing.T) {
	const instances = 5000
	var members []Member
	for i := range instances {
		network := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i / 250), byte(i % 250), 0}), 24)
		members = append(members, Member{Rule: &dialect.Rule{Policy: dialect.Policy{Deny: []netip.Prefix{network}}}})
	}
	took := time.Duration(math.MaxInt64)
	for range 3 { // the machine may have other things to do
		begun := time.Now()
		if a := admissionOf(nil, members); len(a.Deny) != instances {
			t.Fatalf("%d networks", len(a.Deny))
		}
		took = min(took, time.Since(begun))
	}
	if took > time.Second {
		t.Errorf("it took %s", took)
	}
}

// again is another registration of an instance's address, with other tags.
func again(in discovery.Instance, tags ...string) discovery.Instance {
	in.Node, in.Tags = "n2", tags
	return in
}

// What a second registration of an address restricts holds, whatever it is: one container may be registered twice.
func TestTheOtherRegistrationOfAnAddressRestrictsToo(t *testing.T) {
	one := fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=web.io/")
	for _, words := range []string{"auth=basic:u:$2y$05$abcdefghijklmnopqrstuuZ8d8a9b7c6e5f4g3h2i1j0k9l8m7n6o", "forward-auth=service:gate/", "rate-limit=1/h", "allow=ip:192.0.2.1"} {
		table := newTable(Options{}).Next(fixture.Snapshot(one, again(one, "pointsman.route=web.io/ "+words)))
		r, ok := table.Match(Query{Authority: "web.io", Path: "/"})
		if !ok || r.Closed || len(r.Members) != 1 || !slices.ContainsFunc(r.Rules, (*dialect.Rule).Restricts) {
			t.Errorf("%s: %+v", words, r)
		}
	}
}

// A restriction of a second registration that can't be honoured closes the address to the route, and no other.
func TestTheOtherRegistrationOfAnAddressClosesIt(t *testing.T) {
	for _, tags := range [][2]string{{"pointsman.route=web.io/", "pointsman.route=web.io/ allow=nonsense"}, {"pointsman.route=web.io/ allow=nonsense", "pointsman.route=web.io/"}} {
		one := fixture.Instance("web", "10.0.0.1", 80, tags[0], "pointsman.route=/open")
		list := []discovery.Instance{one, again(one, tags[1], "pointsman.route=/open")}
		table := newTable(Options{}).Next(fixture.Snapshot(list...))
		expect(t, table, "web.io", "/", "down")
		if r, _ := table.Match(Query{Authority: "web.io", Path: "/"}); !r.Closed {
			t.Errorf("%+v", r)
		}
		expect(t, table, "any", "/open", "10.0.0.1:80")
		table = newTable(Options{}).Next(fixture.Snapshot(append(list, fixture.Instance("web", "10.0.0.2", 80, "pointsman.route=web.io/"))...))
		expect(t, table, "web.io", "/", "10.0.0.2:80")
		list[1].Status = discovery.Critical
		list[0].Tags = []string{"pointsman.route=web.io/"}
		expect(t, newTable(Options{}).Next(fixture.Snapshot(list...)), "web.io", "/", "10.0.0.1:80")
	}
	// So does that of one that says so for all its routes.
	one := fixture.Instance("web", "10.0.0.1", 80)
	table := newTable(Options{DefaultService: "web"}).Next(fixture.Snapshot(one, again(one, "pointsman.allow=nonsense")))
	expect(t, table, "any", "/", "down")
}
