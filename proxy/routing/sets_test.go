package routing

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// setsOf tells a route's sets: service and addresses, the members first.
func setsOf(t *testing.T, table *Table, host string) string {
	t.Helper()
	r, ok := table.Match(Query{Authority: host, Path: "/"})
	if !ok {
		return "no route"
	}
	tell := func(members []Member) (out string) {
		for i := range members {
			m := &members[i]
			out += " " + m.Upstream.Address()
			if m.Index != i || m.Rule == nil || m.Weight <= 0 || m.Way.Retired() {
				t.Errorf("%+v", m)
			}
		}
		return out
	}
	out := "members" + tell(r.Members)
	for i := range r.Sets {
		out += fmt.Sprintf(" | %s%s", r.Sets[i].Service, tell(r.Sets[i].Members))
	}
	if r.Closed {
		out += " | closed"
	}
	return out
}

// notesOf are the reasons of a table's verdicts.
func notesOf(table *Table) (out []string) {
	for _, v := range table.Verdicts() {
		out = append(out, v.Reason)
	}
	return out
}

func TestSetsFollowTheServicesThatTheyName(t *testing.T) {
	const tag = "pointsman.route=web.io/ fallback=service:spare on=502:service:pages"
	web := fixture.Instance("web", "10.0.0.1", 80, tag)
	spare := fixture.Instance("spare", "10.0.1.1", 80)
	s := NewSwitch(Options{Languages: fixture.Languages()})
	sequence := uint64(0)
	apply := func(instances ...discovery.Instance) {
		sequence++
		snap := fixture.Snapshot(instances...)
		snap.Sequence = sequence
		s.Apply(snap)
	}
	check := func(what, want string) {
		t.Helper()
		if got := setsOf(t, s.Load(), "web.io"); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	apply(web)
	check("none is there", "members 10.0.0.1:80 | spare | pages")
	if notes := notesOf(s.Load()); len(notes) != 2 || !strings.Contains(notes[0], "service:spare is not in the catalogue") {
		t.Errorf("%q", notes)
	}
	apply(web, spare)
	check("one has come", "members 10.0.0.1:80 | spare 10.0.1.1:80 | pages")
	r, _ := s.Load().Match(Query{Authority: "web.io", Path: "/"})
	lane, way := r.Sets[0].Lane, r.Sets[0].Members[0].Way
	if r.Fallbacks != 1 || r.On.Case(502, false).Set != 2 || r.On.Case(504, true) != nil || r.Choices() != 2 {
		t.Errorf("%+v", r)
	}
	two := fixture.Instance("spare", "10.0.1.2", 80)
	apply(web, spare, two)
	check("another instance", "members 10.0.0.1:80 | spare 10.0.1.1:80 10.0.1.2:80 | pages")
	if r, _ := s.Load().Match(Query{Authority: "web.io", Path: "/"}); r.Sets[0].Lane != lane || r.Sets[0].Members[0].Way != way {
		t.Error("the set's live side is not carried over")
	}
	// A tag of its own speaks the same way, and goes again: the set goes on.
	tagged := fixture.Instance("spare", "10.0.1.1", 80, "pointsman.route=spare.io/")
	apply(web, tagged)
	apply(web, spare)
	check("a tag has come and gone", "members 10.0.0.1:80 | spare 10.0.1.1:80 | pages")
	apply(spare)
	check("the route's own service is gone", "members | spare 10.0.1.1:80 | pages")
	apply(fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=web.io/"), spare)
	check("no fallback any more", "members 10.0.0.1:80")
	if !way.Retired() || len(s.Load().naming) != 0 || len(notesOf(s.Load())) != 0 {
		t.Errorf("retired %v, %d routes name services, %q", way.Retired(), len(s.Load().naming), notesOf(s.Load()))
	}
	apply(web)
	check("and again, without the service", "members 10.0.0.1:80 | spare | pages")
}

func TestWhatSetsMustNotOpen(t *testing.T) {
	client := func(table *Table) *Admission {
		r, ok := table.Match(Query{Authority: "web.io", Path: "/"})
		if !ok {
			t.Fatal("no route")
		}
		return r.Policy.Admission
	}
	critical := func(in discovery.Instance) discovery.Instance {
		in.Status = discovery.Critical
		return in
	}
	table := func(instances ...discovery.Instance) *Table {
		return NewTable(Options{Languages: fixture.Languages(), OwnServices: []string{"pointsman"}}).Next(fixture.Snapshot(instances...))
	}
	spare := fixture.Instance("spare", "10.0.1.1", 80)
	// The route's own restrictions hold while none of its instances serves.
	got := table(critical(fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=web.io/ fallback=service:spare")),
		critical(fixture.Instance("web", "10.0.0.2", 80, "pointsman.route=web.io/ allow=ip:10.0.0.0/8 fallback=service:spare")), spare)
	if setsOf(t, got, "web.io") != "members | spare 10.0.1.1:80" || client(got) == nil || len(client(got).Allow) != 1 {
		t.Errorf("%s, %+v", setsOf(t, got, "web.io"), client(got))
	}
	// So does a route that is closed.
	got = table(fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=web.io/ allow=nonsense fallback=service:spare"), spare)
	if text := setsOf(t, got, "web.io"); text != "members | closed" {
		t.Error(text)
	}
	// So does one that is closed to requests of which it can't be told whether they meet its conditions.
	got = table(fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=web.io/ path-regexp=^/[ab]+$ fallback=service:spare on=none:404"), spare)
	if r, ok := got.Match(Query{Authority: "web.io", Path: "/a"}); !ok || len(r.Sets) != 1 || r.closed == nil || r.closed.Sets != nil || r.closed.On != nil || r.closed.Choices() != 0 {
		t.Errorf("%+v", r)
	}
	// Nor is an instance used that restricts its own routes, or the proxy itself, or the catalogue.
	got = table(fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=web.io/ fallback=service:spare|service:pointsman|service:consul"),
		fixture.Instance("spare", "10.0.1.1", 80, "pointsman.route=s.io/ allow=ip:10.0.0.0/8"), fixture.Instance("spare", "10.0.1.2", 80), fixture.Instance("pointsman", "10.0.2.1", 80),
		fixture.Instance("consul", "10.0.3.1", 8300))
	if text := setsOf(t, got, "web.io"); text != "members 10.0.0.1:80 | spare 10.0.1.2:80 | pointsman | consul" || len(notesOf(got)) != 3 {
		t.Errorf("%s, %q", text, notesOf(got))
	}
}

func TestASetsInstancesAreAskedAsTheirOwnRuleSays(t *testing.T) {
	table := NewTable(Options{Languages: fixture.Languages()}).Next(fixture.Snapshot(
		fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=web.io/ strip=/ prepend=/v2 fallback=service:spare"),
		fixture.Instance("spare", "10.0.1.1", 80, "pointsman.route=s.io/ proto=https prepend=/v1"), fixture.Instance("spare", "10.0.1.2", 80)))
	r, _ := table.Match(Query{Authority: "web.io", Path: "/"})
	members := r.Sets[0].Members
	if len(members) != 2 || members[0].Way.TLS() == nil || members[1].Way.TLS() != nil || !r.Blocking {
		t.Fatalf("%+v", members)
	}
	for i := range members {
		if got := string(members[i].Rule.Options.AppendPath(nil, "/x")); got != "/v2/x" {
			t.Errorf("%d: %s", i, got)
		}
	}
	var tried balancer.Tried
	var all []string
	for range 2 {
		m, ok := r.Sets[0].Pick(balancer.Want{Tried: &tried})
		if !ok {
			t.Fatal("none")
		}
		tried.Add(m.Index)
		all = append(all, m.Upstream.Address())
	}
	if slices.Sort(all); !slices.Equal(all, []string{"10.0.1.1:80", "10.0.1.2:80"}) {
		t.Error(all)
	}
}

// What an instance restricts for all its routes keeps others from leading to it, also where no line of its own asks for a route.
func TestARestrictionForAllRoutesIsLedPastByNobodyElse(t *testing.T) {
	for _, tag := range []string{"pointsman.allow=ip:192.0.2.1", "pointsman.deny=ip:192.0.2.1", "pointsman.allow=nonsense"} {
		list := []discovery.Instance{
			fixture.Instance("secret", "10.0.1.1", 80, tag),
			fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=web.io/ fallback=service:secret"),
		}
		table := newTable(Options{}).Next(withTexts("file.io/ service=secret", "kv.io/ service=secret", list...))
		if got := setsOf(t, table, "web.io"); got != "members 10.0.0.1:80 | secret" {
			t.Errorf("%s: %s", tag, got)
		}
		expect(t, table, "kv.io", "/", "down")
		expect(t, table, "file.io", "/", "10.0.1.1:80")
		if a, b := table.Instance("secret", false), table.Instance("secret", true); a != "" || b != "10.0.1.1:80" {
			t.Errorf("%s: %q and %q are asked", tag, a, b)
		}
	}
	table := newTable(Options{}).Next(withTexts("", "kv.io/ service=open", fixture.Instance("open", "10.0.1.1", 80, "pointsman.weight=5")))
	expect(t, table, "kv.io", "/", "10.0.1.1:80")
}
