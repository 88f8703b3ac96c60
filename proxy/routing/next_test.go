package routing

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

func TestSameRouteOfSeveralServicesIsOne(t *testing.T) {
	table := newTable(Options{}).Next(fixture.Snapshot(
		fixture.Instance("b", "10.0.0.2", 80, "urlprefix-ex.com/ strip=/x"), fixture.Instance("a", "10.0.0.1", 80, "urlprefix-ex.com/"), fixture.Instance("a", "10.0.0.3", 80, "urlprefix-EX.com/")))
	expect(t, table, "ex.com", "/", "10.0.0.1:80 10.0.0.3:80 10.0.0.2:80")
	r, _ := table.Match(Query{Authority: "ex.com", Path: "/"})
	if r.Name != "a" || r.Members[0].Rule.Options.Strip != "" || r.Members[2].Rule.Options.Strip != "/x" {
		t.Errorf("%s %+v", r.Name, r.Members)
	}
	table = table.Next(fixture.Snapshot(fixture.Instance("b", "10.0.0.2", 80, "urlprefix-ex.com/")))
	expect(t, table, "ex.com", "/", "10.0.0.2:80")
}

func TestOnlyUsableInstancesGetTraffic(t *testing.T) {
	sick := fixture.Instance("web", "10.0.0.2", 80, "urlprefix-/", "urlprefix-/only")
	sick.Status = discovery.Critical
	kept := fixture.Instance("web", "10.0.0.3", 80, "urlprefix-/")
	kept.Status = discovery.Maintenance
	warn := fixture.Instance("web", "10.0.0.4", 80, "urlprefix-/")
	warn.Status = discovery.Warning
	table := newTable(Options{}).Next(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "urlprefix-/"), sick, kept, warn))
	expect(t, table, "h", "/", "10.0.0.1:80 10.0.0.4:80")
	expect(t, table, "h", "/only", "down")
}

func TestServiceWithoutInstancesIsDownAndNotUnknown(t *testing.T) {
	web := fixture.Instance("web", "10.0.0.1", 80, "urlprefix-web.io/")
	wide := fixture.Instance("wide", "10.0.0.9", 80, "urlprefix-/")
	at := time.Unix(1_000_000, 0)
	next := func(table *Table, after time.Duration, list ...discovery.Instance) *Table {
		s := fixture.Snapshot(list...)
		s.Taken = at.Add(after)
		return table.Next(s)
	}
	table := next(newTable(Options{}), 0, web, wide)
	lane := func(table *Table) *balancer.Lane {
		r, _ := table.Match(Query{Authority: "web.io", Path: "/"})
		return r.Lane
	}
	first := lane(table)
	table = next(table, time.Second, wide)
	expect(t, table, "web.io", "/", "down")
	table = next(table, vacancy/2, wide)
	expect(t, table, "web.io", "/", "down")
	back := next(table, vacancy/2+1, web, wide)
	expect(t, back, "web.io", "/", "10.0.0.1:80")
	if lane(back) != first {
		t.Error("the lane did not survive")
	}
	table = next(table, 2*vacancy, wide)
	expect(t, table, "web.io", "/", "10.0.0.9:80")

	empty := fixture.Snapshot(wide)
	empty.Services = append(empty.Services, &discovery.Service{Name: "zed"})
	expect(t, newTable(Options{}).Next(empty), "web.io", "/", "10.0.0.9:80")
}

func TestVacantServicesAreBounded(t *testing.T) {
	table := newTable(Options{})
	for i := range 3 * maxVacant / 100 {
		var list []discovery.Instance
		for j := range 100 {
			list = append(list, fixture.Instance(fmt.Sprintf("s%d-%d", i, j), "10.0.0.1", 1+j, fmt.Sprintf("urlprefix-h%d-%d.io/", i, j)))
		}
		table = table.Next(fixture.Snapshot(list...))
	}
	if n := len(table.claimants); n > maxVacant+100 {
		t.Errorf("%d services are remembered", n)
	}
}

