package routing

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
)

func TestMatchOrder(t *testing.T) {
	var list []discovery.Instance
	for i, tag := range []string{
		"urlprefix-ex.com:9999/",         // .1
		"urlprefix-ex.com/",              // .2
		"urlprefix-*.ex.com/",            // .3
		"urlprefix-*.b.ex.com/",          // .4
		"urlprefix-a*.ex.com/",           // .5
		"urlprefix-/",                    // .6
		"urlprefix-ex.com/foo",           // .7
		"pointsman.route=ex.com/foo/bar", // .8
		"urlprefix-ex.com/foo/bar",       // .9
		"urlprefix-p*.io/only",           // .10
		"urlprefix-/only",                // .11
		"urlprefix-[::1]/",               // .12
		"urlprefix-*.ex.com:7/",          // .13
	} {
		list = append(list, fixture.Instance(fmt.Sprintf("s%02d", i), fmt.Sprintf("10.0.0.%d", i+1), 80, tag))
	}
	table := newTable(Options{}).Next(fixture.Snapshot(list...))
	for _, c := range []struct {
		authority, path string
		want            int
	}{
		{"ex.com:9999", "/", 1}, {"ex.com", "/", 2}, {"ex.com:80", "/", 2}, {"EX.com", "/", 2}, {"ex.com.", "/", 2}, {"ex.com.:9999", "/", 1},
		{"a.ex.com", "/", 3}, {"x.y.ex.com", "/", 3}, {"q.b.ex.com", "/", 4}, {"b.ex.com", "/", 3}, {"q.ex.com:7", "/", 13},
		{"other", "/", 6}, {"", "/", 6}, {"aex.com", "/", 6},
		{"ex.com", "/foobar", 7}, {"ex.com", "/foo/bar", 8}, {"ex.com", "/foo/bar/x", 8}, {"ex.com", "/foo/barx", 9}, {"ex.com", "/fo", 2},
		{"ex.com:9999", "/foo", 1}, {"pq.io", "/only", 10}, {"pq.io", "/", 6}, {"zz.io", "/only", 11}, {"[::1]:80", "/", 12}, {"[::1]", "/", 12},
	} {
		expect(t, table, c.authority, c.path, fmt.Sprintf("10.0.0.%d:80", c.want))
	}
}

// A rule for port 80 is one for the listener in plain text, a rule for port 443 one for that with TLS, as in Fabio's tags.
func TestStandardPortsMeanTheListener(t *testing.T) {
	table := newTable(Options{}).Next(fixture.Snapshot(
		fixture.Instance("a", "10.0.0.1", 80, "urlprefix-shop.test/"), fixture.Instance("b", "10.0.0.2", 80, "urlprefix-shop.test:80/"), fixture.Instance("c", "10.0.0.3", 80, "urlprefix-shop.test:9999/"),
		fixture.Instance("d", "10.0.0.4", 80, "pointsman.route=tls.test:443/"), fixture.Instance("e", "10.0.0.5", 80, "urlprefix-*.wild.test:443/"), fixture.Instance("f", "10.0.0.6", 80, "urlprefix-*.wild.test/"),
		fixture.Instance("g", "10.0.0.7", 80, "urlprefix-g*.test:80/"), fixture.Instance("h", "10.0.0.8", 80, "urlprefix-only.test:80/p")))
	for _, c := range []struct{ authority, path, plain, tls string }{
		{"shop.test", "/", "2", "1"}, {"SHOP.test", "/", "2", "1"}, {"shop.test.", "/", "2", "1"}, {"shop.test:", "/", "2", "1"},
		{"shop.test:80", "/", "2", "1"}, {"shop.test:443", "/", "1", "1"}, {"shop.test:9999", "/", "3", "3"}, {"shop.test:8080", "/", "1", "1"},
		{"tls.test", "/", "", "4"}, {"tls.test:443", "/", "", "4"}, {"tls.test:80", "/", "", ""}, {"tls.test:8443", "/", "", ""},
		{"x.wild.test", "/", "6", "5"}, {"x.wild.test:443", "/", "6", "5"}, {"x.wild.test:80", "/", "6", "6"}, {"x.wild.test:81", "/", "6", "6"},
		{"gg.test", "/", "7", ""}, {"gg.test:80", "/", "7", ""}, {"gg.test:443", "/", "", ""},
		{"only.test", "/p", "8", ""}, {"only.test", "/", "", ""}, {"only.test:80", "/p", "8", ""},
	} {
		for tls, n := range map[bool]string{false: c.plain, true: c.tls} {
			want := "404"
			if n != "" {
				want = "10.0.0." + n + ":80"
			}
			if got := whereOf(table, Query{TLS: tls, Authority: c.authority, Path: c.path}); got != want {
				t.Errorf("%s%s, TLS %v: got %s, want %s", c.authority, c.path, tls, got, want)
			}
		}
	}
	var bare []discovery.Instance
	for i := range 7 {
		bare = append(bare, fixture.Instance(string(rune('b'+i)), fmt.Sprintf("10.0.0.%d", i+2), 80))
	}
	if table = table.Next(fixture.Snapshot(append(bare, fixture.Instance("a", "10.0.0.1", 80, "urlprefix-shop.test/"))...)); table.index.ported != 0 || len(table.index.wild.of) != 0 {
		t.Errorf("left over: %d with ports, wildcards %v", table.index.ported, table.index.wild)
	}
	expect(t, table, "shop.test", "/", "10.0.0.1:80")
	expect(t, table, "tls.test", "/", "404")
}

