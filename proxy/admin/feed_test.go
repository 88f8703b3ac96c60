package admin

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/routing"
)

// fed is an admin address over a switch whose tables a test publishes.
type fed struct {
	*routing.Switch
	feed    *Feed
	url     string
	handler http.Handler
	ports   map[string]int // of the services that there are
}

func newFed(t *testing.T) *fed {
	t.Helper()
	f := &fed{Switch: routing.NewSwitch(routing.Options{Languages: fixture.Languages()}), ports: map[string]int{}}
	f.feed = NewFeed(f.Switch)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = f.feed.Run(ctx) })
	f.handler = Admin(Options{Table: f.Load, Feed: f.feed})
	f.url = "http://" + serve(t, f.handler)
	t.Cleanup(func() {
		cancel() // before Serve ends: streams end with the Feed
		running.Wait()
	})
	return f
}

// set publishes a table in which a service has one instance with a port, or is gone where that is 0. It returns the table's number.
func (f *fed) set(service string, port int) uint64 {
	if f.ports[service] = port; port == 0 {
		delete(f.ports, service)
	}
	var list []discovery.Instance
	for name, port := range f.ports {
		list = append(list, fixture.Instance(name, "10.0.0.1", port, "pointsman.route="+name+".io/"))
	}
	f.Apply(fixture.Snapshot(list...))
	return f.Load().Number
}

// event is one of a stream.
type event struct{ name, id, data string }

// client follows a stream.
type client struct {
	t    *testing.T
	body io.ReadCloser
	in   *bufio.Scanner
}

func (f *fed) follow(t *testing.T, path, last string) *client {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", eventStream)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	answer, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode != http.StatusOK || kind != eventStream {
		t.Fatalf("%s %s", answer.Status, kind)
	}
	c := &client{t, answer.Body, bufio.NewScanner(answer.Body)}
	c.in.Buffer(nil, 1<<20)
	t.Cleanup(c.close)
	return c
}

func (c *client) close() { _ = c.body.Close() }

// next is the next event with data.
func (c *client) next() (e event) {
	c.t.Helper()
	for c.in.Scan() {
		name, value, _ := strings.Cut(c.in.Text(), ": ")
		switch name {
		case "event":
			e.name = value
		case "id":
			e.id = value
		case "data":
			e.data = value
		case "":
			if e.name != "" {
				return e
			}
		}
	}
	c.t.Fatalf("the stream ended: %v", c.in.Err())
	return e
}

// table is all up to the next table's end: what it says of services and routes, and the end.
func (c *client) table() (parts []event, end event) {
	c.t.Helper()
	for {
		e := c.next()
		if e.name == eventTable {
			return parts, e
		}
		parts = append(parts, e)
	}
}

// names are the names of events and of the services in them.
func names(list []event) string {
	var out []string
	for _, e := range list {
		var v struct {
			Name, Service string
		}
		_ = json.Unmarshal([]byte(e.data), &v)
		out = append(out, strings.TrimSpace(e.name+" "+v.Name+v.Service))
	}
	return strings.Join(out, ", ")
}

func TestStreamTellsEachTable(t *testing.T) {
	f := newFed(t)
	f.set("web", 80)
	c := f.follow(t, "/api/events", "")
	parts, end := c.table()
	if got := names(parts); got != "reset, service web, route web" || end.id != f.feed.id(1) || !strings.Contains(parts[1].data, `"port":80,`) {
		t.Fatalf("%s, %+v", got, end)
	}
	for _, x := range []struct {
		service string
		port    int
		want    string
	}{{"api", 80, "service api, route api"}, {"web", 81, "service web, route web"}, {"api", 0, "service api, route api"}, {"web", 81, ""}} {
		n := f.set(x.service, x.port)
		parts, end := c.table()
		if got := names(parts); got != x.want || end.id != f.feed.id(n) || !strings.Contains(end.data, fmt.Sprintf(`"table":%d,"previous":%d`, n, n-1)) {
			t.Errorf("table %d: %q, %+v", n, got, end)
		}
	}
}

func TestStreamGoesOnWhereItWasLeft(t *testing.T) {
	f := newFed(t)
	f.set("web", 80)
	first := f.follow(t, "/api/events", "")
	_, end := first.table()
	first.close()
	n := f.set("web", 81)
	f.set("web", 82)
	second := f.follow(t, "/api/events", end.id)
	for i := range uint64(2) {
		if parts, now := second.table(); names(parts) != "service web, route web" || now.id != f.feed.id(n+i) {
			t.Errorf("%s, %+v", names(parts), now)
		}
	}
	other, own := end.id[:strings.IndexByte(end.id, '-')], strconv.FormatUint(n+100, 10)
	for name, id := range map[string]string{"another run": "x-1", "a table that is to come": other + "-" + own, "no number": other + "-", "nothing": "x"} {
		if parts, _ := f.follow(t, "/api/events", id).table(); names(parts) != "reset, service web, route web" {
			t.Errorf("%s: %s", name, names(parts))
		}
	}
}

