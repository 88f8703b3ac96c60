package routing

import (
	"slices"
	"testing"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// registered is an instance that a registrator has registered.
func registered(service, address string, port int, tags ...string) discovery.Instance {
	in := fixture.Instance(service, address, port, tags...)
	in.Registered = true
	return in
}

// What a template does that has a path for each service.
func TestAPathForEachService(t *testing.T) {
	list := []discovery.Instance{registered("shop", "10.0.0.1", 80), registered("bots/v2", "10.0.0.2", 80), registered("mail", "10.0.0.3", 80, "pointsman.route=off"),
		registered("till", "10.0.0.4", 80, "pointsman.allow=192.0.2.0/24"), fixture.Instance("byhand", "10.0.0.5", 80), registered("a b", "10.0.0.6", 80)}
	table := newTable(Options{Registered: true, RegisteredPath: true, Domain: "test"}).Next(fixture.Snapshot(list...))
	expect(t, table, "any.io", "/shop", "10.0.0.1:80")
	expect(t, table, "any.io", "/shop/x", "10.0.0.1:80")
	expect(t, table, "shop.test", "/x", "10.0.0.1:80")
	expect(t, table, "any.io", "/bots/v2/x", "10.0.0.2:80")
	for _, path := range []string{"/shopping", "/mail/", "/byhand/", "/", "/a"} {
		expect(t, table, "any.io", path, "404")
	}
	for _, r := range table.Routes() {
		if r.Host == "" && (len(r.Members) != 1 || r.Members[0].Rule.Options.Strip != r.Path || r.Path == "/till" != r.Members[0].Rule.Restricts()) {
			t.Errorf("%s: %+v", r.Path, r.Members)
		}
	}
	if n := len(table.Verdicts()); n != 3 { // no host name twice, no path once
		t.Errorf("%+v", table.Verdicts())
	}
}

// What a template does that takes the services with a tag: one instance that carries it is enough, whoever registered it.
func TestRoutesOfTheServicesWithATag(t *testing.T) {
	o := Options{Registered: true, RegisteredTag: "public", Domain: "parks.test"}
	list := []discovery.Instance{fixture.Instance("oak", "10.0.0.1", 80, "public"), fixture.Instance("oak", "10.0.0.2", 80), registered("elm", "10.0.0.3", 80, "v1"),
		registered("ash", "10.0.0.4", 80, "v1", "public", "pointsman.deny=192.0.2.1")}
	table := newTable(o).Next(fixture.Snapshot(list...))
	expect(t, table, "oak.parks.test", "/", "10.0.0.1:80 10.0.0.2:80")
	expect(t, table, "elm.parks.test", "/", "404")
	expect(t, table, "ash.parks.test", "/", "10.0.0.4:80")
	if !o.Wants("oak", []string{"public"}) || o.Wants("elm", []string{"v1"}) || o.Wants("consul", []string{"public"}) {
		t.Error("other services are watched than have routes")
	}
	list[0].Tags = nil
	expect(t, table.Next(fixture.Snapshot(list...)), "oak.parks.test", "/", "404")
	if i := slices.IndexFunc(table.Routes(), func(r *Route) bool { return r.Host == "ash.parks.test" }); i < 0 || !table.Routes()[i].Members[0].Rule.Restricts() {
		t.Error("what its tags ask for all routes is not in effect")
	}
}

// traefik.enable=false is no route at all: the container's labels may restrict who comes, and a route of its name would not.
func TestALabelThatSwitchesTraefikOffLeavesNoRoute(t *testing.T) {
	for _, label := range []string{"traefik.http.routers.r.rule=Host(`a.test`)", "traefik.frontend.rule=Host:a.test", "other"} {
		for _, value := range []string{"false", "maybe"} {
			list := []discovery.Instance{registered("till", "10.0.0.1", 80, "traefik.enable="+value, label), registered("mug", "10.0.0.2", 80, "other")}
			table := newTable(Options{Registered: true, RegisteredPath: true, Domain: "test"}).Next(fixture.Snapshot(list...))
			for _, host := range []string{"till.test", "a.test"} {
				expect(t, table, host, "/", "404")
			}
			expect(t, table, "any.io", "/till", "404")
			expect(t, table, "mug.test", "/", "10.0.0.2:80")
		}
	}
}
