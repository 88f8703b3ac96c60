package admin

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/routing"
)

// followed runs a Feed of a switch, and returns options with it.
func followed(t *testing.T, s *routing.Switch) Options {
	t.Helper()
	feed := NewFeed(s)
	run(t, feed.Run)
	return Options{Table: s.Load, Feed: feed}
}

// webs are n containers of one service, and something else that changes.
func webs(n, other int) *discovery.Snapshot {
	var list []discovery.Instance
	for k := range n {
		list = append(list, container("web", "shop", "web", k+1, 8080, "pointsman.route=shop.example.com/"))
	}
	for k := range other {
		list = append(list, container("other", "shop", "other", 100+k, 80))
	}
	return fixture.Snapshot(list...)
}

// watcher reads a stream.
type watcher struct {
	t     *testing.T
	lines *bufio.Reader
	close func() error
}

func watch(t *testing.T, client *http.Client, url string, accept ...string) *watcher {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range accept {
		r.Header.Set("Accept", kind)
	}
	a, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Body.Close() })
	if a.StatusCode != 200 {
		text, _ := io.ReadAll(a.Body)
		t.Fatalf("%s %s", a.Status, text)
	}
	return &watcher{t, bufio.NewReader(a.Body), a.Body.Close}
}

// next is the next JSON text, and how many containers it has.
func (w *watcher) next() (containersView, string) {
	w.t.Helper()
	for {
		line, err := w.lines.ReadString('\n')
		if err != nil {
			w.t.Fatalf("%v after %q", err, line)
		}
		line, _ = strings.CutPrefix(strings.TrimSpace(line), "data: ")
		if !strings.HasPrefix(line, "{") {
			continue
		}
		var v containersView
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			w.t.Fatal(err)
		}
		return v, line
	}
}

func TestWatchTellsEachChangeOfItsService(t *testing.T) {
	for name, c := range map[string]struct{ query, accept, kind string }{
		"lines":  {"?watch=true", "*/*", "application/x-ndjson"},
		"events": {"", "text/event-stream", "text/event-stream"},
	} {
		t.Run(name, func(t *testing.T) {
			s := routing.NewSwitch(routing.Options{Languages: fixture.Languages()})
			s.Apply(webs(2, 1))
			address := serve(t, Discovery(followed(t, s), true))
			w := watch(t, http.DefaultClient, "http://"+address+"/services/shop_web"+c.query, c.accept)
			if v, _ := w.next(); len(v.Containers) != 2 || v.Service.Extensions.Scale != 2 {
				t.Fatalf("at first: %+v", v)
			}
			for _, n := range []int{5, 1, 3} {
				s.Apply(webs(n, n)) // of another service as well
				s.Apply(webs(n, n+1))
				begun := time.Now()
				if v, _ := w.next(); len(v.Containers) != n {
					t.Fatalf("scaled to %d: %+v", n, v)
				}
				if took := time.Since(begun); took > time.Minute { // it is told at once, on a machine of one's own
					t.Errorf("told after %s", took)
				}
			}
			s.Apply(webs(0, 1))
			if v, _ := w.next(); len(v.Containers) != 0 || v.Service.Name != "web" || v.Service.Extensions.Scale != 0 || v.Containers == nil {
				t.Errorf("gone: %+v", v)
			}
			s.Apply(webs(2, 1))
			if v, _ := w.next(); len(v.Containers) != 2 || len(v.Service.Extensions.Routing) != 1 {
				t.Errorf("back: %+v", v)
			}
		})
	}
}

func TestWatchOfNothing(t *testing.T) {
	s := routing.NewSwitch(routing.Options{Languages: fixture.Languages()})
	o := followed(t, s)
	address := serve(t, Discovery(o, true))
	code := func(path string) int {
		a, err := http.Get("http://" + address + path)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		if kind := a.Header.Get("Content-Type"); kind != "application/problem+json" {
			t.Errorf("%s: %s", path, kind)
		}
		return a.StatusCode
	}
	if got := code("/services/web?watch=true"); got != 503 {
		t.Errorf("before the first table: %d", got)
	}
	s.Apply(webs(1, 0))
	for path, want := range map[string]int{"/services/nothing?watch=true": 404, "/services/web?watch=yes": 400} {
		if got := code(path); got != want {
			t.Errorf("%s: %d", path, got)
		}
	}
}

