package routing

import (
	"net/netip"
	"testing"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/dialect/fabio"
)

// withFabio is a snapshot with a text under Fabio's key.
func withFabio(text string, list ...discovery.Instance) *discovery.Snapshot {
	s := fixture.Snapshot(list...)
	s.Texts = append(s.Texts, discovery.NewText(discovery.TextKV, "fabio/config", text, 9))
	return s
}

func fabioTable(networks ...string) *Table {
	o := Options{TextLanguage: fabio.Options{}.Text(), TextKey: "fabio/config"}
	for _, n := range networks {
		o.Gate.Allow = append(o.Gate.Allow, netip.MustParsePrefix(n))
	}
	return newTable(o)
}

// A route of KV leads to an instance of the service that it names, or where the operator allows, and nowhere else.
func TestFabiosRoutesLeadThroughTheGate(t *testing.T) {
	web, shut := fixture.Instance("web", "10.0.0.1", 8000), fixture.Instance("shut", "10.0.0.2", 80, "urlprefix-own.io/ allow=ip:192.0.2.1")
	down := fixture.Instance("web", "10.0.0.3", 8000)
	down.Status = discovery.Critical
	table := fabioTable("10.1.0.0/16").Next(withFabio(`# by hand
route add web a.io/ http://10.0.0.1:8000/ opts "strip=/a"
route add other b.io/ http://10.1.0.1:80/
route add web c.io/ http://10.0.0.2:80/
route add web d.io/ http://10.0.0.9:8000/
route add shut e.io/ http://10.0.0.2:80/
route add web f.io/ http://10.0.0.3:8000/
route add consul g.io/ http://127.0.0.1:8500/
route add gone h.io/ http://10.1.0.2:80/
route add web j.io/ ftp://10.0.0.1:8000/
route add web i.io/ https://i.example/$path opts "redirect=302"`, web, down, shut))
	for host, want := range map[string]string{"a.io": "10.0.0.1:8000", "b.io": "10.1.0.1:80", "c.io": "down", "d.io": "down", "e.io": "down", "f.io": "down", "g.io": "down", "h.io": "10.1.0.2:80", "i.io": "down"} {
		expect(t, table, host, "/", want)
	}
	expectTold(t, table, "fabio/config:10 refused this proxy asks no instance by", "fabio/config:4 partly to=", "fabio/config:5 partly to=", "fabio/config:6 partly the instance of service=", "fabio/config:8 partly to=")
	if r, _ := table.Match(Query{Authority: "i.io", Path: "/"}); r.Rules[0].Policy.Redirect == nil {
		t.Error("the redirect is none")
	}
	// What the line names is found again when it comes.
	late := fixture.Instance("late", "10.0.0.7", 80)
	text := withFabio("route add late a.io/ http://10.0.0.7:80/")
	table = fabioTable().Next(text)
	expect(t, table, "a.io", "/", "down")
	again := fixture.Snapshot(late)
	again.Texts = text.Texts
	expect(t, table.Next(again), "a.io", "/", "10.0.0.7:80")
	named := Options{TextLanguage: fabio.Options{}.Text(), TextKey: "fabio/config"}.Refer(text.Texts)
	if len(named.Services) != 1 || named.Services[0] != "late" {
		t.Errorf("%+v", named)
	}
}

// route del and route weight change what tags ask for, and what they asked for comes back.
func TestFabiosChangesOfTagsRoutes(t *testing.T) {
	list := []discovery.Instance{fixture.Instance("web", "10.0.0.1", 80, "urlprefix-a.io/", "urlprefix-a.io/b", "v1", "pointsman.route=own.io/"),
		fixture.Instance("web", "10.0.0.2", 80, "urlprefix-a.io/", "v2"), fixture.Instance("zoo", "10.0.0.3", 80, "urlprefix-a.io/", "v1")}
	table := fabioTable().Next(withFabio("# nothing", list...))
	expect(t, table, "a.io", "/", "10.0.0.1:80 10.0.0.2:80 10.0.0.3:80")
	for _, c := range []struct{ text, root, b string }{
		{"route del web", "10.0.0.3:80", "10.0.0.3:80"},
		{"route del web a.io/", "10.0.0.3:80", "10.0.0.1:80"},
		{"route del web A.io/b", "10.0.0.1:80 10.0.0.2:80 10.0.0.3:80", "10.0.0.1:80 10.0.0.2:80 10.0.0.3:80"},
		{"route del web a.io/ http://10.0.0.2:80/", "10.0.0.1:80 10.0.0.3:80", "10.0.0.1:80"},
		{"route del web tags \"v2\"", "10.0.0.1:80 10.0.0.3:80", "10.0.0.1:80"},
		{"route del tags \"v1\"", "10.0.0.2:80", "10.0.0.2:80"},
		{"# again", "10.0.0.1:80 10.0.0.2:80 10.0.0.3:80", "10.0.0.1:80"},
	} {
		table = table.Next(withFabio(c.text, list...))
		expect(t, table, "a.io", "/", c.root)
		expect(t, table, "a.io", "/b", c.b)
		expect(t, table, "own.io", "/", "10.0.0.1:80") // no tag of Fabio's
	}
	table = table.Next(withFabio("route weight web a.io/ weight 0.5", list...))
	r, _ := table.Match(Query{Authority: "a.io", Path: "/"})
	for i := range r.Members {
		if m, want := &r.Members[i], 0.25; m.Rule.Options.Share != want && m.Instance.Service == "web" {
			t.Errorf("%s has %g", m.Upstream.Address(), m.Rule.Options.Share)
		}
	}
}

// Without the key, and under others, lines are our own.
func TestOtherKeysHoldOurOwnLines(t *testing.T) {
	text := withTexts("", "route add web a.io/ http://10.0.0.1:80/", fixture.Instance("web", "10.0.0.1", 80))
	for _, table := range []*Table{fabioTable().Next(text), newTable(Options{}).Next(withFabio("route del web"))} {
		expect(t, table, "a.io", "/", "404")
		if len(table.Verdicts()) == 0 {
			t.Error("nothing is said of it")
		}
	}
}

// All keys together are one text in Fabio: a line takes away what stands in a key in front of its own, and not what stands behind.
func TestFabiosKeysChangeThoseInFrontOfThem(t *testing.T) {
	s := fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80), fixture.Instance("web", "10.0.0.2", 80))
	key := func(name, text string) *discovery.Text {
		return discovery.NewText(discovery.TextKV, "fabio/config/"+name, text, 9)
	}
	const add, del = "route add web a.io/ http://10.0.0.1:80/", "route del web a.io/"
	a, b := key("a", "# none"), key("b", add)
	table := fabioTable()
	for i, c := range []struct {
		texts []*discovery.Text
		want  string
	}{
		{[]*discovery.Text{a, b}, "10.0.0.1:80"},
		{[]*discovery.Text{a, b, key("c", del)}, "404"},
		{[]*discovery.Text{key("a", del), b, key("c", "# none")}, "10.0.0.1:80"}, // the same line in front
		{[]*discovery.Text{a, b, key("c", del)}, "404"},
		{[]*discovery.Text{a, b, key("c", del+"\nroute add web a.io/ http://10.0.0.2:80/")}, "10.0.0.2:80"},
		{[]*discovery.Text{a, b}, "10.0.0.1:80"},
	} {
		next := *s
		next.Texts = c.texts
		table = table.Next(&next)
		expect(t, table, "a.io", "/", c.want)
		if again := table.Next(&next); len(again.told) > 0 {
			t.Errorf("%d: told again: %+v", i, again.told)
		}
	}
}
