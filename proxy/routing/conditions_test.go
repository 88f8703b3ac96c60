package routing

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
)

// wish is a line taken apart, as a reader of the pages would; what is "" is not asked for. Conditions are options with their values.
type wish struct {
	host, path, kind string
	conditions       [][2]string
	priority         int
	created          uint64
	service          string
}

func (w *wish) line() string {
	line := w.host + w.path
	if w.kind != "" {
		line += " path=" + w.kind
	}
	for _, c := range w.conditions {
		line += " " + c[0] + "=" + c[1]
	}
	if w.priority != 0 {
		line += fmt.Sprintf(" priority=%d", w.priority)
	}
	return line
}

// match is the line without what two claims of one route may differ in.
func (w *wish) match() string {
	o := *w
	o.priority = 0
	return o.line()
}

// pick is one of a list; most often the first.
func pick(r *rand.Rand, list ...string) string {
	if r.IntN(10) < 7 {
		return list[0]
	}
	return list[r.IntN(len(list))]
}

// conditionChoices are the options of which a wish may have some, and rarer those of which it has one at most.
var conditionChoices = [][]string{{"path-regexp", "^/p/?q$", "q", "^/[a-z]$"}, {"method", "GET", "POST|PUT"}, {"header", "X-A", "X-A:1", "x-b:1|2"},
	{"query", "v", "v:1"}, {"cookie", "c", "c:1|2"}, {"client", "10.0.0.0/8", "10.1.2.3|fd00::/8"}, {"listener", "http", "other", "front|http"}}

var rarerChoices = [][]string{{"not-path-regexp", "^/p", "q$"}, {"host-regexp", "^a", "b$"}, {"not-host-regexp", "^a\\.b$", "c"}, {"not-method", "get", "POST|PUT"},
	{"not-header", "X-A", "x-a:1", "X-B:2"}, {"header-regexp", "X-A:^1", "x-b:[12]"}, {"not-header-regexp", "X-A:^1$", "X-A:1,.2", "X-B:."},
	{"not-query", "v", "v:1"}, {"query-regexp", "v:^1?$"}, {"not-query-regexp", "v:1"}, {"not-cookie", "c", "c:1|2"}, {"cookie-regexp", "c:[13]"}, {"not-cookie-regexp", "c:^[13]"},
	{"not-client", "10.0.0.0/8", "fd00::/8|1.1.1.1"}, {"not-listener", "http", "other"}}

func someWish(r *rand.Rand, i int) wish {
	w := wish{
		host: []string{"a.b", "a.b", "a.b", "*.b", "", "a.b:81", "[ab].b", "c.a.b"}[r.IntN(8)],
		path: []string{"/", "/p", "/p/", "/p/q", "/pq"}[r.IntN(5)], kind: pick(r, "", "exact", "prefix"),
		priority: []int{0, 0, 0, 0, 0, 0, 1, 2, -1}[r.IntN(9)],
		created:  uint64(1 + r.IntN(3)), service: fmt.Sprintf("s%02d", i),
	}
	choices := conditionChoices
	if r.IntN(2) == 0 {
		choices = append(choices[:len(choices):len(choices)], rarerChoices[r.IntN(len(rarerChoices))])
	}
	for n, c := range choices {
		if n == len(conditionChoices) || r.IntN(10) < 2 {
			w.conditions = append(w.conditions, [2]string{c[0], c[1+r.IntN(len(c)-1)]})
		}
	}
	return w
}

// request is one in the standard library's words.
type request struct {
	method, host, target, listener string
	header                         http.Header
	client                         netip.Addr
}

