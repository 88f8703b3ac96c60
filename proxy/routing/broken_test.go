package routing

import (
	"strings"
	"testing"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// A text with a line that can't be parsed gives no route back that the text before took away: the last good one counts.
func TestABrokenTextOfFabioIsNotTaken(t *testing.T) {
	list := []discovery.Instance{fixture.Instance("web", "10.0.0.1", 80, "urlprefix-a.io/"), fixture.Instance("zoo", "10.0.0.2", 80)}
	const good = "route add zoo b.io/ http://10.0.0.2:80/\nroute add zoo c.io/ http://10.0.0.2:80/\nroute del zoo c.io/\nroute del web a.io/"
	table := fabioTable().Next(withFabio(good, list...))
	for _, broken := range []string{
		strings.Replace(good, "route del web", "rote del web", 1), strings.Replace(good, "del web", "dell web", 1), strings.Replace(good, "del zoo", "delete zoo", 1),
		strings.Replace(good, "route del web a.io/", "route del web a.io/ http://nowhere/", 1), "route add zoo b.io/ http://10.0.0.2:80/\nnonsense",
		good + strings.Repeat("\nroute del other", 257),
	} {
		table = table.Next(withFabio(broken, list...))
		expect(t, table, "a.io", "/", "404")
		expect(t, table, "b.io", "/", "10.0.0.2:80")
		expect(t, table, "c.io", "/", "404")
		if v := table.Verdicts(); len(v) == 0 || !strings.Contains(v[0].Reason, "what was last taken stays in effect") {
			t.Errorf("%.200s: %+v", broken, v)
		}
	}
	// The same again, with other instances, and then a good one.
	table = table.Next(withFabio(good+"\nnonsense", list[:1]...)).Next(withFabio(good+"\nnonsense", list...))
	expect(t, table, "a.io", "/", "404")
	table = table.Next(withFabio("route add zoo b.io/ http://10.0.0.2:80/", list...))
	expect(t, table, "a.io", "/", "10.0.0.1:80")
	expect(t, table, "b.io", "/", "10.0.0.2:80")
}

// A text that comes with the last one that was taken, as from disk after a restart, is as if that had been read.
func TestABrokenTextOfFabioAtTheStartComesWithTheLastGoodOne(t *testing.T) {
	list := []discovery.Instance{fixture.Instance("web", "10.0.0.1", 80, "urlprefix-a.io/"), fixture.Instance("zoo", "10.0.0.2", 80)}
	s := withFabio("route add zoo b.io/ http://10.0.0.2:80/\nnonsense", list...)
	s.Texts[0].Before = discovery.NewText(discovery.TextKV, "fabio/config", "route add zoo c.io/ http://10.0.0.2:80/\nroute del web a.io/", 9)
	table := fabioTable()
	if o := table.options; !o.Broken(s.Texts[0]) || o.Broken(s.Texts[0].Before) {
		t.Error("which of the two is broken is not told")
	}
	table = table.Next(s)
	expect(t, table, "a.io", "/", "404")
	expect(t, table, "b.io", "/", "404")
	expect(t, table, "c.io", "/", "10.0.0.2:80")
	if v := table.Verdicts(); len(v) == 0 || !strings.Contains(v[0].Reason, "what was last taken stays in effect") {
		t.Errorf("%+v", v)
	}
}

// Where no good text is known, what a broken one takes away is away, and what it adds is closed.
func TestABrokenTextOfFabioAtTheStartIsClosed(t *testing.T) {
	web := fixture.Instance("web", "10.0.0.1", 80, "urlprefix-a.io/")
	table := fabioTable().Next(withFabio("route add web b.io/ http://10.0.0.1:80/\nroute del web a.io/\nroute dell web b.io/", web))
	expect(t, table, "a.io", "/", "404")
	if r, _ := table.Match(Query{Authority: "b.io", Path: "/"}); r == nil || !r.Rules[0].Policy.Closed {
		t.Error("its route is open")
	}
	expectTold(t, table, "fabio/config:3 refused route dell", "web-10.0.0.1-80 ignored")
	table = table.Next(withFabio("route add web b.io/ http://10.0.0.1:80/", web))
	expect(t, table, "b.io", "/", "10.0.0.1:80")
}
