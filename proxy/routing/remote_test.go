package routing

import (
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// abroad is a snapshot with instances of dc1, and others of dc2.
func abroad(here, there []discovery.Instance) *discovery.Snapshot {
	s := fixture.Snapshot(here...)
	s.Remote = fixture.Snapshot(there...).Services
	for _, b := range s.Remote {
		b.Datacenter = "dc2"
		for i := range b.Instances {
			b.Instances[i].Datacenter = "dc2"
		}
	}
	return s
}

func list(in ...discovery.Instance) []discovery.Instance { return in }

func TestAnotherDatacenterStandsBy(t *testing.T) {
	const tag = "pointsman.route=web.io/ failover=dc2"
	web := fixture.Instance("web", "10.0.0.1", 80, tag)
	far := fixture.Instance("web", "10.2.0.1", 80, "pointsman.route=web.io/ proto=https weight=3", "pointsman.route=only-there.io/")
	far.Node, far.ID = web.Node, web.ID // which two datacenters may both have
	critical := web
	critical.Status = discovery.Critical
	s := newSwitch(Options{})
	apply := func(here, there []discovery.Instance) {
		next := abroad(here, there)
		s.Apply(next)
	}
	check := func(what, want string) {
		t.Helper()
		if got := setsOf(t, s.Load(), "web.io"); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	apply(list(web), nil)
	check("nothing is known of dc2", "members 10.0.0.1:80 | web@dc2")
	apply(list(web), list(far))
	check("dc2 stands by", "members 10.0.0.1:80 | web@dc2 10.2.0.1:80")
	r, _ := s.Load().Match(Query{Authority: "web.io", Path: "/"})
	m := r.Sets[0].Members[0]
	if r.Fallbacks != 1 || m.Way.TLS() == nil || m.Weight != 3 || m.Upstream.Service() != "web@dc2" || len(notesOf(s.Load())) != 0 {
		t.Errorf("%+v, %q", m, notesOf(s.Load()))
	}
	expect(t, s.Load(), "only-there.io", "/", "404") // tags of dc2 are for the proxies there
	if s.InUse("web", "dc2") || s.InUse("web", "dc3") {
		t.Error("in use without a request")
	}
	m.Upstream.Acquire(0)
	if !s.InUse("web", "dc2") {
		t.Error("not in use with a request on its way")
	}
	m.Upstream.Release(0)
	apply(list(critical), list(far))
	check("none is left here", "members | web@dc2 10.2.0.1:80")
	apply(nil, list(far))
	check("the service has left the catalogue here", "members | web@dc2 10.2.0.1:80")
	if r, _ := s.Load().Match(Query{Authority: "web.io", Path: "/"}); r.Sets[0].Members[0].Upstream != m.Upstream || r.Sets[0].Members[0].Way.Retired() {
		t.Error("its live side is not carried over")
	}
	var names []string
	for _, one := range s.Load().Services() {
		names = append(names, one.Name)
	}
	if !slices.Equal(names, []string{"web", "web@dc2"}) {
		t.Errorf("services %q", names)
	}
	apply(list(web), nil)
	check("dc2 has none", "members 10.0.0.1:80 | web@dc2")
	if !m.Upstream.Retired() {
		t.Error("an upstream that is gone is not retired")
	}
	next := abroad(list(web), nil)
	next.Remote = []*discovery.Service{{Name: "web", Datacenter: "dc2", Missing: "there is no way"}}
	s.Apply(next)
	if notes := notesOf(s.Load()); len(notes) != 1 || !strings.Contains(notes[0], "service:web@dc2 has no instances: there is no way") {
		t.Errorf("%q", notes)
	}
}

func TestFailoverComesBeforeFallbacks(t *testing.T) {
	table := newTable(Options{}).Next(abroad(
		list(fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=web.io/ fallback=service:sorry|service:web@dc2 failover=dc2"), fixture.Instance("sorry", "10.0.1.1", 80)),
		list(fixture.Instance("web", "10.2.0.1", 80))))
	if got := setsOf(t, table, "web.io"); got != "members 10.0.0.1:80 | web@dc2 10.2.0.1:80 | sorry 10.0.1.1:80 | web@dc2 10.2.0.1:80" {
		t.Error(got)
	}
}

func TestFailoverToTheDatacenterItselfIsNone(t *testing.T) {
	table := newTable(Options{}).Next(abroad(list(fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=web.io/ failover=dc1")), nil))
	if got := setsOf(t, table, "web.io"); got != "members 10.0.0.1:80 | web@dc1" {
		t.Error(got)
	}
	if notes := notesOf(table); len(notes) != 1 || !strings.Contains(notes[0], "is this datacenter") {
		t.Errorf("%q", notes)
	}
}

// Nothing leads past what an instance there restricts, unless it is restricted here as well.
func TestWhatFailoverMustNotOpen(t *testing.T) {
	const allow = " allow=ip:10.0.0.0/8"
	for _, c := range []struct {
		name        string
		here, there []string
		want        bool
	}{
		{"the same restriction", []string{"web.io/ failover=dc2" + allow}, []string{"web.io/ failover=dc1" + allow}, true},
		{"none there", []string{"web.io/ failover=dc2" + allow}, []string{"web.io/"}, true},
		{"none here", []string{"web.io/ failover=dc2"}, []string{"web.io/" + allow}, false},
		{"another one", []string{"web.io/ failover=dc2" + allow}, []string{"web.io/ allow=ip:10.0.0.0/9"}, false},
		{"a path that is restricted in both", []string{"web.io/ failover=dc2", "web.io/admin" + allow}, []string{"web.io/", "web.io/admin" + allow}, true},
		{"a path that is restricted there only", []string{"web.io/ failover=dc2"}, []string{"web.io/", "web.io/admin" + allow}, false},
		{"closed there", []string{"web.io/ failover=dc2"}, []string{"web.io/ allow=nonsense"}, false},
	} {
		tags := func(lines []string) (out []string) {
			for _, l := range lines {
				out = append(out, "pointsman.route="+l)
			}
			return out
		}
		table := newTable(Options{}).Next(abroad(list(fixture.Instance("web", "10.0.0.1", 80, tags(c.here)...)), list(fixture.Instance("web", "10.2.0.1", 80, tags(c.there)...))))
		want := "members 10.0.0.1:80 | web@dc2"
		if c.want {
			want += " 10.2.0.1:80"
		}
		if got := setsOf(t, table, "web.io"); got != want || c.want != (len(notesOf(table)) == 0) {
			t.Errorf("%s: %s, %q", c.name, got, notesOf(table))
		}
	}
}

func TestLinesLeadToAnotherDatacenter(t *testing.T) {
	const file = `web.io/ service=web@dc2
both.io/ service=web,web@dc2
closed.io/ service=secret@dc2
named.io/ service=web@dc2@
away.io/ service=web@dc9
late.io/ service=none@dc2
by.io/ service=web failover=dc2
`
	s := withTexts(file, "kv.io/ service=secret@dc2\nok.io/ service=web@dc2")
	full := abroad(list(fixture.Instance("web", "10.0.0.1", 80), fixture.Instance("web@dc2", "10.0.0.9", 80)),
		list(fixture.Instance("web", "10.2.0.1", 80), fixture.Instance("secret", "10.2.0.2", 80, "pointsman.route=s.io/ allow=ip:10.0.0.0/8")))
	s.Services, s.Datacenter = full.Services, full.Datacenter
	s.Remote = append(full.Remote, &discovery.Service{Name: "web", Datacenter: "dc9", Missing: "there is no way"})
	table := newTable(Options{}).Next(s)
	expect(t, table, "web.io", "/", "10.2.0.1:80")
	expect(t, table, "both.io", "/", "10.0.0.1:80 10.2.0.1:80")
	expect(t, table, "closed.io", "/", "10.2.0.2:80") // the operator may
	expect(t, table, "kv.io", "/", "down")
	expect(t, table, "ok.io", "/", "10.2.0.1:80")
	expect(t, table, "named.io", "/", "10.0.0.9:80") // a service here that is called so
	expect(t, table, "away.io", "/", "down")
	expect(t, table, "late.io", "/", "down")
	if got := setsOf(t, table, "by.io"); got != "members 10.0.0.1:80 | web@dc2 10.2.0.1:80" {
		t.Error(got)
	}
	if u := upstream(t, table, "web.io", "10.2.0.1:80"); u != upstream(t, table, "both.io", "10.2.0.1:80") || u.Service() != "web@dc2" {
		t.Error("an instance has two upstreams")
	}
	expectTold(t, table, `/etc/routes:5 partly service="web@dc9" has no instances: there is no way`, `/etc/routes:6 partly service="none@dc2" is not in the catalogue`,
		`pointsman/routes/a:1 partly an instance of service="secret@dc2" restricts who may use its own routes: only the operator leads past that`)
}