func someRequest(r *rand.Rand) request {
	q := request{method: pick(r, "GET", "POST", "PUT"), host: []string{"a.b", "A.b", "a.b:81", "c.a.b", "x", "a.b."}[r.IntN(6)],
		target:   []string{"/", "/p", "/p/", "/p/q", "/pq", "/pqr", "/z", "/p/%71", "/%70"}[r.IntN(9)] + pick(r, "", "?v", "?v=1", "?w&v=%31", "?vv=1&v=2"),
		listener: []string{"http", "other"}[r.IntN(2)], header: http.Header{}, client: netip.MustParseAddr([]string{"10.1.2.3", "10.9.9.9", "fd00::1", "1.1.1.1"}[r.IntN(4)])}
	if v := pick(r, "", "1", "2"); v != "" {
		q.header.Add(pick(r, "X-A", "X-B"), v)
	}
	if v := pick(r, "", "1", "2", "2, 1"); v != "" {
		q.header.Add("X-A", v)
	}
	if v := pick(r, "", `c="1"`, "c=1", "d=1; c=3", "c="); v != "" {
		q.header.Add("Cookie", v)
	}
	return q
}

// query is what the proxy makes of it.
func (q *request) query() Query {
	path, search, _ := strings.Cut(q.target, "?")
	out := Query{Authority: q.host, Path: path, Search: search, Listener: q.listener, Client: q.client, Request: &http1.Request{Method: q.method}}
	for name, values := range q.header {
		for _, v := range values {
			out.Request.Fields = append(out.Request.Fields, http1.NewField(name, v))
		}
	}
	return out
}

// values are those that a request has by a name, and more those that a negated condition sees besides.
func (q *request) values(kind, name string) (out, more []string) {
	target, _ := url.Parse(q.target)
	switch kind {
	case "header":
		out = q.header.Values(name)
		if joined := strings.Join(out, ", "); out != nil {
			more = append(more, joined)
			for _, v := range strings.Split(joined, ",") {
				more = append(more, strings.TrimSpace(v))
			}
		}
	case "query":
		out = target.Query()[name]
	case "cookie":
		for pair := range strings.SplitSeq(q.header.Get("Cookie"), ";") {
			if n, v, ok := strings.Cut(strings.TrimSpace(pair), "="); ok && n == name {
				out, more = append(out, v), append(more, strings.Trim(v, `"`))
			}
		}
	}
	return out, more
}

// holds says whether a condition holds, read literally.
func (q *request) holds(option, value string) bool {
	kind, not := strings.CutPrefix(option, "not-")
	kind, expressed := strings.CutSuffix(kind, "-regexp")
	target, _ := url.Parse(q.target)
	asked, _, _ := strings.Cut(strings.ToLower(q.host), ":")
	list := strings.Split(value, "|")
	met := false
	switch kind {
	case "path":
		met = regexp.MustCompile(value).MatchString(target.EscapedPath()) || not && regexp.MustCompile(value).MatchString(target.Path)
	case "host":
		met = regexp.MustCompile(value).MatchString(strings.TrimSuffix(asked, "."))
	case "method":
		met = slices.Contains(list, q.method) || not && slices.Contains(list, strings.ToLower(q.method))
	case "client":
		met = slices.ContainsFunc(list, func(one string) bool {
			p, err := netip.ParsePrefix(one)
			if err != nil {
				p = netip.PrefixFrom(netip.MustParseAddr(one), 32)
			}
			return p.Contains(q.client)
		})
	case "listener":
		met = slices.Contains(list, q.listener)
	default:
		name, asks, some := strings.Cut(value, ":")
		values, more := q.values(kind, name)
		if not {
			values = append(values[:len(values):len(values)], more...)
		}
		fits := func(v string) bool { return !some || slices.Contains(strings.Split(asks, "|"), v) }
		if expressed {
			fits = regexp.MustCompile(asks).MatchString
		}
		met = slices.ContainsFunc(values, fits)
	}
	return met != not
}