// Many that watch the same cost one look-up and one encoding, and are told the same.
func TestAHundredWatchersAreToldTheSame(t *testing.T) {
	s := routing.NewSwitch(routing.Options{Languages: fixture.Languages()})
	s.Apply(webs(2, 1))
	address := serve(t, Discovery(followed(t, s), true))
	const many = 100
	var all sync.WaitGroup
	var mu sync.Mutex
	told := map[string]int{}
	begun := make(chan struct{}, many)
	for range many {
		w := watch(t, &http.Client{Transport: &http.Transport{}}, "http://"+address+"/services/web?watch=1")
		all.Go(func() {
			w.next()
			begun <- struct{}{}
			_, text := w.next()
			mu.Lock()
			told[text]++
			mu.Unlock()
		})
	}
	for range many {
		<-begun
	}
	s.Apply(webs(3, 1))
	all.Wait()
	if len(told) != 1 {
		t.Errorf("%d different texts", len(told))
	}
	askSoon(t, "http://"+address+"/services/web") // who watches keeps nobody out
}

// A stream ends with the certificate, or with its authority.
func TestWatchEndsWithTheCertificate(t *testing.T) {
	s := routing.NewSwitch(routing.Options{Languages: fixture.Languages()})
	s.Apply(webs(2, 1))
	g := guard(t, followed(t, s))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: g.config(g.client)}}
	w := watch(t, client, "https://"+g.address+"/services/web?watch=true")
	w.next()
	s.Apply(webs(3, 1))
	if v, _ := w.next(); len(v.Containers) != 3 {
		t.Errorf("%+v", v)
	}
	g.distrust(t)
	s.Apply(webs(4, 1))
	if line, err := w.lines.ReadString('\n'); err == nil {
		t.Errorf("still told: %s", line)
	}
}

// Who does not read is cut off in time, and holds nobody up.
func TestWatchersThatDoNotReadHoldNobodyUp(t *testing.T) {
	s := routing.NewSwitch(routing.Options{Languages: fixture.Languages()})
	s.Apply(webs(200, 1))
	address := serve(t, Discovery(followed(t, s), true))
	opened(t, address, "GET /services/web?watch=true HTTP/1.1\r\nHost: localhost\r\n\r\n", 50, false)
	w := watch(t, http.DefaultClient, "http://"+address+"/services/web?watch=true")
	w.next()
	for n := 201; n < 209; n++ {
		s.Apply(webs(n, 1))
		for {
			if v, _ := w.next(); len(v.Containers) == n {
				break
			}
		}
	}
	askSoon(t, "http://"+address+"/services/web")
}

func TestFormsOfStreams(t *testing.T) {
	for _, c := range []struct {
		query, accept string
		want          *form
		bad           bool
	}{
		{"", "", nil, false}, {"", "application/json", nil, false}, {"", "text/event-stream", &eventForm, false}, {"", "text/html, text/event-stream;q=0.5", &eventForm, false},
		{"", "text/event-stream;q=0", nil, false}, {"?watch=true", "", &lineForm, false}, {"?watch=1", "*/*", &lineForm, false}, {"?watch=true", "text/event-stream", &eventForm, false},
		{"?watch=false", "text/event-stream", nil, false}, {"?watch", "", &lineForm, false}, {"?watch=maybe", "", nil, true}, {"?watch=true&watch=false", "", &lineForm, false},
	} {
		r := request("/services/web" + c.query)
		if c.accept != "" {
			r.Header.Set("Accept", c.accept)
		}
		if got, err := formOf(r); got != c.want || (err != nil) != c.bad {
			t.Errorf("%q %q: %v %v", c.query, c.accept, got, err)
		}
		r.Method = http.MethodHead
		if got, _ := formOf(r); got != nil {
			t.Errorf("HEAD %q: a stream", c.query)
		}
	}
}
