package routing

import (
	"strings"
	"testing"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// A sidecar, a gateway and a UDP port carry tags as their services do, and speak no HTTP that a client could use.
func TestWhatIsNoHTTPInstanceGetsNoTraffic(t *testing.T) {
	list := []discovery.Instance{fixture.Instance("web", "10.0.0.1", 80, "urlprefix-web.io/")}
	for i, kind := range []string{"connect-proxy", "mesh-gateway", "terminating-gateway", "ingress-gateway", "api-gateway", "a-later-one"} {
		other := fixture.Instance("web", "10.0.0.1", 20000+i, "urlprefix-web.io/", "urlprefix-side.io/")
		other.Kind, other.Registered = kind, true
		list = append(list, other)
	}
	udp := fixture.Instance("web", "10.0.0.1", 80, "urlprefix-web.io/", "urlprefix-side.io/") // one address with the TCP port
	udp.ID = "host:web:80:udp"
	list = append(list, udp)
	table := newTable(Options{Registered: true, DefaultService: "web", Domain: "test"}).Next(fixture.Snapshot(list...))
	expect(t, table, "web.io", "/", "10.0.0.1:80")
	expect(t, table, "web.test", "/", "10.0.0.1:80") // the default service's, and no sidecar
	expect(t, table, "side.io", "/", "10.0.0.1:80")  // likewise: nobody else asks for it
	rejects := table.Verdicts()
	if len(rejects) != 7 || !strings.Contains(rejects[0].Reason, "connect-proxy") || !strings.Contains(rejects[6].Reason, "UDP") {
		t.Errorf("rejects: %+v", rejects)
	}
	if again := table.Next(fixture.Snapshot(list...)); len(again.told) != 0 {
		t.Errorf("told again: %+v", again.told)
	}
}

// An access list that a comma cut in two closes its route; what stood there before does not come back, nor does a wider route take it.
func TestListCutAtACommaIsNotReplacedByTheLastGoodOne(t *testing.T) {
	wide := fixture.Instance("wide", "10.0.0.9", 80, "urlprefix-/")
	good := fixture.Instance("web", "10.0.0.1", 80, "urlprefix-/a deny=ip:10.0.0.0/8,ip:192.0.2.7", "urlprefix-/b")
	table := newTable(Options{}).Next(fixture.Snapshot(good, wide))
	expect(t, table, "h", "/a", "10.0.0.1:80")
	cut := good
	cut.Tags = []string{"urlprefix-/a deny=ip:10.0.0.0/8", "ip:192.0.2.7"}
	table = table.Next(fixture.Snapshot(cut, wide))
	expect(t, table, "h", "/a", "down")
	expect(t, table, "h", "/b", "10.0.0.9:80")
	if r, _ := table.Match(Query{Authority: "h", Path: "/a"}); !r.Closed {
		t.Error("not closed")
	}
}

func TestInstanceThatTurnsIntoASidecarLeaves(t *testing.T) {
	web := fixture.Instance("web", "10.0.0.1", 80, "urlprefix-web.io/")
	table := newTable(Options{}).Next(fixture.Snapshot(web))
	u := upstream(t, table, "web.io", "10.0.0.1:80")
	web.Kind = "connect-proxy"
	table = table.Next(fixture.Snapshot(web))
	expect(t, table, "web.io", "/", "404")
	if len(table.departed) != 1 || table.departed[0] != u {
		t.Errorf("departed: %v", table.departed)
	}
}

// Options for all routes of an instance hold for those that no tag asks for; pointsman.route=off asks for none.
func TestRoutesThatNoTagAsksForHaveTheInstancesOptions(t *testing.T) {
	at := func(address string, tags ...string) discovery.Instance {
		in := fixture.Instance("web", address, 80, tags...)
		in.Registered = true
		return in
	}
	plain, off, limited := at("10.0.0.1"), at("10.0.0.2", "pointsman.route=off"), at("10.0.0.3", "pointsman.deny=ip:10.9.0.0/16|ip:10.8.0.0/16")
	closed := at("10.0.0.4", "pointsman.deny=10.9.0.0/33")
	table := newTable(Options{Registered: true, DefaultService: "web", Domain: "test"}).Next(fixture.Snapshot(plain, off, limited, closed))
	expect(t, table, "web.test", "/", "10.0.0.1:80 10.0.0.3:80")
	expect(t, table, "other", "/", "10.0.0.1:80 10.0.0.2:80 10.0.0.3:80")
	for _, host := range []string{"web.test", "other"} {
		if r, _ := table.Match(Query{Authority: host, Path: "/"}); r.Policy.Admission == nil || len(r.Policy.Admission.Deny) != 2 {
			t.Errorf("%s: the restriction is lost: %+v", host, r.Policy)
		}
	}
	table = table.Next(fixture.Snapshot(plain, off, at("10.0.0.3"), closed))
	if r, _ := table.Match(Query{Authority: "other", Path: "/"}); r.Policy.Admission != nil {
		t.Errorf("the restriction stays when its tag has gone: %+v", r.Policy.Admission)
	}
}

// What is most likely no HTTP gets no route by itself; it gets one that it asks for.
func TestOtherProtocolsGetNoRouteByThemselves(t *testing.T) {
	for _, c := range []struct {
		id   string
		port int
		tag  string
		want string
	}{
		{"host:web:5432", 32768, "v1", "404"}, {"host:web:80", 6379, "v1", "10.0.0.1:6379"}, {"db-1", 6379, "v1", "404"}, {"db-1", 8080, "v1", "10.0.0.1:8080"},
		{"host:web:25", 32768, "pointsman.route=web.test/", "10.0.0.1:32768"},
	} {
		in := fixture.Instance("web", "10.0.0.1", c.port, c.tag)
		in.ID, in.Registered = c.id, true
		table := newTable(Options{Registered: true, Domain: "test"}).Next(fixture.Snapshot(in))
		expect(t, table, "web.test", "/", c.want)
		if told := table.Verdicts(); (c.want == "404") != (len(told) == 1 && strings.Contains(told[0].Reason, "is ")) {
			t.Errorf("%s: %+v", c.id, told)
		}
	}
}