// takes says whether the line takes a request, and how near its host is: the smaller the first, the nearer.
func (w *wish) takes(q *request) (near [2]int, ok bool) {
	host, port, _ := strings.Cut(w.host, ":")
	asked, askedPort, _ := strings.Cut(q.host, ":")
	asked = strings.TrimSuffix(strings.ToLower(asked), ".")
	target, _ := url.Parse(q.target)
	switch {
	case host == asked:
		near[0] = 1
	case strings.HasPrefix(host, "*.") && strings.HasSuffix(asked, host[1:]):
		near[0] = 2
	case host == "[ab].b" && (asked == "a.b" || asked == "b.b"):
		near[0] = 3
	case host == "":
		near[0] = 4
	default:
		return near, false
	}
	if port != "" && port != askedPort {
		return near, false
	} else if port == "" {
		near[1] = 1
	}
	rest, prefixed := strings.CutPrefix(target.EscapedPath(), w.path)
	whole := rest == "" || rest[0] == '/' || strings.HasSuffix(w.path, "/")
	return near, prefixed && (w.kind != "exact" || rest == "") && (w.kind != "" || whole) &&
		!slices.ContainsFunc(w.conditions, func(c [2]string) bool { return !q.holds(c[0], c[1]) })
}

// order is that of the page which-route, read literally.
func order(a, b *wish, nearA, nearB [2]int) int {
	width := map[string]int{"exact": 0, "": 1, "prefix": 1}
	letters := map[string]int{"prefix": 1}
	return cmp.Or(slices.Compare(nearA[:], nearB[:]), cmp.Compare(b.priority, a.priority), cmp.Compare(len(b.path), len(a.path)),
		cmp.Compare(width[a.kind], width[b.kind]), cmp.Compare(len(b.conditions), len(a.conditions)), cmp.Compare(letters[a.kind], letters[b.kind]),
		cmp.Compare(a.created, b.created), strings.Compare(a.service, b.service))
}

// taker is the service whose route takes a request: the oldest of those that share it.
func taker(wishes []wish, q *request) string {
	oldest := map[string]*wish{}
	for i := range wishes {
		w := &wishes[i]
		if o := oldest[w.match()]; o == nil || w.created < o.created {
			oldest[w.match()] = w
		}
	}
	var best *wish
	var nearest [2]int
	for i := range wishes {
		w := &wishes[i]
		near, ok := w.takes(q)
		if ok && oldest[w.match()] == w && (best == nil || order(w, best, near, nearest) < 0) {
			best, nearest = w, near
		}
	}
	if best == nil {
		return ""
	}
	return best.service
}

func (w *wish) instance(i int) discovery.Instance {
	return created(w.created, fixture.Instance(w.service, "10.0.0.1", 80+i, "pointsman.route="+w.line()))
}

// The index finds what a walk over all lines finds, also in tables that were derived from others.
func TestConditionsAgreeWithTheRulesReadLiterally(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	const tables, requests = 400, 60
	table := newTable(Options{})
	taken, now := 0, time.Now()
	var wishes []wish
	for n := range tables {
		wishes = wishes[:len(wishes)/2] // half of them stay
		for i := range r.IntN(24) {
			w := someWish(r, i)
			w.service = fmt.Sprintf("s%06d", n*100+i)
			wishes = append(wishes, w)
		}
		var list []discovery.Instance
		for i := range wishes {
			list = append(list, wishes[i].instance(i))
		}
		for range 2 { // the routes of services that have left go with the second
			now = now.Add(time.Hour)
			s := fixture.Snapshot(list...)
			s.Taken = now
			table = table.Next(s)
		}
		for range requests {
			q := someRequest(r)
			got, want := "", taker(wishes, &q)
			if found, ok := table.Match(q.query()); ok && len(found.Members) > 0 {
				got = found.claims[0].service
				taken++
			}
			if got != want {
				var lines []string
				for i := range wishes {
					lines = append(lines, fmt.Sprint(wishes[i].service, " ", wishes[i].created, " ", wishes[i].line()))
				}
				t.Fatalf("%+v: %q, want %q of\n%s", q, got, want, strings.Join(lines, "\n"))
			}
		}
	}
	if taken < tables*requests/2 {
		t.Errorf("only %d requests were taken", taken)
	}
}

// conditioned is n hosts, each with a route for a header field and one for all others.
func conditioned(n int) *discovery.Snapshot {
	var list []discovery.Instance
	for i := range n {
		list = append(list, fixture.Instance(fmt.Sprintf("s%06d", i), "10.0.0.1", 1+i, fmt.Sprintf("pointsman.route=h%d.ex.com/ header=X-Canary:1", i)))
	}
	return fixture.Snapshot(list...)
}

