package routing

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// kept is all of a table that an Archive promises.
func (t *Table) kept() *Table { return t.copied() }

// Whatever comes, goes and changes: a table that an Archive made anew is the one that it was given.
func TestArchiveGivesBackWhatItTook(t *testing.T) {
	lines := []string{"pointsman.route=a.io/", "pointsman.route=a.io/x strip=/x", "pointsman.route=*.b.io/ priority=2", "pointsman.route=/any", "urlprefix-c.io:8443/",
		"pointsman.route=a.io/ header=x:1", "pointsman.route=~a*.io/ fallback=service:s1", "pointsman.route=bad..host/ weight=x"}
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 9).Draw(t, "most")
		a := NewArchive(most, 1<<30)
		last := newTable(Options{Registered: true, ExclusiveHosts: rapid.Bool().Draw(t, "exclusive"), DefaultService: "s1"})
		var all []*Table
		for range rapid.IntRange(1, 15).Draw(t, "tables") {
			var list []discovery.Instance
			for i := range rapid.IntRange(0, 4).Draw(t, "services") {
				for j := range rapid.IntRange(0, 3).Draw(t, "instances") {
					tags := rapid.SliceOfN(rapid.SampledFrom(lines), 0, 3).Draw(t, "tags")
					list = append(list, fixture.Instance(fmt.Sprintf("s%d", i), fmt.Sprintf("10.0.%d.%d", i, j), 80, tags...))
				}
			}
			snap := fixture.Snapshot(list...)
			if rapid.Bool().Draw(t, "text") {
				snap.Texts = []*discovery.Text{discovery.NewText(discovery.TextFile, "routes", "d.io/ service=s0\ne.io/ to=10.0.0.9:80", 0)}
			}
			last = last.Next(snap)
			all = append(all, last)
			a.Add(last)
		}
		for _, was := range all {
			is := a.At(was.Number)
			if held := was.Number >= a.Oldest(); held != (is != nil) {
				t.Fatalf("table %d, with %d as the oldest: %v", was.Number, a.Oldest(), is)
			}
			if is != nil && !reflect.DeepEqual(is.kept(), was.kept()) {
				t.Fatalf("table %d came back as another one", was.Number)
			}
		}
		if held := int(last.Number-a.Oldest()) + 1; held != min(most, len(all)) {
			t.Fatalf("%d tables of %d, at most %d", held, len(all), most)
		}
		if a.At(0) != nil || a.At(last.Number+1) != nil {
			t.Fatal("tables that it never had")
		}
	})
}

// What takes too much goes, but for the present table.
func TestArchiveIsBoundedByBytes(t *testing.T) {
	a := NewArchive(100, 200<<10)
	last := newTable(Options{})
	for n := range 20 {
		var list []discovery.Instance
		for j := range 20 {
			list = append(list, fixture.Instance("web", fmt.Sprintf("10.0.%d.%d", n, j), 80, "pointsman.route=a.io/"))
		}
		last = last.Next(fixture.Snapshot(list...))
		a.Add(last)
	}
	if held := last.Number - a.Oldest() + 1; held < 2 || held > 6 || a.At(last.Number) != last {
		t.Errorf("%d tables, %d bytes", held, a.bytes)
	}
	NewArchive(1, 1).Add(last)
}

// A pin that is written again and again counts, also one that is refused, or of no service: whoever may write to the Store may write large ones.
func TestArchiveCountsPins(t *testing.T) {
	a := NewArchive(100, 200<<10)
	last := newTable(Options{})
	for n := range 20 {
		last = last.Next(with(fixture.Snapshot(web(1, "pointsman.route=a.io/")), discovery.NewText(discovery.TextKV, "pins/none", fmt.Sprint(n, strings.Repeat("x", 20<<10)), 0)))
		a.Add(last)
	}
	if held := last.Number - a.Oldest() + 1; held < 2 || held > 6 {
		t.Errorf("%d tables, %d bytes", held, a.bytes)
	}
}
