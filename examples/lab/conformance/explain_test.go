package conformance

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/proxy/admin"
)

// explained is what the admin API says of a request, as far as it can be held against what becomes of it.
type explained struct {
	Table  uint64
	Route  *struct{ Host, Path string }
	Policy *struct{ Options []string }
	Reply  *struct {
		Status int
		Detail string
	}
	Next *struct {
		Picks   []foreseen
		Chances []foreseen
	}
}

// foreseen is an instance that would be asked, and for what.
type foreseen struct {
	Address, Path, Host string
	Chance              float64
}

// seen is what an instance tells of the request that it got.
type seen struct{ Address, Host, URI string }

// seeing is an instance that tells.
func seeing(t testing.TB) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(seen{r.Context().Value(http.LocalAddrContextKey).(fmt.Stringer).String(), r.Host, r.RequestURI})
	}))
	t.Cleanup(s.Close)
	return s
}

// draw is one of a list.
func draw(in *rand.Rand, list ...string) string { return list[in.IntN(len(list))] }

// someLine is a route that a tag asks for; name tells it apart from others.
func someLine(in *rand.Rand, name string) string {
	line := "pointsman.route=" + draw(in, "a.test", "b.test", "*.test", "a.test", "") + draw(in, "/", "/", "/x", "/x/y") + " response-header=set:X-Route:" + name
	for range in.IntN(4) {
		line += " " + draw(in, "strip=/x", "prepend=/v1", "host=inner.test", "host=dst", "method=POST", "header=X-A:1", "query=v:1", "client=127.0.0.0/8", "client=10.0.0.0/8",
			"balance=least-connections", "balance=least-connections", "balance=least-time", "balance=least-time", "balance=hash:path", "balance=hash:client-ip", "balance=hash:header:X-K", "redirect=302,https://z.test$path",
			"allow=127.0.0.0/8", "allow=10.0.0.0/8", "deny=127.0.0.1", "priority=2", "priority=-1", "fallback=service:s1", "backup", "listener=main", "sticky", "weight=3", "share=0.2", "replace-path=^/x/(.*):/$1")
	}
	return line
}

// someInstances are services of the applications, some of which are down.
func someInstances(in *rand.Rand, apps []*httptest.Server) (list []discovery.Instance) {
	lines := 0
	for s := range 1 + in.IntN(4) {
		var tags []string
		for range 1 + in.IntN(3) {
			lines++
			tags = append(tags, someLine(in, fmt.Sprint("r", lines)))
		}
		for _, i := range in.Perm(len(apps))[:1+in.IntN(3)] {
			one := as(fmt.Sprint("s", s), at(apps[i].Listener.Addr(), tags...))
			if in.IntN(6) == 0 {
				one.Status = discovery.Critical
			}
			list = append(list, one)
		}
	}
	return list
}

// someRequest is a request in the words of explain and in those of HTTP.
func someRequest(in *rand.Rand) (ask url.Values, raw string) {
	method, host := draw(in, "GET", "GET", "POST", "HEAD"), draw(in, "a.test", "b.test", "c.test", "A.Test", "other", "a.test:81")
	path := draw(in, "/", "/x", "/x/", "/x/y", "/x/y/z", "/xy", "/x/../y", "//x", "/x%2fy", "/x/./y") + draw(in, "", "", "?v=1", "?v=2&w")
	ask = url.Values{"url": {"http://" + host + path}, "method": {method}, "client": {"127.0.0.1"}, "listener": {"main"}}
	raw = method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\n"
	for _, field := range []string{"X-A: 1", "X-K: " + draw(in, "p", "q", "r")} {
		if in.IntN(2) == 0 {
			ask.Add("header", field)
			raw += field + "\r\n"
		}
	}
	if method == "POST" {
		raw += "Content-Length: 0\r\n"
	}
	return ask, raw + "\r\n"
}