func TestDefaultServiceAnswersWhatNothingElseClaims(t *testing.T) {
	table := newTable(Options{DefaultService: "def"}).Next(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "urlprefix-/web")))
	expect(t, table, "h", "/", "down")
	table = table.Next(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "urlprefix-/web"), fixture.Instance("def", "10.0.0.2", 80)))
	expect(t, table, "h", "/", "10.0.0.2:80")
	expect(t, table, "h", "/web", "10.0.0.1:80")
	table = table.Next(fixture.Snapshot())
	expect(t, table, "h", "/", "down")
	expect(t, newTable(Options{}).Next(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80))), "h", "/", "404")
}

func TestRegisteredServicesAnswerAtTheirName(t *testing.T) {
	marked := fixture.Instance("Web", "10.0.0.1", 80)
	marked.Registered = true
	byID := fixture.Instance("api", "10.0.0.2", 80)
	byID.ID, byID.Registered = "host:api_1:80", true
	udp := fixture.Instance("dns", "10.0.0.3", 53)
	udp.ID, udp.Registered = "host:dns_1:53:udp", true
	other := fixture.Instance("other", "10.0.0.4", 80)
	other.ID = "other-1"
	consul := fixture.Instance("consul", "10.0.0.5", 8300)
	consul.Registered = true
	own := fixture.Instance("pointsman", "10.0.0.6", 80, "urlprefix-/own")
	own.Registered = true
	guarded := fixture.Instance("guarded", "10.0.0.7", 80, "urlprefix-/g deny=ip:10.0.0.0/8")
	guarded.Registered = true
	hostile := fixture.Instance("x; } server {", "10.0.0.8", 80)
	hostile.Registered = true
	o := Options{Registered: true, Domain: "test", OwnServices: []string{"pointsman"}}
	table := newTable(o).Next(fixture.Snapshot(marked, byID, udp, other, consul, own, guarded, hostile))
	for host, want := range map[string]string{
		"web.test": "10.0.0.1:80", "api.test:8080": "10.0.0.2:80", "dns.test": "404", "other.test": "404", "consul.test": "404", "pointsman.test": "404",
		"guarded.test": "404",
	} {
		expect(t, table, host, "/", want)
	}
	expect(t, table, "h", "/own", "404")
	if r := table.Verdicts(); len(r) != 2 || r[0].Service != "dns" || strings.ContainsAny(r[1].Service, " ") {
		t.Errorf("rejects: %+v", r)
	}
	for name, want := range map[string]bool{"web": true, "consul": false, "pointsman": false} {
		if o.Wants(name, nil) != want {
			t.Errorf("wants %s: %v", name, !want)
		}
	}
	both := fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=web.test/")
	both.Registered = true
	expect(t, newTable(o).Next(fixture.Snapshot(both)), "web.test", "/", "10.0.0.1:80")
}

func TestAddressesThatAreNeverAnUpstream(t *testing.T) {
	own := func(a netip.AddrPort) bool { return a.Addr().IsLoopback() && (a.Port() == 8080 || a.Port() == 8082) }
	var list []discovery.Instance
	for i, a := range []string{
		"169.254.169.254", "0.0.0.0", "::", "fe80::1", "224.0.0.1", "255.255.255.255", "::ffff:169.254.1.1", "fe80::1%eth0", "", "127.0.0.1; evil",
		"127.0.0.1\nserver 6.6.6.6", "127.1", "2130706433", "0x7f000001", "a..b", strings.Repeat("a", 300),
	} {
		list = append(list, fixture.Instance("bad", a, 1000+i, "urlprefix-/"))
	}
	for _, port := range []int{0, -1, 65536} {
		list = append(list, fixture.Instance("bad", "10.0.0.1", port, "urlprefix-/"))
	}
	list = append(list, fixture.Instance("bad", "127.0.0.1", 8080, "urlprefix-/"), fixture.Instance("bad", "LocalHost.", 8082, "urlprefix-/"))
	published := fixture.Instance("bad", "192.0.2.1", 8080, "urlprefix-/") // of ourselves, at a host's address
	published.Container = "0123456789ab" + strings.Repeat("c", 52)
	list = append(list, published)
	o := Options{Gate: outside.Gate{Own: own}, OwnContainer: "0123456789ab"}
	table := newTable(o).Next(fixture.Snapshot(list...))
	expect(t, table, "h", "/", "down")
	if n := len(table.Verdicts()); n != len(list) {
		t.Errorf("%d rejects for %d instances", n, len(list))
	}
	good := fixture.Snapshot(fixture.Instance("good", "127.0.0.1", 8081, "urlprefix-/"), fixture.Instance("good", "::1", 80, "urlprefix-/"), fixture.Instance("good", "db.internal", 80, "urlprefix-/"))
	expect(t, newTable(o).Next(good), "h", "/", "127.0.0.1:8081 [::1]:80 db.internal:80")
}

