package proxy

import (
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/routing"
)

// A request that has been on its route before, or on too many, is answered with 508; one that came through other proxies, or other
// routes of ours, is not.
func TestLoopsAreFoundByVia(t *testing.T) {
	d := newDesk(t, nil)
	d.table = routing.NewTable(routing.Options{Languages: fixture.Languages()}).Next(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "urlprefix-web.io/", "urlprefix-other.io/")))
	mine, ok := d.table.Match(routing.Query{Authority: "web.io", Path: "/"})
	other, otherOK := d.table.Match(routing.Query{Authority: "other.io", Path: "/"})
	if !ok || !otherOK || mine.Via == other.Via {
		t.Fatal(mine, other)
	}
	strangers := slices.Repeat([]string{"1.1 " + routing.ViaPrefix + "0123456789abcdef"}, maxPasses)
	for _, c := range []struct{ name, fields, want string }{
		{"alone", "", "send"},
		{"others", "|Via: 1.0 fred, 1.1 nginx (a, b), 2.0 p.example.net:80", "send"},
		{"other routes of ours", "|Via: 1.1 " + other.Via, "send"},
		{"a chain of Pointsmen", "|Via: " + strings.Join(strangers[1:], ", "), "send"},
		{"back", "|Via: 1.1 " + mine.Via, "loop-detected"},
		{"back by way of others", "|via: 1.0 fred,2.0 " + mine.Via + " (comment) , 1.1 nginx", "loop-detected"},
		{"in a second field", "|Via: 1.1 a|Via: 1.1 " + mine.Via, "loop-detected"},
		{"hidden by Connection", "|Connection: via|Via: 1.1 " + mine.Via, "loop-detected"},
		{"too many", "|Via: " + strings.Join(strangers, ", "), "loop-detected"},
	} {
		var x Exchange
		d.asked(t, &x, "GET / HTTP/1.1|Host: web.io"+c.fields)
		got := "send"
		if x.Match(d.table) != ActionSend {
			got = x.Outcome.String()
		}
		if got != c.want || c.want == "loop-detected" && x.Status != 508 {
			t.Errorf("%s: %s, status %d", c.name, got, x.Status)
		}
		x.Finish(d.now)
	}
}

func TestViaGoesBehindTheClients(t *testing.T) {
	d := newDesk(t, nil)
	d.serve(1, "urlprefix-/")
	for _, c := range []struct {
		head  string
		http2 bool
		want  []string
	}{
		{"GET / HTTP/1.1|Host: web.io|Via: 1.0 fred, 1.1 a|A: b|via: 1.1 c", false, []string{"1.0 fred, 1.1 a", "1.1 c", "1.1 "}},
		{"GET / HTTP/1.0", false, []string{"1.0 "}},
		{"GET / HTTP/1.1|Host: web.io", true, []string{"2.0 "}},
	} {
		d.client.HTTP2 = c.http2
		var x Exchange
		d.asked(t, &x, c.head)
		x.Match(d.table)
		var sent http1.Request
		if err := sent.Parse(x.AppendRequest(nil), http1.Limits{}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range sent.Fields {
			if f.Known() == http1.Via {
				got = append(got, strings.TrimSuffix(f.Value, x.Route.Via))
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: Via is %q, want %q and our name", c.head, got, c.want)
		}
		x.Finish(d.now)
	}
}

// A route keeps its name over swaps, or what goes round while tables change would go round for ever.
func TestARouteKeepsItsViaOverSwaps(t *testing.T) {
	first := routing.NewTable(routing.Options{Languages: fixture.Languages()}).Next(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "urlprefix-/")))
	before, _ := first.Match(routing.Query{Authority: "web.io", Path: "/"})
	after, _ := first.Next(fixture.Snapshot(fixture.Instance("web", "10.0.0.2", 80, "urlprefix-/"))).Match(routing.Query{Authority: "web.io", Path: "/"})
	if before == after || before.Via != after.Via || !http1.ValidToken(after.Via) {
		t.Errorf("%q, then %q", before.Via, after.Via)
	}
}