func TestStreamOfUpstreams(t *testing.T) {
	f := newFed(t)
	f.set("web", 80)
	c := f.follow(t, "/api/upstreams", "")
	if e := c.next(); e.name != eventUpstreams || e.id != f.feed.id(1) || !strings.Contains(e.data, `"address":"10.0.0.1:80"`) {
		t.Errorf("%+v", e)
	}
	again := f.follow(t, "/api/upstreams", f.feed.id(1))
	for f.followers() < 2 {
		time.Sleep(time.Millisecond)
	}
	f.set("web", 81)
	for _, c := range []*client{c, again} {
		if e := c.next(); e.id != f.feed.id(2) || !strings.Contains(e.data, `"address":"10.0.0.1:81"`) {
			t.Errorf("%+v", e)
		}
	}
}

func TestMetricsOfFollowers(t *testing.T) {
	f := newFed(t)
	f.set("web", 80)
	registry := prometheus.NewRegistry()
	registry.MustRegister(NewFeedCollector(f.feed))
	f.follow(t, "/api/events", "").table()
	f.follow(t, "/api/events", f.feed.id(1))
	f.set("web", 81)
	for n, _ := f.feed.number(""); n < 2 || f.followers() < 2; n, _ = f.feed.number("") {
		time.Sleep(time.Millisecond)
	}
	body := get(Status(Options{Gatherer: registry}), "x", "/metrics").Body.String()
	for _, line := range []string{"pointsman_admin_followers 2", "pointsman_admin_stream_resets_total 1", "pointsman_admin_changes_kept 1"} {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("no line %q in:\n%s", line, body)
		}
	}
}

func TestStreamOfAPart(t *testing.T) {
	f := newFed(t)
	f.set("web", 80)
	f.set("api", 80)
	one, services, routes, none := f.follow(t, "/api/services/web", ""), f.follow(t, "/api/services", ""), f.follow(t, "/api/routes", ""), f.follow(t, "/api/services/new", "")
	for c, want := range map[*client]string{one: "reset, service web", services: "reset, service api, service web", routes: "reset, route api, route web", none: "reset"} {
		if parts, _ := c.table(); len(parts) != strings.Count(want, ",")+1 || c != routes && names(parts) != want {
			t.Errorf("%s, want %s", names(parts), want)
		}
	}
	f.set("api", 81)
	f.set("web", 81)
	f.set("new", 80)
	for c, want := range map[*client]string{one: "service web", services: "service api", routes: "route api", none: "service new"} {
		if parts, _ := c.table(); names(parts) != want {
			t.Errorf("%s, want %s", names(parts), want)
		}
	}
	f.set("new", 0)
	if parts, _ := none.table(); names(parts) != "service new" || !strings.Contains(parts[0].data, `"gone":true`) {
		t.Errorf("%+v", parts)
	}
}

// A follower that was away gets each change in its order, or begins anew: it then knows what the table holds.
func TestStreamIsCompleteAfterManyChanges(t *testing.T) {
	f := newFed(t)
	f.set("web", 1)
	c := f.follow(t, "/api/events", "")
	_, end := c.table()
	c.close()
	const many = 1000
	for n := range many { // as they come, so that none takes the room of another
		was := f.set(fmt.Sprint("s", n%7), 1+n)
		for {
			if number, _ := f.feed.number(""); number == was {
				break
			}
			time.Sleep(50 * time.Microsecond)
		}
	}
	c = f.follow(t, "/api/events", end.id)
	known := map[string]string{}
	for n := range uint64(many) {
		parts, end := c.table()
		if end.id != f.feed.id(n+2) || names(parts) != fmt.Sprintf("service s%d, route s%d", n%7, n%7) {
			t.Fatalf("%s %s, want table %d", end.id, names(parts), n+2)
		}
		for _, e := range parts {
			known[names([]event{e})] = e.data
		}
	}
	whole := map[string]string{}
	parts, _ := f.follow(t, "/api/events", "").table()
	for _, e := range parts[1:] {
		whole[names([]event{e})] = e.data
	}
	delete(whole, "service web")
	delete(whole, "route web")
	if !maps.Equal(known, whole) {
		t.Errorf("known %v\nthere are %v", known, whole)
	}
	for n := range 2 * mostKept {
		f.set("web", 2+n)
	}
	if parts, _ := f.follow(t, "/api/events", end.id).table(); len(parts) == 0 || parts[0].name != eventReset {
		t.Errorf("away for too long: %s", names(parts))
	}
}

