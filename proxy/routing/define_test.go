package routing

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/dialect"
)

const (
	gallery  = "gallery.example.org"
	password = "traefik.http.middlewares.gate.basicauth.users=keeper:$apr1$abcdefgh$0123456789abcdefghijk/"
	other    = "traefik.http.middlewares.gate.basicauth.users=thief:$apr1$abcdefgh$0123456789abcdefghijk/"
)

// enabled is an instance with labels of Traefik.
func enabled(service, address string, labels ...string) discovery.Instance {
	return fixture.Instance(service, address, 80, append([]string{"traefik.enable=true"}, labels...)...)
}

func guarded(address string) discovery.Instance {
	return enabled("gallery", address, "traefik.http.routers.gallery.rule=Host(`"+gallery+"`)", "traefik.http.routers.gallery.middlewares=gate@docker")
}

// guard is how a route keeps strangers out: "404", "closed", "open", or the names of those who have a password.
func guard(t *Table, host string) string {
	r, ok := t.Match(Query{Authority: host, Path: "/"})
	switch {
	case !ok:
		return "404"
	case r.Closed:
		return "closed"
	}
	for _, rule := range r.Rules {
		if a := rule.Policy.Filters.Auth; a != nil {
			return a.Users[0].Name
		}
	}
	return "open"
}

// One container defines what another one uses. The definition changes, contradicts another one, goes and comes back, in blocks of which those of the user
// stay the same.
func TestMiddlewaresOfOtherContainers(t *testing.T) {
	table := newTable(Options{})
	user := fixture.Snapshot(guarded("10.0.0.1")).Services[0]
	for i, c := range []struct {
		others []discovery.Instance
		want   string
	}{
		{nil, "closed"}, // never seen one
		{[]discovery.Instance{enabled("traefik", "10.0.0.2", password)}, "keeper"},
		{[]discovery.Instance{enabled("traefik", "10.0.0.2", other)}, "thief"}, // its own container says so
		{[]discovery.Instance{enabled("traefik", "10.0.0.2", password), enabled("x", "10.0.0.3", other)}, "closed"},
		{[]discovery.Instance{enabled("traefik", "10.0.0.2", password), enabled("x", "10.0.0.3", password)}, "keeper"},
		{[]discovery.Instance{enabled("traefik", "10.0.0.2", password), enabled("x", "10.0.0.3")}, "keeper"},
		{nil, "keeper"}, // the last one
		{[]discovery.Instance{enabled("y", "10.0.0.4")}, "keeper"},
		{[]discovery.Instance{fixture.Instance("y", "10.0.0.4", 80, other)}, "keeper"}, // not enabled
		{[]discovery.Instance{enabled("y", "10.0.0.4", "Traefik.HTTP.Middlewares.gate.BasicAuth.users=keeper:$apr1$abcdefgh$0123456789abcdefghijk/")}, "keeper"},
		{[]discovery.Instance{enabled("y", "10.0.0.4", password, other)}, "closed"},
	} {
		s := fixture.Snapshot(c.others...)
		s.Services = append([]*discovery.Service{user}, s.Services...)
		table = table.Next(s)
		if got := guard(table, gallery); got != c.want {
			t.Errorf("%d: %s, want %s; %+v", i, got, c.want, table.Verdicts())
		}
		if again := table.Next(s); again.claimants[0] != table.claimants[0] || again.definitions != table.definitions {
			t.Errorf("%d: compiled again without a change", i)
		}
	}
	if fresh := newTable(Options{}).Next(&discovery.Snapshot{Datacenter: "dc1", Services: []*discovery.Service{user}}); guard(fresh, gallery) != "closed" {
		t.Error("a table that never saw the definition has let somebody in")
	}
}