func TestRegistrationsOfOneAddressAreOneUpstream(t *testing.T) {
	a, b := fixture.Instance("web", "10.0.0.1", 80, "urlprefix-web.io/"), fixture.Instance("web", "10.0.0.1", 80, "urlprefix-web.io/")
	b.Node = "n2"
	table := newTable(Options{}).Next(fixture.Snapshot(a, b, fixture.Instance("web", "10.0.0.2", 80, "urlprefix-web.io/")))
	expect(t, table, "web.io", "/", "10.0.0.1:80 10.0.0.2:80")
	u := upstream(t, table, "web.io", "10.0.0.1:80")
	table = table.Next(fixture.Snapshot(b))
	if upstream(t, table, "web.io", "10.0.0.1:80") != u || slices.Contains(table.departed, u) {
		t.Error("the upstream went with one of its two registrations")
	}
	restarted := b
	restarted.Start, restarted.Started = "2", time.Unix(2, 0)
	restarted.ID = "again"
	table = table.Next(fixture.Snapshot(b, restarted))
	if upstream(t, table, "web.io", "10.0.0.1:80") == u {
		t.Error("a container started later on the same address is another instance")
	}
	if !slices.Contains(table.departed, u) {
		t.Error("the one before was not retired")
	}
}

func TestAddressReusedByAnotherServiceIsAnotherUpstream(t *testing.T) {
	table := newTable(Options{}).Next(fixture.Snapshot(fixture.Instance("a", "10.0.0.1", 80, "urlprefix-a.io/")))
	u := upstream(t, table, "a.io", "10.0.0.1:80")
	table = table.Next(fixture.Snapshot(fixture.Instance("b", "10.0.0.1", 80, "urlprefix-a.io/")))
	if v := upstream(t, table, "a.io", "10.0.0.1:80"); v == u || v.Service() != "b" {
		t.Error("connections of a would serve b")
	}
	if !slices.Contains(table.departed, u) {
		t.Error("a's upstream was not retired")
	}
}

func TestSickInstanceKeepsItsUpstream(t *testing.T) {
	web := fixture.Instance("web", "10.0.0.1", 80, "urlprefix-a.io/")
	table := newTable(Options{}).Next(fixture.Snapshot(web))
	u := upstream(t, table, "a.io", "10.0.0.1:80")
	sick := web
	sick.Status = discovery.Critical
	table = table.Next(fixture.Snapshot(sick))
	expect(t, table, "a.io", "/", "down")
	if len(table.departed) != 0 {
		t.Error("retired")
	}
	if table = table.Next(fixture.Snapshot(web)); upstream(t, table, "a.io", "10.0.0.1:80") != u {
		t.Error("another upstream")
	}
}

