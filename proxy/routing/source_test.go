package routing

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// withTexts is a snapshot with lines of a file and of KV.
func withTexts(file, kv string, list ...discovery.Instance) *discovery.Snapshot {
	s := fixture.Snapshot(list...)
	if file != "" {
		s.Texts = append(s.Texts, discovery.NewText(discovery.TextFile, "/etc/routes", file, 0))
	}
	if kv != "" {
		s.Texts = append(s.Texts, discovery.NewText(discovery.TextKV, "pointsman/routes/a", kv, 9))
	}
	return s
}

// told is what a table says of lines: line and reason.
func told(table *Table) (out []string) {
	for _, v := range table.Verdicts() {
		out = append(out, v.Instance+" "+v.Kind.String()+" "+v.Reason)
	}
	return out
}

func expectTold(t *testing.T, table *Table, want ...string) {
	t.Helper()
	got := told(table)
	ok := len(got) == len(want)
	for i := range min(len(got), len(want)) {
		ok = ok && strings.HasPrefix(got[i], want[i])
	}
	if !ok {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestLinesLeadWhereTheySay(t *testing.T) {
	web, plain := fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=web.io/"), fixture.Instance("plain", "10.0.0.2", 80)
	table := newTable(Options{}).Next(withTexts(`
# a remark
fixed.io/ to=10.1.0.1:80,10.1.0.2:80
fixed.io/ to=[::1]:81
named.io/ to=db:5000 host=dst
socket.io/ to=unix:/run/x.sock
web.io/ to=10.1.0.9:80
by.io/ service=plain|web
none.io/ service=gone
`, "", web, plain))
	expect(t, table, "fixed.io", "/", "10.1.0.1:80 10.1.0.2:80 [::1]:81")
	expect(t, table, "named.io", "/", "down")
	expect(t, table, "socket.io", "/", "unix:/run/x.sock")
	expect(t, table, "web.io", "/", "10.0.0.1:80 10.1.0.9:80")
	expect(t, table, "by.io", "/", "10.0.0.2:80 10.0.0.1:80")
	expect(t, table, "none.io", "/", "down")
	expectTold(t, table, `/etc/routes:5 partly to="db:5000" has no address`, `/etc/routes:9 partly service="gone" is not in the catalogue`)
	if u := upstream(t, table, "by.io", "10.0.0.1:80"); u != upstream(t, table, "web.io", "10.0.0.1:80") || u.Service() != "web" {
		t.Error("an instance has two upstreams")
	}
	for host, name := range map[string]string{"fixed.io": "10.1.0.1:80", "web.io": "web", "by.io": "plain"} {
		if r, _ := table.Match(Query{Authority: host, Path: "/"}); r.Name != name {
			t.Errorf("%s is called %s", host, r.Name)
		}
	}
	refer := table.options.Refer(withTexts("a.io/ service=b,a to=db:1\nb.io/ service=a to=unix:/x", "c.io/ service=c,a@dc3 failover=dc2").Texts)
	if fmt.Sprint(refer) != "{[a b c] [db] [{c dc2 true} {a dc3 false}]}" {
		t.Errorf("refers to %v", refer)
	}
}

func TestNamesLeadToAllTheirAddresses(t *testing.T) {
	s := withTexts("named.io/ to=db:5000 proto=https", "")
	name := func(list ...string) *discovery.Snapshot {
		next := *s
		n := &discovery.Name{Host: "db"}
		for _, a := range list {
			n.Addresses = append(n.Addresses, netip.MustParseAddr(a))
		}
		next.Names = []*discovery.Name{n}
		return &next
	}
	sw := newSwitch(Options{})
	sw.Apply(name("10.2.0.1", "10.2.0.2"))
	expect(t, sw.Load(), "named.io", "/", "10.2.0.1:5000 10.2.0.2:5000")
	kept, gone := upstream(t, sw.Load(), "named.io", "10.2.0.2:5000"), upstream(t, sw.Load(), "named.io", "10.2.0.1:5000")
	r, _ := sw.Load().Match(Query{Authority: "named.io", Path: "/"})
	if m := r.Members[0]; m.Way.TLS().ServerName != "db" || m.Authority != "db:5000" || !r.Blocking {
		t.Errorf("%s %s", m.Way.TLS().ServerName, m.Authority)
	}
	sw.Apply(name("10.2.0.2", "10.2.0.3"))
	expect(t, sw.Load(), "named.io", "/", "10.2.0.2:5000 10.2.0.3:5000")
	if upstream(t, sw.Load(), "named.io", "10.2.0.2:5000") != kept || kept.Retired() || !gone.Retired() {
		t.Error("an address that stays keeps its upstream, one that goes is retired")
	}
}

func TestWhatLinesLeadToIsCarriedOver(t *testing.T) {
	sw := newSwitch(Options{})
	web := fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=web.io/")
	sw.Apply(withTexts("a.io/ to=10.1.0.1:80\nb.io/ service=web", "c.io/ service=web", web))
	u := upstream(t, sw.Load(), "a.io", "10.1.0.1:80")
	before := sw.Load()
	for i := range 100 {
		web.Tags = []string{"pointsman.route=web.io/", fmt.Sprintf("pointsman.route=web.io/%d", i)}
		sw.Apply(withTexts(fmt.Sprintf("# %d\na.io/ to=10.1.0.1:80\nb.io/ service=web", i), "c.io/ service=web", web))
	}
	if upstream(t, sw.Load(), "a.io", "10.1.0.1:80") != u || u.Retired() || before.Number+100 != sw.Load().Number {
		t.Error("the upstream was not carried over")
	}
	a, _ := before.Match(Query{Authority: "a.io", Path: "/"})
	b, _ := sw.Load().Match(Query{Authority: "a.io", Path: "/"})
	if a.Lane != b.Lane {
		t.Error("the lane was not carried over")
	}
	sw.Apply(withTexts("# none", "c.io/ service=web", web))
	expect(t, sw.Load(), "a.io", "/", "404")
	expect(t, sw.Load(), "b.io", "/", "404")
	expect(t, sw.Load(), "c.io", "/", "10.0.0.1:80")
	if !u.Retired() || upstream(t, sw.Load(), "c.io", "10.0.0.1:80").Retired() {
		t.Error("what no line leads to must go, and nothing else")
	}
	sw.Apply(withTexts("", "", web))
	expect(t, sw.Load(), "c.io", "/", "404")
}

// Options of instances hold for what a line leads to.
func TestWeightAndBackupOfLines(t *testing.T) {
	web := fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=web.io/", "pointsman.route=b.io/")
	table := newTable(Options{}).Next(withTexts("web.io/ to=10.1.0.1:80 weight=3\nb.io/ to=10.1.0.2:80 backup", "", web))
	seen := map[string]int{}
	for _, host := range []string{"web.io", "b.io"} {
		r, _ := table.Match(Query{Authority: host, Path: "/"})
		for range 8 {
			if m, ok := r.Pick(balancer.Want{}); ok {
				seen[host+" "+m.Upstream.Address()]++
			}
		}
	}
	if fmt.Sprint(seen) != "map[b.io 10.0.0.1:80:8 web.io 10.0.0.1:80:2 web.io 10.1.0.1:80:6]" {
		t.Errorf("%v", seen)
	}
}

// A way that a line speaks is not retired because a tag does so no longer, and goes when the line does.
func TestAWayOfALineOutlivesThatOfATag(t *testing.T) {
	sw := newSwitch(Options{})
	web := fixture.Instance("web", "10.0.0.1", 443, "pointsman.route=web.io/ proto=https")
	way := func(host string) *balancer.Way {
		r, _ := sw.Load().Match(Query{Authority: host, Path: "/"})
		return r.Members[0].Way
	}
	sw.Apply(withTexts("b.io/ service=web proto=https", "", web))
	w := way("b.io")
	if w != way("web.io") {
		t.Fatal("two ways")
	}
	web.Tags = []string{"pointsman.route=web.io/"}
	sw.Apply(withTexts("b.io/ service=web proto=https", "", web))
	if way("b.io") != w || w.Retired() {
		t.Error("the line's way was retired")
	}
	sw.Apply(withTexts("b.io/ service=web", "", web))
	if !w.Retired() || way("b.io").Retired() {
		t.Error("the way that nothing speaks was not retired")
	}
}

func TestABadLineKeepsItsLastGoodVersion(t *testing.T) {
	table := newTable(Options{}).Next(withTexts("a.io/ to=10.1.0.1:80\nb.io/ to=10.1.0.2:80", ""))
	table = table.Next(withTexts("b.io/ to=10.1.0.3:80\na.io/ to=nonsense", ""))
	expect(t, table, "a.io", "/", "10.1.0.1:80")
	expect(t, table, "b.io", "/", "10.1.0.3:80")
	expectTold(t, table, "/etc/routes:2 refused")
	table = table.Next(withTexts("b.io/ to=10.1.0.3:80\na.io/ to=nonsense\nc.io/ to=10.1.0.4:80", ""))
	expect(t, table, "a.io", "/", "10.1.0.1:80")
	table = table.Next(withTexts("b.io/ to=10.1.0.3:80", ""))
	expect(t, table, "a.io", "/", "404")
	// A restriction that can't be honoured closes the route, whoever else serves it.
	web := fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=b.io/")
	table = table.Next(withTexts("b.io/ to=10.1.0.3:80 allow=ip:nonsense", "", web))
	if r, _ := table.Match(Query{Authority: "b.io", Path: "/"}); !r.Closed || len(r.Members) != 0 {
		t.Errorf("the route is open: %+v", r.Members)
	}
}

func TestALineThatLeadsNowhereAddsItsOptions(t *testing.T) {
	web := fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=web.io/ deny=ip:10.0.0.0/8")
	table := newTable(Options{}).Next(withTexts("web.io/ allow=ip:192.0.2.0/24\nto.io/ redirect=301,https://x.io$path\nsay.io/ respond=404,no", "", web))
	r, _ := table.Match(Query{Authority: "web.io", Path: "/"})
	if a := r.Policy.Admission; a == nil || len(a.Allow) != 1 || len(a.Deny) != 1 || len(r.Members) != 1 {
		t.Errorf("%+v", r.Policy.Admission)
	}
	r, _ = table.Match(Query{Authority: "to.io", Path: "/"})
	if a := r.Policy.Admission; a == nil || a.Redirect == nil {
		t.Errorf("%+v", a)
	}
	r, _ = table.Match(Query{Authority: "say.io", Path: "/"})
	if p := r.Policy.Respond; p == nil || p.Status != 404 || p.Text != "no" {
		t.Errorf("%+v", p)
	}
	if used := table.Used(); used != 4 {
		t.Errorf("%d lines and tags are in effect", used)
	}
}

func TestALineThatLeadsNobodyAnywhereIsTold(t *testing.T) {
	web := fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=web.io/")
	down := fixture.Instance("down", "10.0.0.2", 80, "pointsman.route=down.io/")
	down.Status = discovery.Critical
	table := newTable(Options{}).Next(withTexts("web.io/ allow=ip:10.0.0.0/8\nweb.io/admin allow=ip:10.0.0.0/8\nsay.io/ respond=200\nto.io/ redirect=301,/x\ndown.io/ allow=ip:10.0.0.0/8", "", web, down))
	expectTold(t, table, "/etc/routes:2 partly it leads nowhere")
}

func TestWhoMayLeadWhere(t *testing.T) {
	own := netip.MustParseAddrPort("10.9.0.1:8080")
	gate := outside.Gate{Own: func(to netip.AddrPort) bool { return to == own },
		Agent: func(to netip.AddrPort) bool { return to.Port() == 8500 }}
	shut := fixture.Instance("shut", "10.0.0.1", 80, "pointsman.route=shut.io/ allow=ip:10.0.0.0/8")
	for _, c := range []struct {
		line     string
		allow    string
		kv, file bool // it leads somewhere
	}{
		{"to=10.1.0.1:80", "", false, true},
		{"to=10.1.0.1:80", "10.1.0.0/16", true, true},
		{"to=10.2.0.1:80", "10.1.0.0/16", false, true},
		{"to=127.0.0.1:80", "0.0.0.0/0", false, true},
		{"to=127.0.0.1:80", "127.0.0.0/8", true, true},
		{"to=localhost:80", "", false, true},
		{"to=[::1]:80", "::/0", false, true},
		{"to=169.254.169.254:80", "0.0.0.0/0", false, false},
		{"to=169.254.169.254:80", "169.254.0.0/16", true, true},
		{"to=10.1.0.1:8500", "10.0.0.0/8", false, true},
		{"to=10.1.0.1:8500", "10.1.0.1", true, true},
		{"to=10.9.0.1:8080", "10.0.0.0/8", false, false},
		{"to=0.0.0.0:80", "0.0.0.0/0", false, false},
		{"to=unix:/run/x", "0.0.0.0/0", false, true},
		{"service=shut", "", false, true},
		{"service=consul", "", false, false},
		{"service=self", "", false, false},
	} {
		g := gate
		for text := range strings.FieldsSeq(c.allow) {
			p, err := netip.ParsePrefix(text)
			if err != nil {
				p = netip.PrefixFrom(netip.MustParseAddr(text), 32)
			}
			g.Allow = append(g.Allow, p)
		}
		for _, file := range []bool{false, true} {
			s, want := withTexts("", "x.io/ "+c.line, shut), c.kv
			if file {
				s, want = withTexts("x.io/ "+c.line, "", shut), c.file
			}
			table := newTable(Options{Gate: g, OwnServices: []string{"self"}}).Next(s)
			got := where(table, "x.io", "/")
			if leads := got != "down" && got != "404"; leads != want || leads == (len(told(table)) > 0) {
				t.Errorf("%s, file %t, allowed %q: %s, told %q", c.line, file, c.allow, got, told(table))
			}
		}
	}
}

func TestAKeyIsBounded(t *testing.T) {
	web := fixture.Instance("web", "10.0.0.1", 80)
	for _, c := range []struct {
		line  string // with a number
		n     int    // of which so many are served
		bound string
	}{
		{"a%d*.io/ service=web", maxTextPatterns, "host patterns"},
		{"a.io/%d path-regexp=^/x{100} service=web", maxTextExpressions / 104, "regular expressions"},
		{"a.io/%d service=web", maxTextRoutes, "routes"},
	} {
		for _, last := range []string{"", " allow=ip:10.0.0.0/8"} {
			var lines []string
			for i := range c.n + 5 {
				lines = append(lines, fmt.Sprintf(c.line, i))
			}
			lines[len(lines)-1] += last
			text := strings.Join(lines, "\n")
			table := newTable(Options{}).Next(withTexts("", text, web))
			open := 0
			for _, r := range table.Routes() {
				if !r.Closed {
					open++
				}
			}
			want := c.n
			if last != "" {
				want = 0
			}
			if open > want || open < want-1 || !slices.ContainsFunc(told(table), func(s string) bool { return strings.Contains(s, " refused ") && strings.Contains(s, c.bound) }) {
				t.Errorf("%s%s: %d routes, told %.300q", c.line, last, open, told(table))
			}
			if n := len(newTable(Options{}).Next(withTexts(text, "", web)).Routes()); n != c.n+5 {
				t.Errorf("%s%s: %d routes of the operator's", c.line, last, n)
			}
		}
	}
}

// A service changes that lines lead to, of 100 lines and 2,000 services.
func BenchmarkNextWithLines(b *testing.B) {
	s := many(2_000, 10)
	var lines []string
	for i := range 100 {
		lines = append(lines, fmt.Sprintf("l%d.io/ service=s%06d", i, 1_000+i%10))
	}
	s.Texts = []*discovery.Text{discovery.NewText(discovery.TextFile, "routes", strings.Join(lines, "\n"), 0)}
	benchmarkNext(b, s, 1_000, 10)
}