// crowded is n routes on one host and path, each for another value of a header field.
func crowded(n int) *discovery.Snapshot {
	var list []discovery.Instance
	for i := range n {
		list = append(list, fixture.Instance(fmt.Sprintf("s%06d", i), "10.0.0.1", 1+i, fmt.Sprintf("pointsman.route=ex.com/ header=X-Version:%d", i)))
	}
	return fixture.Snapshot(list...)
}

// browser is a request as browsers send them, with one more field.
func browser(authority, name, value string) Query {
	r := &http1.Request{Method: "GET"}
	for _, f := range [][2]string{{"Host", authority}, {"User-Agent", "Mozilla/5.0"}, {"Accept", "text/html"}, {"Accept-Language", "en"}, {"Accept-Encoding", "gzip"},
		{"Cookie", "sid=abc; theme=dark"}, {"Referer", "https://ex.com/"}, {"Cache-Control", "max-age=0"}, {"Connection", "keep-alive"}, {"X-Twice", "1"}, {"X-Twice", "2"}, {name, value}} {
		r.Fields = append(r.Fields, http1.NewField(f[0], f[1]))
	}
	return Query{Authority: authority, Path: "/p/q", Search: "?a=1&v=2&w=a%2fb", Listener: "http", Client: netip.MustParseAddr("10.1.2.3"), Request: r}
}

func TestConditionsAllocateNothing(t *testing.T) {
	var list []discovery.Instance
	for i, line := range []string{"ex.com/ method=POST|PUT", "ex.com/ header=X-A:1|2 header=Accept:text/html", "ex.com/ query=a:2|3", "ex.com/ cookie=sid:x|y",
		"ex.com/ client=192.0.2.0/24", "ex.com/ listener=other", "ex.com/ path-regexp=^/p/[0-9]+$", "ex.com/ priority=3 query=v:1", "ex.com/ path=exact", "ex.com/ priority=-1",
		"ex.com/p path-regexp=^/p/(a|b)*c$", "ex.com/ not-method=GET", "ex.com/ not-header=Accept:a|text/html", "ex.com/ header-regexp=User-Agent:^curl",
		"ex.com/ not-header-regexp=Accept-Language:^e", "ex.com/ not-query=v:2", "ex.com/ query-regexp=w:^x", "ex.com/ not-query-regexp=w:^a.b$", "ex.com/ cookie-regexp=sid:^x not-cookie=sid",
		"ex.com/ not-client=10.0.0.0/8", "ex.com/ not-listener=http", "ex.com/ host-regexp=^www not-path-regexp=q$", "ex.com/ not-host-regexp=com$", "ex.com/ not-header-regexp=X-Twice:^1,.2$", "*.com/ cookie=nothing", "/ header=X-B"} {
		list = append(list, fixture.Instance(fmt.Sprintf("s%02d", i), "10.0.0.1", 80+i, "pointsman.route="+line))
	}
	table := newTable(Options{}).Next(fixture.Snapshot(list...))
	for _, q := range []Query{browser("ex.com", "X-A", "3"), browser("ex.com", "X-B", "3"), browser("other.com", "X-B", "1"), browser("other", "X-B", "1")} {
		if r, ok := table.Match(q); !ok || len(r.Members) == 0 {
			t.Fatalf("%s: nothing", q.Authority)
		}
		if a := testing.AllocsPerRun(200, func() {
			r, _ := table.Match(q)
			r.Pick(balancer.Want{})
		}); a != 0 && !lab.Raced { // expressions take their room from a pool
			t.Errorf("%s allocates %v times", q.Authority, a)
		}
	}
}

