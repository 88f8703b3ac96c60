package routing

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// textOf is a pin as the Store hands it on.
func textOf(t testing.TB, p *Pin) *discovery.Text {
	t.Helper()
	text, err := p.Text()
	if err != nil {
		t.Fatal(err)
	}
	return discovery.NewText(discovery.TextKV, discovery.PinPrefix+"/"+discovery.KeyOf(p.Service), string(text), 0)
}

// pinOf is the pin of a table's service.
func pinOf(t testing.TB, table *Table, service string) *Pin {
	t.Helper()
	p, err := table.PinOf(service, time.Unix(1, 0).UTC())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func web(n int, tags ...string) discovery.Instance {
	return fixture.Instance("web", fmt.Sprintf("10.0.0.%d", n), 80, tags...)
}

// with is a snapshot with pins.
func with(s *discovery.Snapshot, pins ...*discovery.Text) *discovery.Snapshot {
	s.Pins = pins
	return s
}

// A pin holds a service's routes, and never its instances.
func TestPinHoldsRoutesAndNotInstances(t *testing.T) {
	good, bad := "pointsman.route=a.io/ strip=/x", "pointsman.route=b.io/"
	first := newTable(Options{}).Next(fixture.Snapshot(web(1, good), web(2, good)))
	broken := first.Next(fixture.Snapshot(web(1, bad), web(3, bad)))
	expect(t, broken, "a.io", "/", "404")
	pin := textOf(t, pinOf(t, first, "web"))
	held := broken.Next(with(fixture.Snapshot(web(1, bad), web(3, bad)), pin))
	expect(t, held, "a.io", "/", "10.0.0.1:80 10.0.0.3:80")
	expect(t, held, "b.io", "/", "404")
	if c := held.Cause.String(); !strings.HasPrefix(c, "web: pinned to table 1, web: ") {
		t.Error(c)
	}
	r, _ := held.Match(Query{Authority: "a.io", Path: "/"})
	s, _ := held.Service("web")
	if p := r.Pins(); len(p) != 1 || p[0].String() != "web@1" || s.Pin != p[0] || !slices.Equal(held.Pins(), p) || r.Rules[0].Options.Strip != "/x" {
		t.Errorf("%v, %+v", p, s)
	}
	if upstream(t, held, "a.io", "10.0.0.1:80") != upstream(t, broken, "b.io", "10.0.0.1:80") {
		t.Error("an instance has lost its live side")
	}
	snap := with(fixture.Snapshot(web(3, bad), web(4, bad)), pin)
	next := held.Next(snap)
	expect(t, next, "a.io", "/", "10.0.0.3:80 10.0.0.4:80")
	if again := next.Next(snap); again.pins[0] != next.pins[0] || again.claimants[0] != next.claimants[0] || len(again.Cause.Pins) != 0 {
		t.Error("what has not changed is made again")
	}
	free := next.Next(fixture.Snapshot(web(3, bad), web(4, bad)))
	expect(t, free, "a.io", "/", "404")
	expect(t, free, "b.io", "/", "10.0.0.3:80 10.0.0.4:80")
	if c := free.Cause.String(); !strings.HasPrefix(c, "web: released, web: ") || len(free.Pins()) != 0 {
		t.Error(c)
	}
}

// Instances with tags of their own keep them; one that has come since has all that its service had, with all that it restricted.
func TestPinOfInstancesThatAskForDifferentThings(t *testing.T) {
	open, shut := "pointsman.route=a.io/", "pointsman.route=a.io/admin allow=10.0.0.0/8"
	first := newTable(Options{}).Next(fixture.Snapshot(web(1, open), web(2, open), web(3, open, shut)))
	p := pinOf(t, first, "web")
	if len(p.Lines) != 2 || len(p.Lines[0].Instances) != 2 {
		t.Fatalf("%+v", p)
	}
	none := "pointsman.route=c.io/"
	held := first.Next(with(fixture.Snapshot(web(2, none), web(3, none), web(4, none)), textOf(t, p)))
	expect(t, held, "a.io", "/", "10.0.0.2:80 10.0.0.3:80 10.0.0.4:80")
	expect(t, held, "a.io", "/admin", "10.0.0.3:80 10.0.0.4:80")
	only := held.Next(with(fixture.Snapshot(web(4, none)), textOf(t, p)))
	r, _ := only.Match(Query{Authority: "a.io", Path: "/admin"})
	if a := r.Policy.Admission; a == nil || len(a.Allow) != 1 || where(only, "a.io", "/admin") != "10.0.0.4:80" {
		t.Errorf("%+v", a)
	}
}

// Who has come since shares one list of tags: else a pin with tens of thousands of short tags, which fits into the Store, would be joined again for
// each of 10,000 instances.
func TestPinIsReadOnceForAllInstances(t *testing.T) {
	p := &Pin{Service: "web", Table: 1, Lines: []PinnedTags{{Tags: []string{"a", "b"}, Instances: []string{"n/1", "n/2"}}, {Tags: []string{"b", "c"}, Instances: []string{"n/2"}}}}
	tagsOf := p.reader()
	of := func(id string) []string {
		return tagsOf(&discovery.Instance{Identity: discovery.Identity{Node: "n", ID: id}})
	}
	for id, want := range map[string][]string{"1": {"a", "b"}, "2": {"a", "b"}, "3": {"a", "b", "c"}} {
		if got := of(id); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	if a, b := of("3"), of("4"); &a[0] != &b[0] {
		t.Error("each instance has a list of its own")
	}
}

// What is no pin of its service is refused in one line, and what was good before stays.
func TestBadPinsAreRefused(t *testing.T) {
	line, other := "pointsman.route=a.io/", "pointsman.route=b.io/"
	first := newTable(Options{}).Next(fixture.Snapshot(web(1, line)))
	good := textOf(t, pinOf(t, first, "web"))
	foreign := *pinOf(t, first, "web")
	foreign.Service = "shop"
	bad := func(name, text string) *discovery.Text { return discovery.NewText(discovery.TextKV, name, text, 0) }
	shop, _ := foreign.Text()
	for _, c := range []struct{ name, text, want string }{
		{"pins/web", "", "none that pointsman pin has written"}, {"pins/web", "{}{}", "something follows its content"}, {"pins/web", string(shop), `it is of the service "shop"`},
		{"pins/web", `{"service":"web","table":0,"lines":[{"tags":[]}]}`, "names no table"}, {"pins/web", `{"service":"web","table":1,"lines":[]}`, "holds no lines"},
		{"pins/web", `{"service":"web","table":1,"lines":[{"tags":["a"]}],"x":1}`, "none that"}, {"pins/_zz", "{}", "is no name's key"},
		{"pins/web", strings.Repeat(" ", maxPinBytes+1), "more than"}, {"pins/web", `{"service":"web","table":1,"lines":[` + strings.Repeat(`{"tags":[]},`, maxPinGroups) + `{"tags":[]}]}`, "kinds"},
	} {
		text := bad(c.name, c.text)
		free := first.Next(with(fixture.Snapshot(web(1, other)), text))
		expect(t, free, "b.io", "/", "10.0.0.1:80")
		v := free.Verdicts()
		if len(v) != 1 || !strings.Contains(v[0].Reason, c.want) || strings.Contains(v[0].Text(), "\n") || len(free.told) != 1 || len(free.Pins()) != 0 {
			t.Errorf("%s: %+v", c.want, v)
		}
		if c.name != "pins/web" {
			continue
		}
		held := first.Next(with(fixture.Snapshot(web(1, other)), good)).Next(with(fixture.Snapshot(web(1, other)), text))
		expect(t, held, "a.io", "/", "10.0.0.1:80")
		if len(held.Verdicts()) != 1 || len(held.Pins()) != 1 {
			t.Errorf("%s: %+v", c.want, held.Verdicts())
		}
	}
}

// What can't be pinned is refused in one line.
func TestWhatCannotBePinned(t *testing.T) {
	gone := newTable(Options{OwnServices: []string{"own"}}).Next(fixture.Snapshot(web(1, "pointsman.route=a.io/"), fixture.Instance("own", "10.0.0.9", 80, "pointsman.route=o.io/"),
		fixture.Instance("shy", "10.0.0.8", 80), fixture.Instance("odd", "10.0.0.7", 80, "pointsman.route=a..b/", "pointsman.route=x.io/")))
	table := gone.Next(fixture.Snapshot())
	for service, want := range map[string]string{"none": "has no service", "own": "asked for no route", "shy": "asked for no route", "odd": "was refused ("} {
		if _, err := gone.PinOf(service, time.Now()); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", service, err)
		}
	}
	if _, err := table.PinOf("web", time.Now()); err == nil || !strings.Contains(err.Error(), "had no instances") {
		t.Error(err)
	}
	p := pinOf(t, gone, "web")
	if err := table.CheckPin(p, gone); err != nil {
		t.Error(err)
	}
	p.Lines[0].Tags = []string{"pointsman.route=a..b/"}
	if err := table.CheckPin(p, gone); err == nil || !strings.Contains(err.Error(), "would be refused now") {
		t.Error(err)
	}
	p.Service = "own"
	if err := table.CheckPin(p, gone); err == nil || !strings.Contains(err.Error(), "this proxy itself") {
		t.Error(err)
	}
}

// Whoever pins is told which routes restrict now what they did not.
func TestPinTellsWhatItLoosens(t *testing.T) {
	first := newTable(Options{}).Next(fixture.Snapshot(web(1, "pointsman.route=a.io/", "pointsman.route=b.io/ deny=1.2.3.4")))
	now := first.Next(fixture.Snapshot(web(1, "pointsman.route=a.io/ allow=10.0.0.0/8", "pointsman.route=b.io/ deny=1.2.3.4", "pointsman.route=c.io/ allow=10.0.0.0/8", "pointsman.route=d.io/")))
	if got := now.Loosens(pinOf(t, first, "web"), first); fmt.Sprint(got) != "[a.io/ c.io/]" {
		t.Error(got)
	}
}

// Whatever the tags become and whichever instances there are, a pinned service's routes ask for what they asked for, of the instances there are.
func TestPinnedRoutesStay(t *testing.T) {
	lines := []string{"pointsman.route=a.io/", "pointsman.route=a.io/x strip=/x allow=10.0.0.0/8", "urlprefix-c.io/ weight=0.2", "pointsman.route=*.b.io/ priority=2", "pointsman.route=bad..x/", "v2"}
	some := rapid.SliceOfNDistinct(rapid.SampledFrom(lines), 0, 4, rapid.ID)
	rapid.Check(t, func(t *rapid.T) {
		tags := append([]string{lines[0]}, rapid.SliceOfNDistinct(rapid.SampledFrom(lines[1:4]), 0, 3, rapid.ID).Draw(t, "pinned")...)
		table := newTable(Options{}).Next(fixture.Snapshot(web(1, tags...), web(2, tags...)))
		want := askedFor(table)
		p, err := table.PinOf("web", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		text, _ := p.Text()
		pin := discovery.NewText(discovery.TextKV, "pins/web", string(text), 0)
		for range rapid.IntRange(1, 5).Draw(t, "tables") {
			var list []discovery.Instance
			var addresses []string
			for n := range rapid.IntRange(1, 4).Draw(t, "instances") {
				in := web(n+1, some.Draw(t, "tags")...)
				list, addresses = append(list, in), append(addresses, fmt.Sprintf("%s:80", in.Address))
			}
			table = table.Next(with(fixture.Snapshot(list...), pin))
			if got := askedFor(table); !reflect.DeepEqual(got, want) {
				t.Fatalf("%v, want %v", got, want)
			}
			if got := where(table, "a.io", "/"); got != strings.Join(addresses, " ") {
				t.Fatalf("%s, want %s", got, addresses)
			}
		}
	})
}

// askedFor is what the routes of a table are, whoever serves them.
func askedFor(t *Table) (out []string) {
	for _, r := range t.Routes() {
		out = append(out, r.Text()+" "+fmt.Sprint(r.Rules[0].Shown()))
	}
	return out
}

// No text that anybody may write into the Store does more than be refused, or be read as it would be written.
func FuzzPin(f *testing.F) {
	f.Add("web", `{"service":"web","table":1,"at":"2026-01-02T03:04:05Z","lines":[{"tags":["pointsman.route=a.io/"]},{"tags":[],"instances":["n/i"]}]}`)
	f.Add("web", "{}")
	f.Fuzz(func(t *testing.T, service, text string) {
		p, err := ParsePin(service, text)
		if err != nil {
			if p != nil || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v %q", p, err)
			}
			return
		}
		again, err := p.Text()
		if err != nil { // written with indents it may be too long
			return
		}
		same, err := ParsePin(service, string(again))
		if err != nil || !same.At.Equal(p.At) || same.Table != p.Table || !reflect.DeepEqual(same.Lines, p.Lines) {
			t.Errorf("%+v, then %+v %v", p, same, err)
		}
		in := web(1)
		_ = p.reader()(&in)
	})
}