// What explain says of a request is what becomes of it: route, instance, path and Host, over random tables and requests.
func TestExplainAgreesWithTheProxy(t *testing.T) {
	t.Parallel()
	tables, requests := 12, 30
	if lab.Long() {
		tables, requests = 100, 50 // 10,000 over both
	}
	for _, name := range []string{"event", "std"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := uint64(time.Now().UnixNano())
			in := rand.New(rand.NewPCG(seed, 1))
			var apps []*httptest.Server
			for range 6 {
				apps = append(apps, seeing(t))
			}
			r := start(t, kindNamed(name), setup{}, someInstances(in, apps)...)
			api := admin.Admin(admin.Options{Table: r.switcher.Load})
			told := map[string]int{}
			for n := range tables * requests {
				if n%requests == 0 {
					r.apply(someInstances(in, apps)...)
				}
				ask, raw := someRequest(in)
				r.quiet(t)
				e := explain(t, api, ask)
				what, err := r.becomes(t, e, raw)
				if err != nil {
					t.Fatalf("seed %d: %s\n%s\n%+v: %v", seed, ask, raw, e, err)
				}
				told[what]++
			}
			t.Logf("%d requests over %d tables: %v", tables*requests, tables, told)
			for _, what := range []string{"reply", "pick", "chance"} {
				if told[what] == 0 && (what != "chance" || lab.Long()) { // of which a few tables may have none
					t.Errorf("none was a %s: %v", what, told)
				}
			}
		})
	}
}

// quiet waits until no instance has a request: the client has its answer before the proxy has counted it out.
func (r *rig) quiet(t testing.TB) {
	t.Helper()
	if !lab.Within(patience, func() bool {
		for _, u := range r.switcher.Load().Upstreams() {
			if u.Upstream.InFlight() > 0 {
				return false
			}
		}
		return true
	}) {
		t.Fatal("a request does not end")
	}
}

func explain(t testing.TB, api http.Handler, ask url.Values) (e explained) {
	t.Helper()
	q := httptest.NewRequest(http.MethodGet, "/api/explain?"+ask.Encode(), nil)
	q.Host = "localhost"
	w := httptest.NewRecorder()
	api.ServeHTTP(w, q)
	if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s %v", ask, w.Code, w.Body, err)
	}
	return e
}

// becomes sends a request, and says how what becomes of it was foretold.
func (r *rig) becomes(t testing.TB, e explained, raw string) (how string, err error) {
	t.Helper()
	if e.Table != r.switcher.Load().Number {
		return "", fmt.Errorf("it is of table %d", e.Table)
	}
	a, err := r.ask(t, raw)
	if err != nil {
		return "", err
	}
	if e.Reply != nil {
		_, location, _ := strings.Cut(e.Reply.Detail, " ")
		if a.status != e.Reply.Status || a.field("Location") != location && a.status == 302 {
			return "", fmt.Errorf("answered with %d %q", a.status, a.field("Location"))
		}
		return "reply", nil
	}
	if e.Next == nil || a.status != 200 {
		return "", fmt.Errorf("answered with %d", a.status)
	}
	how, might := "pick", e.Next.Picks[:min(1, len(e.Next.Picks))]
	if len(might) == 0 {
		how, might = "chance", e.Next.Chances
	}
	if route := a.field("X-Route"); !slices.ContainsFunc(e.Policy.Options, func(o string) bool {
		return strings.HasSuffix(o, ":"+route) && strings.HasPrefix(o, "response-header=")
	}) {
		return "", fmt.Errorf("the route was %s", route)
	}
	if strings.HasPrefix(raw, "HEAD ") { // nothing tells where it was
		return how, nil
	}
	var got seen
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		return "", fmt.Errorf("%q: %w", a.body, err)
	}
	if !slices.ContainsFunc(might, func(f foreseen) bool { return f.Address == got.Address && f.Path == got.URI && f.Host == got.Host }) {
		return "", fmt.Errorf("the instance got %+v", got)
	}
	return how, nil
}