// Replicas with other definitions of one name have their own each, while strangers' routes are refused.
func TestReplicasWithOtherMiddlewares(t *testing.T) {
	one, two := guarded("10.0.0.1"), guarded("10.0.0.2")
	one.Tags, two.Tags = append(one.Tags, password), append(two.Tags, password, "traefik.http.middlewares.more.compress=true")
	stranger := enabled("s", "10.0.0.3", "traefik.http.routers.s.rule=Host(`s.test`)", "traefik.http.routers.s.middlewares=gate")
	table := newTable(Options{}).Next(fixture.Snapshot(one, two, stranger))
	if g, s := guard(table, gallery), guard(table, "s.test"); g != "keeper" || s != "keeper" {
		t.Errorf("%s, %s", g, s)
	}
	two.Tags[3] = other
	table = table.Next(fixture.Snapshot(one, two, stranger))
	expect(t, table, gallery, "/", "10.0.0.1:80 10.0.0.2:80")
	if g, s := guard(table, gallery), guard(table, "s.test"); g == "open" || g == "closed" || s != "closed" {
		t.Errorf("%s, %s", g, s)
	}
}

// BenchmarkNextWithDefinitions has 2,000 services of 10 instances, each of which defines a middleware and uses that and another one: an instance of one service
// changes, and then what one of them defines for all.
func BenchmarkNextWithDefinitions(b *testing.B) {
	s := many(2_000, 10)
	for at, service := range s.Services {
		for i := range service.Instances {
			service.Instances[i].Tags = []string{"traefik.enable=true", "traefik.http.routers.r.rule=Host(`" + service.Name + ".io`)",
				fmt.Sprintf("traefik.http.routers.r.middlewares=m%d,m%d", at, at/1000*1000), fmt.Sprintf("traefik.http.middlewares.m%d.headers.framedeny=true", at)}
		}
	}
	b.Run("instance", func(b *testing.B) { benchmarkNext(b, s, 1_500, 10) })
	b.Run("definition", func(b *testing.B) { benchmarkDefinition(b, s, 1_500) })
}

// benchmarkDefinition changes what a service defines back and forth.
func benchmarkDefinition(b *testing.B, s *discovery.Snapshot, at int) {
	table := newTable(Options{}).Next(s)
	next := *s
	next.Services = append([]*discovery.Service{}, s.Services...)
	changed := *s.Services[at]
	changed.Instances = append([]discovery.Instance{}, changed.Instances...)
	for i := range changed.Instances {
		in := &changed.Instances[i]
		in.Tags = append([]string{}, in.Tags...)
		in.Tags[3] = strings.Replace(in.Tags[3], "framedeny", "contenttypenosniff", 1)
	}
	next.Services[at] = &changed
	turn := []*discovery.Snapshot{&next, s}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		table = table.Next(turn[i&1])
		i++
	}
}