func TestQuestionsWaitForNews(t *testing.T) {
	f := newFed(t)
	f.set("web", 80)
	f.set("api", 80)
	ask := func(path, index, wait string) (status int, next, body string) {
		answer, err := http.Get(f.url + path + "?wait=" + wait + "&index=" + index)
		if err != nil {
			t.Error(err)
			return
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		return answer.StatusCode, answer.Header.Get(indexField), string(text)
	}
	_, index, _ := ask("/api/services/web", "", "")
	began := time.Now()
	if status, next, _ := ask("/api/services/web", index, "50ms"); status != 200 || next != index || time.Since(began) < 50*time.Millisecond {
		t.Errorf("without news: %d, %s after %s, in %s", status, next, index, time.Since(began))
	}
	type reply struct {
		status      int
		index, body string
	}
	replies := make(chan reply)
	for _, path := range []string{"/api/services/web", "/api/services", "/api/routes", "/api/upstreams"} {
		go func() { status, next, body := ask(path, index, "1m"); replies <- reply{status, next, body} }()
	}
	for f.followers() < 4 {
		time.Sleep(time.Millisecond)
	}
	f.set("api", 81)
	for range 3 { // but for who asked for web alone
		if r := <-replies; r.status != 200 || !strings.Contains(r.body, "81") || r.index <= index {
			t.Errorf("%+v", r)
		}
	}
	f.set("web", 82)
	if r := <-replies; r.status != 200 || !strings.Contains(r.body, "82") || r.index <= index {
		t.Errorf("%+v", r)
	}
	later, _ := strconv.ParseUint(index, 10, 64)
	for _, c := range []struct {
		index, wait string
		status      int
	}{{"0", "1m", 200}, {"1", "1m", 200}, {strconv.FormatUint(later+1000, 10), "1m", 200}, {index, "0s", 200}, {"x", "1m", 400}, {"-1", "", 400}, {"1", "1 minute", 400}, {"1", "-1s", 400}} {
		if status, _, body := ask("/api/services", c.index, c.wait); status != c.status {
			t.Errorf("%+v: %d %s", c, status, body)
		}
	}
	if status, next, body := ask("/api/services/none", "", ""); status != 404 || next == "" || !strings.Contains(body, `"status":404`) {
		t.Errorf("%d %s %s", status, next, body)
	}
}

func (f *fed) followers() int {
	f.feed.mu.Lock()
	defer f.feed.mu.Unlock()
	return f.feed.count
}

func TestChangesAsJSON(t *testing.T) {
	f := newFed(t)
	f.set("web", 80)
	ask := func(index string) (next string, view struct {
		Reset   bool
		Changes []struct {
			Table        uint64
			Previous     *uint64
			Services     []serviceView
			ServicesGone []goneView `json:"services_gone"`
			Routes       []routeView
		}
	}) {
		r, _ := http.NewRequest(http.MethodGet, f.url+"/api/events?wait=1m&index="+index, nil)
		r.Header.Set("Accept", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if err := json.NewDecoder(answer.Body).Decode(&view); err != nil {
			t.Fatal(err)
		}
		return answer.Header.Get(indexField), view
	}
	index, all := ask("")
	if !all.Reset || len(all.Changes) != 1 || len(all.Changes[0].Services) != 1 || all.Changes[0].Table != 1 {
		t.Fatalf("%+v", all)
	}
	f.set("api", 80)
	f.set("web", 81)
	var got []string
	for n := uint64(1); n < 3; {
		next, some := ask(index)
		for _, c := range some.Changes {
			if *c.Previous != n || some.Reset {
				t.Fatalf("%+v", some)
			}
			n = c.Table
			got = append(got, c.Services[0].Name, c.Routes[0].Service)
		}
		index = next
	}
	if fmt.Sprint(got) != "[api api web web]" {
		t.Error(got)
	}
}

func TestUnchangedAnswersAreNotSentAgain(t *testing.T) {
	f := newFed(t)
	f.set("web", 80)
	for _, path := range []string{"/api/services", "/api/services/web", "/api/routes", "/api/upstreams"} {
		first := get(f.handler, "localhost", path)
		tag := first.Header().Get("ETag")
		for _, c := range []struct {
			field string
			want  int
		}{{tag, 304}, {"W/" + tag, 304}, {`"x", ` + tag, 304}, {"*", 304}, {`"x"`, 200}} {
			r, w := newRequest(path), newRecorder()
			r.Header.Set("If-None-Match", c.field)
			f.handler.ServeHTTP(w, r)
			if w.Code != c.want || w.Header().Get("ETag") != tag || (w.Body.Len() == 0) != (c.want == 304) {
				t.Errorf("%s, If-None-Match %s: %d %v", path, c.field, w.Code, w.Header())
			}
		}
		f.set("web", 81)
		if now := get(f.handler, "localhost", path); now.Header().Get("ETag") == tag || bytes.Equal(now.Body.Bytes(), first.Body.Bytes()) {
			t.Errorf("%s: the same after a change", path)
		}
		f.set("web", 80)
	}
}

func TestFollowersAreBounded(t *testing.T) {
	f := newFed(t)
	var all []*follower
	for {
		m, err := f.feed.join("")
		if err != nil {
			break
		}
		all = append(all, m)
	}
	if len(all) != MostFollowers {
		t.Errorf("%d followers", len(all))
	}
	r, w := newRequest("/api/events"), newRecorder()
	f.handler.ServeHTTP(w, r)
	if w.Code != 503 || w.Header().Get("Retry-After") == "" || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	for _, m := range all {
		m.leave()
	}
	f.set("web", 80)
	// The table may be taken before or after this one begins: a thousand followers are woken in groups.
	for c, seen := f.follow(t, "/api/events", ""), ""; !strings.HasSuffix(seen, "service web, route web"); {
		parts, _ := c.table()
		seen = names(parts)
	}
}