func TestUnchangedServiceIsNotBuiltAgain(t *testing.T) {
	a, b := fixture.Snapshot(fixture.Instance("a", "10.0.0.1", 80, "urlprefix-a.io/")), fixture.Snapshot(fixture.Instance("b", "10.0.0.2", 80, "urlprefix-b.io/"))
	first := newTable(Options{}).Next(&discovery.Snapshot{Services: []*discovery.Service{a.Services[0], b.Services[0]}})
	b2 := fixture.Snapshot(fixture.Instance("b", "10.0.0.3", 80, "urlprefix-b.io/"))
	second := first.Next(&discovery.Snapshot{Services: []*discovery.Service{a.Services[0], b2.Services[0]}})
	r1, _ := first.Match(Query{Authority: "a.io", Path: "/"})
	r2, _ := second.Match(Query{Authority: "a.io", Path: "/"})
	if r1 != r2 {
		t.Error("the route of an unchanged service was built again")
	}
	expect(t, first, "b.io", "/", "10.0.0.2:80")
	expect(t, second, "b.io", "/", "10.0.0.3:80")
	if second.Number != 2 || second.Previous != 1 || second.Cause.String() != "b: 1 instance added and 1 removed" {
		t.Errorf("%+v", second)
	}
}

func TestSpoiltTagKeepsTheLastGoodVersion(t *testing.T) {
	at := func(tags ...string) *discovery.Snapshot {
		return fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, tags...))
	}
	good := newTable(Options{}).Next(at("urlprefix-/a strip=/a", "urlprefix-/b"))
	for _, bad := range []string{"urlprefix-/a weight=abc", "urlprefix-", "urlprefix-/a/../b"} {
		table := good.Next(at(bad, "urlprefix-/b"))
		table = table.Next(at(bad, "urlprefix-/b", "urlprefix-/c"))
		expect(t, table, "h", "/a/x", "10.0.0.1:80")
		expect(t, table, "h", "/b", "10.0.0.1:80")
		expect(t, table, "h", "/c", "10.0.0.1:80")
		if r, ok := table.Match(Query{Authority: "h", Path: "/a/x"}); !ok || r.Members[0].Rule.Options.Strip != "/a" {
			t.Errorf("%q: not the version before", bad)
		}
		if len(table.Verdicts()) != 1 {
			t.Errorf("%q: rejects %+v", bad, table.Verdicts())
		}
		expect(t, table.Next(at("urlprefix-/b")), "h", "/a", "404")
	}
	expect(t, good.Next(at("urlprefix-/b")), "h", "/a", "404")
	fresh := newTable(Options{}).Next(at("urlprefix-/a weight=abc", "urlprefix-/b"))
	expect(t, fresh, "h", "/a", "404")
}

func TestRestrictionThatCannotBeHonouredIsNotServedOpen(t *testing.T) {
	at := func(tags ...string) *discovery.Snapshot {
		return fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, tags...))
	}
	table := newTable(Options{}).Next(at("urlprefix-/", "urlprefix-/admin", "urlprefix-old.io/"))
	table = table.Next(at("urlprefix-/", "urlprefix-/admin auth=basic"))
	if n := table.Len(); n != 2 {
		t.Errorf("%d routes: a refused restriction brings nothing else back", n)
	}
	expect(t, table, "h", "/admin", "down")
	expect(t, table, "h", "/", "10.0.0.1:80")
	if len(table.Verdicts()) != 1 {
		t.Errorf("rejects %+v", table.Verdicts())
	}
}