// A router of one container leads to the service that another one defines: the other one has the route, as the router asks for it.
func TestRoutersToServicesOfOtherContainers(t *testing.T) {
	const (
		service = "traefik.http.services.shop.loadbalancer.server.scheme=http"
		rule    = "traefik.http.routers.front.rule=Host(`" + gallery + "`)"
		to      = "traefik.http.routers.front.service=shop@docker"
		gated   = "traefik.http.routers.front.middlewares=gate"
	)
	front := func(labels ...string) discovery.Instance {
		return enabled("front", "10.0.0.1", append([]string{rule, to}, labels...)...)
	}
	shop := func(labels ...string) discovery.Instance {
		return enabled("shop", "10.0.0.2", append([]string{service, "traefik.http.routers.own.rule=Host(`own.test`)"}, labels...)...)
	}
	spy := enabled("spy", "10.0.0.3", "traefik.http.routers.s.rule=Host(`spy.test`)", "traefik.http.routers.s.service=shop")
	table := newTable(Options{})
	for i, c := range []struct {
		list []discovery.Instance
		host string
		want string // how the route keeps strangers out
		told string // of the router's labels; "" is used
	}{
		{[]discovery.Instance{front()}, gallery, "404", "no container has a service"},
		{[]discovery.Instance{front(), shop()}, gallery, "open", ""},
		{[]discovery.Instance{shop()}, gallery, "404", ""}, // the router has gone, and the route with it
		{[]discovery.Instance{front(gated, password), shop()}, gallery, "keeper", ""},
		{[]discovery.Instance{front(gated, password), shop()}, "own.test", "open", ""},
		{[]discovery.Instance{front(gated), shop(other)}, gallery, "thief", ""},
		{[]discovery.Instance{front(gated, password), shop(other)}, gallery, "closed", "which of them is meant"},
		{[]discovery.Instance{front(gated, password), shop(), spy}, "spy.test", "closed", ""}, // it would lead past the password
		{[]discovery.Instance{front(gated, password), shop(), spy}, gallery, "keeper", ""},
		{[]discovery.Instance{shop("pointsman.route=own.test/x allow=192.0.2.1"), spy}, "spy.test", "closed", ""},
		{[]discovery.Instance{shop("pointsman.allow=192.0.2.1"), spy}, "spy.test", "open", ""}, // allow= of all its routes is this one's, too
		{[]discovery.Instance{front("pointsman.allow=192.0.2.1"), shop()}, gallery, "404", "the restrictions of all routes of this one do not hold"},
		{[]discovery.Instance{front("traefik.http.router.front.middlewares=gate"), shop()}, gallery, "closed", "misspelt"},
		{[]discovery.Instance{front("traefik.http.routers.front.middleware=gate"), shop()}, gallery, "closed", "there is no label"},
		{[]discovery.Instance{front(), shop(), enabled("x", "10.0.0.4", "traefik.http.services.shop.loadbalancer.server.scheme=https")}, gallery, "closed", "another container"},
	} {
		table = table.Next(fixture.Snapshot(c.list...))
		if got := guard(table, c.host); got != c.want {
			t.Errorf("%d: %s, want %s; %+v", i, got, c.want, table.Verdicts())
		}
		fresh := newTable(Options{}).Next(fixture.Snapshot(c.list...))
		if got := guard(fresh, c.host); got != c.want && c.want != "keeper" {
			t.Errorf("%d: in a new table %s, want %s", i, got, c.want)
		}
		told := ""
		for _, v := range fresh.Verdicts() {
			if v.Service == "front" {
				told += v.Reason + " "
			}
			if strings.Contains(v.Reason, "$apr1$") {
				t.Errorf("%d: a verdict shows a password: %s", i, v.Reason)
			}
		}
		if (c.told == "") != (told == "") || !strings.Contains(told, c.told) {
			t.Errorf("%d: told %q, want %q", i, told, c.told)
		}
	}
	table = newTable(Options{}).Next(fixture.Snapshot(front(), shop()))
	expect(t, table, gallery, "/", "10.0.0.2:80")
	if r, _ := table.Match(Query{Authority: "own.test", Path: "/"}); r == nil {
		t.Error("its own route is gone")
	}
}

// Where a host belongs to one service, no labels of another container make routes of that service's.
func TestExclusiveHostsLendNothing(t *testing.T) {
	const own, strange = "traefik.http.routers.gallery.rule=Host(`" + gallery + "`)", "traefik.http.routers.x.rule=Host(`" + gallery + "`) && PathPrefix(`/login`)"
	list := []discovery.Instance{enabled("gallery", "10.0.0.1", own, "traefik.http.services.rooms.loadbalancer.server.scheme=http"), enabled("x", "10.0.0.2", strange, "traefik.http.routers.x.service=rooms")}
	for _, exclusive := range []bool{false, true} {
		table := newTable(Options{ExclusiveHosts: exclusive}).Next(fixture.Snapshot(list...))
		r, ok := table.Match(Query{Authority: gallery, Path: "/login"})
		if !ok || r.Closed {
			t.Fatal("there is no route")
		}
		if lent := r.Rules[0].Match.Path.Text == "/login"; lent == exclusive {
			t.Errorf("exclusive hosts: %t; another container's route: %t", exclusive, lent)
		}
		said := false
		for _, v := range table.Verdicts() {
			said = said || v.Kind == dialect.VerdictRefused && strings.Contains(v.Reason, "-exclusive-hosts")
		}
		if said != exclusive {
			t.Errorf("exclusive hosts: %t; a verdict tells of it: %t", exclusive, said)
		}
	}
}
