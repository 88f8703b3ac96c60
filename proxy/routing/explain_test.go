package routing

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/http1"
)

func TestExplain(t *testing.T) {
	var list []discovery.Instance
	for i, line := range []string{"a.io/", "a.io/x", "a.io/x path=exact method=POST", "a.io/x header=X-Key:secret", "a.io/x cookie=k:secret priority=1", "a.io/y", "*.io/x", "/x/y",
		"a.io/x path=prefix", "a.io/ path-regexp=^/z", "b.io/x", "a.io/x/y priority=-1", "a.io:81/x", "a.io/x client=10.0.0.0/8", "a?io/", "a.io/x listener=other query=q"} {
		list = append(list, created(uint64(i+1), fixture.Instance(fmt.Sprintf("s%02d", i), "10.0.0.1", 80+i, "pointsman.route="+line)))
	}
	down := created(1, fixture.Instance("s01", "10.0.0.2", 80, "pointsman.route=a.io/x"))
	down.Status = discovery.Critical
	def := fixture.Instance("zz", "10.0.0.3", 80)
	table := newTable(Options{DefaultService: "zz"}).Next(fixture.Snapshot(append(list, down, def)...))
	e := table.Explain(Query{Authority: "A.io", Path: "/x/y", Request: &http1.Request{Method: "GET"}})
	if e.Route == nil || e.Route.Name != "s01" || len(e.Instances) != 2 || e.More != 0 {
		t.Fatalf("%+v", e)
	}
	var got []string
	for _, o := range e.Others {
		got = append(got, o.Service+" "+o.Text+" "+o.Reason)
	}
	want := []string{
		"s09 a.io/ path-regexp= does not hold", "s13 a.io/x client= does not hold", "s03 a.io/x header= does not hold", "s15 a.io/x listener= does not hold",
		"s04 a.io/x cookie= does not hold",
		"s07 /x/y the host of the other one is nearer", "s06 *.io/x the host of the other one is nearer", "s14 a?io/ the host of the other one is nearer",
		"s00 a.io/ its path is shorter", "s08 a.io/x it takes more paths", "s11 a.io/x/y its priority is lower",
		"zz (the default service) it takes what no route claims",
		"s02 a.io/x it is for another path", "s05 a.io/y it is for another path",
	}
	for _, w := range want {
		found := false
		for _, g := range got {
			found = found || g == w
		}
		if !found {
			t.Errorf("lacks %q", w)
		}
	}
	if len(got) != len(want) || strings.Contains(strings.Join(got, " "), "secret") {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
	if e := (*Table)(nil).Explain(Query{}); e.Route != nil {
		t.Error("no table has a route")
	}
}

// Whatever takes the request is what the match finds, and no other is said to.
func TestExplainAgreesWithMatch(t *testing.T) {
	table := newTable(Options{ExclusiveHosts: true}).Next(fixture.Snapshot(
		created(1, fixture.Instance("a", "10.0.0.1", 1, "pointsman.route=a.io/")), created(2, fixture.Instance("b", "10.0.0.1", 2, "pointsman.route=a.io/x", "pointsman.route=/x"))))
	e := table.Explain(Query{Authority: "a.io", Path: "/x"})
	if e.Route == nil || e.Route.Name != "a" || len(e.Others) != 2 || e.Others[1].Route != nil || !strings.Contains(e.Others[1].Reason, "belongs to the service") {
		t.Errorf("%+v", e)
	}
	e = table.Explain(Query{Authority: "c.io", Path: "/y"})
	if e.Route != nil || len(e.Others) != 1 {
		t.Errorf("%+v", e)
	}
}