// What regular expressions may take is bounded for each request, and what was not judged is not let through.
func TestRegularExpressionsAreBounded(t *testing.T) {
	var list []discovery.Instance
	for i := range 40 {
		list = append(list, fixture.Instance(fmt.Sprintf("s%02d", i), "10.0.0.1", 80+i, fmt.Sprintf("pointsman.route=ex.com/ fallback=service:open path-regexp=^/%d(a|b|ab|ba)*(a|b|ab|ba)*(a|b|ab|ba)*(a|b|ab|ba)*$", i)))
	}
	list = append(list, fixture.Instance("open", "10.0.0.2", 80, "pointsman.route=ex.com/"))
	table := newTable(Options{}).Next(fixture.Snapshot(list...))
	expect(t, table, "ex.com", "/none", "10.0.0.2:80")
	expect(t, table, "ex.com", "/39"+strings.Repeat("ab", 50), "10.0.0.1:119")
	r, ok := table.Match(Query{Authority: "ex.com", Path: "/39" + strings.Repeat("ab", 30_000)})
	if !ok || !r.Closed || len(r.Members) != 0 || len(r.Sets) != 0 || r.Policy == nil {
		t.Fatalf("a path of 60 kB: %v %+v", ok, r)
	}
	if _, ok := r.Pick(balancer.Want{}); ok {
		t.Error("the closed form of a route has an instance")
	}
}

// So is what those over fields, parameters and cookies take, be they negated or not.
func TestRegularExpressionsOverValuesAreBounded(t *testing.T) {
	const slow = "(a|b|ab|ba)*(a|b|ab|ba)*(a|b|ab|ba)*(a|b|ab|ba)*$"
	long := strings.Repeat("ab", 30_000)
	for _, condition := range []string{"header-regexp=X-A:^c", "not-header-regexp=X-A:^c", "query-regexp=v:^c", "not-query-regexp=v:^c", "cookie-regexp=c:^c", "not-cookie-regexp=c:^c", "not-path-regexp=^/c", "host-regexp=^c path-regexp=^/a"} {
		table := newTable(Options{}).Next(fixture.Snapshot(fixture.Instance("s", "10.0.0.1", 80, "pointsman.route=/ "+condition+slow), fixture.Instance("open", "10.0.0.2", 80, "pointsman.route=/ priority=-1")))
		q := browser("a.b", "X-A", long)
		q.Request.Fields = append(q.Request.Fields, http1.NewField("Cookie", "c="+long))
		q.Search, q.Path = "v=%61"+long, "/"+long
		if r, ok := table.Match(q); !ok || !r.Closed || len(r.Members) != 0 {
			t.Errorf("%s: %v %+v", condition, ok, r)
		}
	}
}

// So is what conditions without any expression take: a container has room for thousands of them, and a request for thousands of parameters.
func TestLooksThroughValuesAreBounded(t *testing.T) {
	many := func(name string, n int) (text string) {
		for i := range n {
			text += fmt.Sprintf(" %s=%x", name, i)
		}
		return text
	}
	values := strings.ReplaceAll(many("b", 300), " b=", "|b")[1:]
	for _, c := range []struct{ conditions, last string }{{many("not-query", 120), " query=z"}, {many("not-cookie", 100), " cookie=z"}, {" query=a:" + values, ""}, {" not-header=x-a:" + values, " header=z"}, {many("query", 1), ""}} {
		var list []discovery.Instance
		for i := range 64 {
			list = append(list, fixture.Instance("s", "10.0.0.1", 80, fmt.Sprintf("pointsman.route=/ header=x-%d%s%s", i, c.conditions, c.last)))
			list[i].ID, list[i].Port = fmt.Sprint("s", i), 80+i
		}
		list = append(list, fixture.Instance("open", "10.0.0.2", 80, "pointsman.route=/ priority=-1"))
		table := newTable(Options{}).Next(fixture.Snapshot(list...))
		q := browser("a.b", "X-A", strings.Repeat("a,", 4000))
		for i := range 64 {
			q.Request.Fields = append(q.Request.Fields, http1.NewField(fmt.Sprint("X-", i), ""))
		}
		q.Request.Fields = append(q.Request.Fields, http1.NewField("Cookie", strings.Repeat("a=b; ", 1600)))
		q.Search, q.Path = strings.Repeat("a&", 4000), "/"
		few := len(c.conditions) < 20
		if r, ok := table.Match(q); !ok || r.Closed == few {
			t.Errorf("%.40s: %v, closed %v", c.conditions, ok, !few)
		}
		q.Search, q.Request.Fields = "", nil
		expect(t, table, "a.b", "/", "10.0.0.2:80")
	}
}