func TestHostWithoutMatchingPathFallsThrough(t *testing.T) {
	table := newTable(Options{DefaultService: "def"}).Next(fixture.Snapshot(
		fixture.Instance("a", "10.0.0.1", 80, "urlprefix-ex.com:81/p"), fixture.Instance("b", "10.0.0.2", 80, "urlprefix-ex.com/q"), fixture.Instance("c", "10.0.0.3", 80, "urlprefix-*.com/r"),
		fixture.Instance("d", "10.0.0.4", 80, "urlprefix-e?.com/s"), fixture.Instance("e", "10.0.0.5", 80, "urlprefix-/t"), fixture.Instance("def", "10.0.0.6", 80)))
	for path, n := range map[string]int{"/p": 1, "/q": 2, "/r": 3, "/s": 4, "/t": 5, "/u": 6} {
		expect(t, table, "ex.com:81", path, fmt.Sprintf("10.0.0.%d:80", n))
	}
}

func TestNativePathsEndOnSegments(t *testing.T) {
	table := newTable(Options{}).Next(fixture.Snapshot(
		fixture.Instance("a", "10.0.0.1", 80, "pointsman.route=/foo"), fixture.Instance("b", "10.0.0.2", 80, "pointsman.route=/bar/"), fixture.Instance("c", "10.0.0.3", 80, "urlprefix-/baz")))
	for path, want := range map[string]string{
		"/foo": "10.0.0.1:80", "/foo/": "10.0.0.1:80", "/foo/x": "10.0.0.1:80", "/foox": "404", "/bar": "404", "/bar/": "10.0.0.2:80", "/bar/x": "10.0.0.2:80",
		"/bazaar": "10.0.0.3:80", "/ba": "404",
	} {
		expect(t, table, "h", path, want)
	}
}

// naive is Match as the rules say it, without an index.
func naive(routes []*Route, q Query) *Route {
	path, spelt := q.Path, splitHost(http1.LowerHost(q.Authority), q.TLS)
	host, port := spelt.host, spelt.port
	type candidate struct {
		r    *Route
		rank [3]int
		rev  string
	}
	var all []candidate
	for _, r := range routes {
		k := r.key
		if k.port != "" && k.port != port {
			continue
		}
		if !strings.HasPrefix(path, k.path.Text) || k.path.Kind == dialect.PathSegments && !boundary(path, len(k.path.Text)) {
			continue
		}
		c := candidate{r: r}
		kind := k.place().kind
		switch {
		case k.host == "":
			c.rank[0] = 4
		case kind == dialect.HostWildcard:
			if !strings.HasSuffix(host, k.host[1:]) || host == k.host[1:] {
				continue
			}
			c.rank = [3]int{2, -len(k.host)}
		case kind == dialect.HostPattern:
			p, _ := dialect.ParsePattern(k.host)
			if !p.Match(host) {
				continue
			}
			c.rank[0], c.rev = 3, reversed(k.host)
		case k.host != host:
			continue
		default:
			c.rank[0] = 1
		}
		if k.port == "" {
			c.rank[2] = 1
		}
		all = append(all, c)
	}
	sort.SliceStable(all, func(i, j int) bool {
		a, b := all[i], all[j]
		if a.rank[:2][0] != b.rank[0] || a.rank[1] != b.rank[1] {
			return a.rank[0] < b.rank[0] || a.rank[0] == b.rank[0] && a.rank[1] < b.rank[1]
		}
		if a.rev != b.rev {
			return a.rev > b.rev
		}
		if a.rank[2] != b.rank[2] {
			return a.rank[2] < b.rank[2]
		}
		if len(a.r.key.path.Text) != len(b.r.key.path.Text) {
			return len(a.r.key.path.Text) > len(b.r.key.path.Text)
		}
		return a.r.key.path.Kind == dialect.PathSegments && b.r.key.path.Kind != dialect.PathSegments
	})
	if len(all) == 0 {
		return nil
	}
	return all[0].r
}