func TestFixedShares(t *testing.T) {
	share := func(tags ...string) (out []int) {
		var list []discovery.Instance
		for i, tag := range tags {
			in := fixture.Instance("web", fmt.Sprintf("10.0.0.%d", i+1), 80, "urlprefix-/ "+tag)
			if tag == "heavy" {
				in.Tags, in.Weight = []string{"urlprefix-/"}, 3
			}
			list = append(list, in)
		}
		r, _ := newTable(Options{}).Next(fixture.Snapshot(list...)).Match(Query{Authority: "h", Path: "/"})
		for i := range r.Members {
			out = append(out, r.Members[i].Weight)
		}
		return out
	}
	for _, c := range []struct {
		tags []string
		want []int
	}{
		{[]string{"", "", ""}, []int{1, 1, 1}},
		{[]string{"", "heavy"}, []int{1, 3}},
		{[]string{"weight=0.05", "weight=0.05", "", "", "", ""}, []int{50000, 50000, 225000, 225000, 225000, 225000}},
		{[]string{"weight=0.2", "", "heavy"}, []int{200000, 200000, 600000}},
		{[]string{"weight=0.1", "weight=0.3"}, []int{250000, 750000}},
		{[]string{"weight=2", "weight=2"}, []int{500000, 500000}},
		{[]string{"weight=1", "weight=1", ""}, []int{500000, 500000, 0}},
		{[]string{"weight=0", "weight=-1"}, []int{1, 1}},
	} {
		if got := share(c.tags...); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %v, want %v", c.tags, got, c.want)
		}
	}
}

// Over any walk of snapshots: who stays keeps its Upstream, who goes departs once, nobody else does, and what is served is
// what the snapshot says.
func TestSurvivorsKeepTheirUpstream(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := newTable(Options{})
		live := map[discovery.Identity]*balancer.Upstream{}
		var blocks map[string]*discovery.Service
		for range 6 {
			var list []discovery.Instance
			for s := range 3 {
				for i := range 4 {
					if rapid.Bool().Draw(t, "there") {
						list = append(list, fixture.Instance(fmt.Sprintf("s%d", s), fmt.Sprintf("10.0.%d.%d", s, i+1), 80, fmt.Sprintf("urlprefix-h%d.io/", s)))
					}
				}
			}
			s := fixture.Snapshot(list...)
			for i, b := range s.Services { // unchanged blocks keep their pointer
				if old := blocks[b.Name]; old != nil && reflect.DeepEqual(old, b) {
					s.Services[i] = old
				}
			}
			blocks = map[string]*discovery.Service{}
			for _, b := range s.Services {
				blocks[b.Name] = b
			}
			table = table.Next(s)
			now := map[discovery.Identity]*balancer.Upstream{}
			for i := range list {
				r, _ := table.Match(Query{Authority: fmt.Sprintf("h%s.io", list[i].Service[1:]), Path: "/"})
				for j := range r.Members {
					if r.Members[j].Instance.Identity == list[i].Identity {
						now[list[i].Identity] = r.Members[j].Upstream
					}
				}
				if now[list[i].Identity] == nil {
					t.Fatalf("%v is not served", list[i].Identity)
				}
			}
			gone := 0
			for id, u := range live {
				if now[id] == nil {
					gone++
					if !slices.Contains(table.departed, u) {
						t.Fatalf("%v did not depart", id)
					}
				} else if now[id] != u {
					t.Fatalf("%v got another upstream", id)
				}
			}
			if len(table.departed) != gone || len(table.arrived) != len(now)-(len(live)-gone) {
				t.Fatalf("%d departed, %d gone, %d arrived", len(table.departed), gone, len(table.arrived))
			}
			live = now
		}
	})
}

func TestRejectNamesTheInstanceForPeople(t *testing.T) {
	one := fixture.Instance("web", "10.0.0.1", 80, "urlprefix-/ weight=zz")
	one.ID = "web\n1"
	rejects := newTable(Options{}).Next(fixture.Snapshot(one)).Verdicts()
	if len(rejects) != 1 || rejects[0].Instance != `web\n1` {
		t.Errorf("rejects %+v, want one of the instance web\\n1, escaped and without quotes", rejects)
	}
}

