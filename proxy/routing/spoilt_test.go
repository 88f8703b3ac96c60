package routing

import (
	"strings"
	"testing"

	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/dialect/native"
)

// A tag that was refused before already brings back no route that is no longer asked for; what it brought back when it was spoilt stays.
func TestATagThatWasRefusedBeforeBringsNothingBack(t *testing.T) {
	table := NewTable(Options{Languages: dialect.Languages{native.Language()}})
	next := func(tags ...string) {
		table = table.Next(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, tags...)))
	}
	const a, b, bad = "pointsman.route=a.io/", "pointsman.route.b=b.io/", "pointsman.route.c=c..io/"
	next(a, b, bad)
	expect(t, table, "b.io", "/", "10.0.0.1:80")
	next(a, bad)
	expect(t, table, "b.io", "/", "404")
	next(a, b, bad)
	next(a, "pointsman.route.b=b..io/", bad)
	expect(t, table, "b.io", "/", "10.0.0.1:80")
	next("pointsman.route=a2.io/", "pointsman.route.b=b..io/", bad)
	expect(t, table, "b.io", "/", "10.0.0.1:80")
	expect(t, table, "a.io", "/", "404")
	// What is shown of a tag may look the same when its end is spoilt.
	long := "pointsman.route=long.io/ request-header=set:X-A:" + strings.Repeat("a", 2000)
	next(long, bad)
	expect(t, table, "long.io", "/", "10.0.0.1:80")
	next(long+"\x01", bad)
	expect(t, table, "long.io", "/", "10.0.0.1:80")
	next(long+"\x01", bad, a)
	expect(t, table, "long.io", "/", "10.0.0.1:80")
	next(bad, a)
	expect(t, table, "long.io", "/", "404")
}