var (
	someHosts  = []string{"", "a.b", "c.a.b", "x.c.a.b", "a.b:81", "*.a.b", "*.c.a.b", "*.a.b:81", "x*", "?.a.b", "*", "[ac].b:81", "*x*:81", "a.b:80", "a.b:443", "*.a.b:443", "*.a.b:80", "x*:80"}
	somePaths  = []string{"/", "/p", "/p/", "/p/q", "/pq", "/r"}
	askedHosts = []string{"", "a.b", "c.a.b", "x.c.a.b", "a.b:81", "c.a.b:81", "c.b:81", "xyz", "x:81", "x:80", "a.b:80", "a.b:443", "c.a.b:443", ".a.b", "a..b", "a.b.", "A.b.:81", "c.a.b.:81", ".", ":81", "*.a.b", "?.a.b", "x*", "[::1]:81"}
	askedPaths = []string{"/", "/p", "/p/", "/p/q", "/pq", "/pqr", "/r/s", "/z"}
	somePrefix = []string{"urlprefix-", "pointsman.route="}
)

func TestMatchAgreesWithTheRulesReadLiterally(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 12).Draw(t, "n")
		table := newTable(Options{})
		for round := range 2 { // the second table is derived from the first
			var list []discovery.Instance
			for i := range n {
				tag := rapid.SampledFrom(somePrefix).Draw(t, "prefix") + rapid.SampledFrom(someHosts).Draw(t, "host") + rapid.SampledFrom(somePaths).Draw(t, "path")
				list = append(list, fixture.Instance(fmt.Sprintf("s%d", i), "10.0.0.1", 80+i, tag))
			}
			table = table.Next(fixture.Snapshot(list...))
			routes := table.all()
			for _, authority := range askedHosts {
				for i, path := range append(askedPaths, askedPaths...) {
					q := Query{TLS: i < len(askedPaths), Authority: authority, Path: path}
					got, _ := table.Match(q)
					if want := naive(routes, q); got != want {
						t.Fatalf("round %d: %+v: got %v, want %v", round, q, got, want)
					}
				}
			}
		}
	})
}

// boundary says whether a prefix of n bytes ends where a segment of path ends.
func boundary(path string, n int) bool {
	return n == len(path) || path[n] == '/' || n > 0 && path[n-1] == '/'
}

// all are the routes of a table but the default.
func (t *Table) all() (out []*Route) {
	for _, part := range t.index.slots.parts {
		for _, s := range part {
			out = slices.AppendSeq(out, s.all)
		}
	}
	return out
}

// wide is a snapshot with n routes of every kind.
func wide(n int) *discovery.Snapshot {
	var list []discovery.Instance
	for i := range n {
		var tag string
		switch i % 8 {
		case 0:
			tag = fmt.Sprintf("urlprefix-h%d.ex.com/", i)
		case 1:
			tag = fmt.Sprintf("pointsman.route=h%d.ex.com/", i)
		case 2:
			tag = fmt.Sprintf("urlprefix-/p%d", i)
		case 3:
			tag = fmt.Sprintf("pointsman.route=/n%d/x", i)
		case 4:
			tag = fmt.Sprintf("urlprefix-*.w%d.ex.com/", i)
		case 5:
			tag = fmt.Sprintf("urlprefix-one.ex.com/p%d/q", i)
		case 6:
			tag = fmt.Sprintf("urlprefix-port.ex.com:%d/", i)
		case 7:
			tag = fmt.Sprintf("urlprefix-g%d?.ex.com/", i)
		}
		list = append(list, fixture.Instance(fmt.Sprintf("s%06d", i), "10.0.0.1", 1+i, tag))
	}
	return fixture.Snapshot(list...)
}