// An option that is not in effect is reported like a refused tag, once, and its route is served.
func TestOptionsWithoutEffectAreReported(t *testing.T) {
	tag := "pointsman.route=web.localhost/ strip=/a speed=9 register=x"
	table := newTable(Options{}).Next(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, tag), fixture.Instance("web", "10.0.0.2", 80, tag)))
	expect(t, table, "web.localhost", "/", "10.0.0.1:80 10.0.0.2:80")
	got := table.Verdicts()
	if len(got) != 2 || got[0].Tags() != tag || !strings.Contains(got[0].Reason+got[1].Reason, `"speed" is not an option`) {
		t.Errorf("%+v", got)
	}
	again := table.Next(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, tag)))
	if len(again.Verdicts()) != 2 || len(again.told) != 0 {
		t.Errorf("after a change: %+v, of which new %+v", again.Verdicts(), again.told)
	}
}

// Rules of one instance share a way where they speak to it alike. A way lives as long as a rule speaks it, also while its instance is not
// usable, and ends after the publication of the table that has it no more.
func TestWaysSurviveWithTheirRules(t *testing.T) {
	one := func(tags ...string) discovery.Instance { return fixture.Instance("web", "10.0.0.1", 80, tags...) }
	ways := func(table *Table) (plain, secure *balancer.Way) {
		for _, r := range table.Routes() {
			found, _ := table.Match(Query{Authority: r.Host, Path: "/"})
			if w := found.Members[0].Way; w.TLS() == nil {
				plain = w
			} else {
				secure = w
			}
		}
		return plain, secure
	}
	tags := []string{"urlprefix-a.io/", "urlprefix-b.io/", "urlprefix-c.io/ proto=https"}
	first := newTable(Options{}).Next(fixture.Snapshot(one(tags...)))
	plain, secure := ways(first)
	if plain == nil || secure == nil || plain.Upstream() != secure.Upstream() || first.claimants[0].standing[0].ways[0] != plain || len(first.claimants[0].standing[0].ways) != 2 {
		t.Fatalf("%v %v", plain, secure)
	}
	critical := one(tags...)
	critical.Status = discovery.Critical
	again := first.Next(fixture.Snapshot(critical)).Next(fixture.Snapshot(one(tags[1:]...)))
	if p, s := ways(again); p != plain || s != secure || len(again.unspoken) > 0 {
		t.Error("a way did not survive")
	}
	last := again.Next(fixture.Snapshot(one("urlprefix-c.io/ proto=https host=name.io")))
	if len(last.unspoken) != 2 || !slices.Contains(last.unspoken, plain) || !slices.Contains(last.unspoken, secure) || len(last.departed) > 0 || plain.Retired() {
		t.Errorf("unspoken %v, departed %v", last.unspoken, last.departed)
	}
	if _, named := ways(last); named == secure || named.TLS().ServerName != "name.io" {
		t.Errorf("%+v", named.TLS())
	}
}

// A line that is spoilt while a restriction comes for all routes of its instance is not served as it was before.
func TestASpoiltLineIsNotLedPastANewRestriction(t *testing.T) {
	const allow = "pointsman.allow=ip:192.0.2.1"
	for _, c := range []struct{ name, before, tag, line, want string }{
		{"not read", "", allow, "pointsman.route=web.io/ \x01", "down"},
		{"a bad quote", "", allow, `pointsman.route=web.io/ strip="/x`, "down"},
		{"matches nothing", "", allow, "pointsman.route=web.io:99999/", "down"},
		{"another list", "pointsman.allow=ip:192.0.2.2", allow, "pointsman.route=web.io:99999/", "down"},
		{"none that can be honoured", "", "pointsman.allow=nonsense", "pointsman.route=web.io:99999/", "down"},
		{"as before", allow, allow, "pointsman.route=web.io:99999/", "10.0.0.1:80"},
		{"no restriction", "", "pointsman.weight=5", "pointsman.route=web.io:99999/", "10.0.0.1:80"},
	} {
		table := newTable(Options{}).Next(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, c.before, "pointsman.route=web.io/")))
		spoilt := fixture.Instance("web", "10.0.0.1", 80, c.tag, c.line)
		for i := range 3 { // it stays so while others come and go
			table = table.Next(fixture.Snapshot(spoilt, fixture.Instance("web", "10.0.0.2", 80+i)))
			if got := where(table, "web.io", "/"); got != c.want {
				t.Errorf("%s, %d: %s, want %s", c.name, i, got, c.want)
			}
		}
		table = table.Next(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=web.io/")))
		expect(t, table, "web.io", "/", "10.0.0.1:80")
	}
}