// A thousand swaps leave what lives where it is: the same Upstreams and Lanes, whatever the conditions of their routes.
func TestStateSurvivesAThousandSwaps(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	stable := wish{host: "keep.io", path: "/", conditions: [][2]string{{"header", "X-A:1"}}, priority: 2, service: "keep", created: 1}
	keep := stable.instance(0)
	table := newTable(Options{}).Next(fixture.Snapshot(keep))
	q := request{method: "GET", host: "keep.io", target: "/x", header: http.Header{"X-A": {"1"}}}
	first, ok := table.Match(q.query())
	if !ok {
		t.Fatal("no route")
	}
	for range 1_000 {
		list := []discovery.Instance{keep}
		for i := range r.IntN(6) {
			w := someWish(r, i)
			if i%2 == 0 {
				w.host = "keep.io"
			}
			w.conditions = [][2]string{{"listener", "other"}} // none of them takes the request
			list = append(list, w.instance(i+1))
		}
		table = table.Next(fixture.Snapshot(list...))
		now, ok := table.Match(q.query())
		if !ok || now.Lane != first.Lane || now.Members[0].Upstream != first.Members[0].Upstream || now.Members[0].Way != first.Members[0].Way || now.Via != first.Via {
			t.Fatalf("table %d: another state", table.Number)
		}
	}
}

func BenchmarkMatchConditions(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		table := newTable(Options{}).Next(conditioned(n))
		b.Run(fmt.Sprintf("one-each-on-%d-hosts", n), func(b *testing.B) {
			q := browser(fmt.Sprintf("h%d.ex.com", n-1), "X-Canary", "1")
			b.ReportAllocs()
			for b.Loop() {
				table.Match(q)
			}
		})
	}
	for _, n := range []int{10, 100} {
		table := newTable(Options{}).Next(crowded(n))
		b.Run(fmt.Sprintf("%d-on-one-host-and-path", n), func(b *testing.B) {
			q := browser("ex.com", "X-Version", "none")
			b.ReportAllocs()
			for b.Loop() {
				table.Match(q)
			}
		})
	}
}

// FuzzNamed has the standard library say what a query and cookies hold.
func FuzzNamed(f *testing.F) {
	for _, text := range []string{"", "a=b", "a=b&a", "%61=%62+c", "a=%zz&b", "a=b; c=d", "a;b=c", " a=b;", "a=\"b\"", "a=%6", "&&=&a==b", "a=b;a=c;"} {
		f.Add(text, "a", "b")
	}
	f.Fuzz(func(t *testing.T, text, name, value string) {
		asked := &dialect.Named{Name: name, Values: []string{value}}
		if values, err := url.ParseQuery(text); err == nil {
			if got, want := (&Query{Search: "?" + text}).hasParameter(asked), slices.Contains(values[name], value); got != want {
				t.Errorf("query %q, %q=%q: %v, want %v", text, name, value, got, want)
			}
			if got, want := (&Query{Search: "?" + text}).hasParameter(&dialect.Named{Name: name}), len(values[name]) > 0; got != want {
				t.Errorf("query %q, %q: %v, want %v", text, name, got, want)
			}
		}
		if !http1.ValidValue(text) {
			return
		}
		header := http.Header{"Cookie": {text}}
		for _, c := range (&http.Request{Header: header}).Cookies() {
			q := Query{Request: &http1.Request{Fields: []http1.Field{http1.NewField("cookie", text)}}}
			if _, after, ok := strings.Cut(text, c.Name); ok && strings.HasPrefix(after, "=") && !strings.Contains(text, " =") && !strings.Contains(text, "\t=") && !c.Quoted && c.Value != "" && !q.hasCookie(&dialect.Named{Name: c.Name, Values: []string{c.Value}}) {
				t.Errorf("cookies %q lack %s=%s", text, c.Name, c.Value)
			}
		}
	})
}