func widest(n int) []struct{ authority, path string } {
	return []struct{ authority, path string }{
		{fmt.Sprintf("h%d.ex.com", n-8), "/x"}, {fmt.Sprintf("h%d.ex.com:8080", n-7), "/x"}, {"any", fmt.Sprintf("/p%d", n-6)},
		{"any", fmt.Sprintf("/n%d/x/y", n-5)}, {fmt.Sprintf("a.b.w%d.ex.com", n-4), "/"}, {"one.ex.com", fmt.Sprintf("/p%d/q/r", n-3)},
		{fmt.Sprintf("port.ex.com:%d", n-2), "/"}, {fmt.Sprintf("g%dx.ex.com", n-1), "/"}, {"none.ex.com", "/none"}, {"", "/"},
	}
}

func TestMatchAndPickAllocateNothing(t *testing.T) {
	const n = 10_000
	asks := widest(n)
	for _, o := range []Options{{}, {Balancing: dialect.Balance{Method: dialect.MethodLeastConnections}, DefaultService: "s000000"}} {
		table := newTable(o).Next(wide(n))
		for i, ask := range asks {
			if r, ok := table.Match(Query{Authority: ask.authority, Path: ask.path}); ok != (i < 8 || o.DefaultService != "") || ok && len(r.Members) == 0 {
				t.Fatalf("%v: found %v", ask, ok)
			}
			var tried balancer.Tried
			if a := testing.AllocsPerRun(50, func() {
				if r, ok := table.Match(Query{Authority: ask.authority, Path: ask.path}); ok {
					r.Pick(balancer.Want{})
					r.Pick(balancer.Want{Tried: &tried, Settled: true})
				}
			}); a != 0 {
				t.Errorf("%+v %v allocates %v times", o.Balancing, ask, a)
			}
		}
	}
}

// hostile are the tags of one container that wants to make every request slow.
func hostile() (tags []string) {
	for i := range 32 {
		tags = append(tags, fmt.Sprintf("urlprefix-*%s?b%d*/", strings.Repeat("a", 25+i), i), fmt.Sprintf("urlprefix-*%s/", strings.Repeat(".a", 60+i)))
	}
	return tags
}

// A long Host costs time in proportion to its length at most, whatever wildcards and patterns there are.
func TestTimeGoesWithTheLengthOfTheHost(t *testing.T) {
	table := newTable(Options{}).Next(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "urlprefix-*.ex.com/"), fixture.Instance("evil", "10.0.0.2", 80, hostile()...)))
	took := func(host string) time.Duration {
		least := time.Hour
		for range 20 { // the least of many: what else the machine does adds to each
			began := time.Now()
			table.Match(Query{Authority: host, Path: "/"})
			least = min(least, time.Since(began))
		}
		return least
	}
	for _, unit := range []string{".", "a", ".a"} {
		const times = 64
		short, long := strings.Repeat(unit, 1_000), strings.Repeat(unit, 1_000*times)
		if a, b := took(short), took(long); b > 4*times*max(a, time.Microsecond) {
			t.Errorf("%q: %v, and %v for a host %d times as long", unit, a, b, times)
		}
	}
}

func BenchmarkMatchHostile(b *testing.B) {
	table := newTable(Options{}).Next(fixture.Snapshot(fixture.Instance("evil", "10.0.0.2", 80, hostile()...)))
	for _, unit := range []string{".", "a", ".a"} {
		host := strings.Repeat(unit, 253/len(unit))
		b.Run(fmt.Sprintf("253-bytes-of-%q", unit), func(b *testing.B) {
			for b.Loop() {
				table.Match(Query{Authority: host, Path: "/"})
			}
		})
	}
}

func BenchmarkMatch(b *testing.B) {
	names := []string{"host", "host:port", "path", "path-native", "wildcard", "one-host", "port", "glob", "miss", "miss-empty"}
	for _, n := range []int{16, 1_000, 10_000} {
		table := newTable(Options{}).Next(wide(n))
		for i, ask := range widest(n) {
			b.Run(fmt.Sprintf("%s-among-%d", names[i], n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					table.Match(Query{Authority: ask.authority, Path: ask.path})
				}
			})
		}
	}
}