// A line with a restriction of its own whose source can't be read may be about any route that has vanished: none is served as it was before.
func TestASpoiltSourceWithARestrictionIsNotServedOpen(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"a bad escape", "pointsman.route=/x/../y allow=ip:192.0.2.1", "down"},
		{"a bad port", "pointsman.route=web.io:99999/x deny=ip:192.0.2.1", "down"},
		{"a bad byte", "pointsman.route=/x\x01 auth=none", "down"},
		{"no restriction", "pointsman.route=/x/../y weight=5", "10.0.0.1:80"},
	} {
		open := fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=/x", "pointsman.route=/other")
		spoilt := fixture.Instance("web", "10.0.0.1", 80, c.line, "pointsman.route=/other")
		spoilt.Registered = true
		table := newTable(Options{Registered: true, Domain: "test"}).Next(fixture.Snapshot(open))
		for i := range 3 { // it stays so while others come and go
			table = table.Next(fixture.Snapshot(spoilt, fixture.Instance("web", "10.0.0.2", 80+i, "v1")))
			if got := where(table, "h", "/x"); got != c.want {
				t.Errorf("%s, %d: %s, want %s", c.name, i, got, c.want)
			}
		}
		expect(t, table, "h", "/other", "10.0.0.1:80")
		named := map[string]string{"down": "404"}[c.want]
		if named == "" {
			named = c.want
		}
		expect(t, table, "web.test", "/", named)
		expect(t, table.Next(fixture.Snapshot(open)), "h", "/x", "10.0.0.1:80")
	}
	file := newTable(Options{}).Next(withTexts("/x to=10.1.0.1:80", ""))
	expect(t, file, "h", "/x", "10.1.0.1:80")
	expect(t, file.Next(withTexts("/x/../y to=10.1.0.1:80 allow=192.0.2.1", "")), "h", "/x", "down")
}

// What one registration of an address restricts can't be passed by through another one of it.
func TestNoWayToARestrictedAddressByAnotherRegistration(t *testing.T) {
	for _, restricts := range []string{"pointsman.route=web.io/ allow=ip:192.0.2.1", "pointsman.allow=ip:192.0.2.1"} {
		for _, status := range []discovery.Status{discovery.Passing, discovery.Critical} {
			guarded := fixture.Instance("web", "10.0.0.1", 80, restricts)
			open := fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=open.io/")
			free := fixture.Instance("web", "10.0.0.2", 80, "pointsman.route=open.io/")
			guarded.ID, guarded.Status = "other", status
			open.Registered, free.Registered, guarded.Registered = true, true, true
			by := fixture.Instance("by", "10.0.0.9", 80, "pointsman.route=by.io/ fallback=service:web")
			table := newTable(Options{Registered: true, Domain: "test"}).Next(withTexts("operator.io/ service=web", "line.io/ service=web", by, guarded, open, free))
			expect(t, table, "line.io", "/", "10.0.0.2:80")
			if got, want := setsOf(t, table, "by.io"), "members 10.0.0.9:80 | web 10.0.0.2:80"; got != want {
				t.Errorf("%s: %s, want %s", restricts, got, want)
			}
			if got := where(table, "operator.io", "/"); !strings.Contains(got, "10.0.0.1:80") {
				t.Errorf("%s: the operator is led to %s", restricts, got)
			}
			if r, ok := table.Match(Query{Authority: "web.test", Path: "/"}); ok && strings.Contains(where(table, "web.test", "/"), "10.0.0.1:80") &&
				(r.Policy.Admission == nil || len(r.Policy.Admission.Allow) == 0) {
				t.Errorf("%s, %s: the name leads past the restriction", restricts, status)
			}
		}
	}
}
