package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointsman/pointsman/proxy/admin/crowd"
	"github.com/pointsman/pointsman/proxy/admin/live"
	"github.com/pointsman/pointsman/proxy/record"
	"github.com/pointsman/pointsman/proxy/routing"
)

// looking is a Sampler that runs until the test ends.
func looking(t testing.TB, table func() *routing.Table) *live.Sampler {
	t.Helper()
	s := live.NewSampler(live.Sources{Table: table, Metrics: record.NewMetrics(prometheus.NewRegistry(), nil),
		Age: func(string) (time.Duration, bool) { return time.Second, true }})
	run(t, s.Run)
	return s
}

// crowdOf is a Sampler at which as many look as may.
func crowdOf(t *testing.T, table func() *routing.Table) *live.Sampler {
	t.Helper()
	s := looking(t, table)
	for range live.MostViewers {
		v, err := s.View(live.Wish{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(v.Close)
	}
	return s
}

func TestWhoLooksIsToldWhatItShows(t *testing.T) {
	table := filled(3)
	service := table.Load().Services()[1].Name
	sampler, notices := looking(t, table.Load), NewNotices()
	notices.Add(Notice{Kind: NoticeTable, Text: "before"})
	f := &fed{url: "http://" + serve(t, Admin(Options{Table: table.Load, Live: sampler, Notices: notices}))}
	events := f.follow(t, "/api/live?service="+service+"&service=none&detail="+service, "")
	one := events.next()
	var view struct {
		Services, Instances map[string]any
		Table               uint64
	}
	if err := json.Unmarshal([]byte(one.data), &view); err != nil || one.name != eventLive || len(view.Services) != 1 || len(view.Instances) == 0 || view.Table != 1 {
		t.Errorf("%v %+v", err, one)
	}
	notices.Add(Notice{Kind: NoticeAction, Text: "<b>now</b>"})
	for one = events.next(); one.name != eventNotice; one = events.next() {
	}
	if one.id == "" || !strings.Contains(one.data, `\u003cb\u003enow`) {
		t.Errorf("%+v", one)
	}
	notices.Add(Notice{Kind: NoticeAction, Text: "later"})
	again := f.follow(t, "/api/live?since=0", one.id) // as a browser that comes back
	for one = again.next(); one.name != eventNotice; one = again.next() {
	}
	if !strings.Contains(one.data, `"later"`) {
		t.Errorf("who came back was told %+v", one)
	}
}

func TestWhatIsShownIsBounded(t *testing.T) {
	h := Admin(Options{Live: looking(t, func() *routing.Table { return nil })})
	for query, want := range map[string]int{
		strings.Repeat("service=a&", live.MostNames+1): 400,
		strings.Repeat("route=a&", live.MostNames+1):   400,
		"detail=" + strings.Repeat("a", maxName+1):     400,
		"service=" + strings.Repeat("a", maxName+1):    400,
		"offset=-1": 400, "since=x": 400, "offset=1073741825": 400,
	} {
		if w := get(h, "localhost", "/api/live?"+query); w.Code != want {
			t.Errorf("%.40s: %d, want %d", query, w.Code, want)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/api/live", strings.NewReader("x"))
	r.Host = "localhost"
	if w := recorded(h, r); w.Code != 400 {
		t.Errorf("with a body: %d", w.Code)
	}
	r = newRequest("/api/live")
	r.Method = http.MethodHead
	if w := recorded(h, r); w.Code != 200 || w.Header().Get("Content-Type") != eventStream {
		t.Errorf("HEAD: %d %v", w.Code, w.Header())
	}
}

func TestAsManyLookAsMay(t *testing.T) {
	if MostFollowers+live.MostViewers != crowd.MostApart {
		t.Errorf("%d may follow and %d look, and %d connections may be set apart", MostFollowers, live.MostViewers, crowd.MostApart)
	}
	h := Admin(Options{Live: crowdOf(t, filled(1).Load)})
	if w := get(h, "localhost", "/api/live"); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("one too many: %d %s", w.Code, w.Body)
	}
}

// One who looks is told for hours while it reads, and is cut soon after it has stopped; the end of the process ends it at once.
func TestViewersThatDoNotReadAreCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sampler := live.NewSampler(live.Sources{Table: filled(1).Load, Metrics: record.NewMetrics(prometheus.NewRegistry(), nil),
			Age: func(string) (time.Duration, bool) { return 0, false }})
		l := make(pipes)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = sampler.Run(ctx) })
		running.Go(func() { _ = crowd.Serve(ctx, l, Admin(Options{Live: sampler})) })
		c := l.dial()
		_, _ = io.WriteString(c, "GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
		in := bufio.NewScanner(c)
		told := 0
		for began := time.Now(); time.Since(began) < time.Hour && in.Scan(); {
			if strings.HasPrefix(in.Text(), "event: live") {
				told++
			}
		}
		if told < 3590 || told > 3600 {
			t.Fatalf("%d moments in an hour: %v", told, in.Err())
		}
		time.Sleep(pieceTime + 2*live.Period)
		synctest.Wait()
		rest := 0
		for rest < 1000 && in.Scan() { // what was on its way
			rest++
		}
		if rest == 1000 {
			t.Error("it still looks")
		}
		c = l.dial()
		_, _ = io.WriteString(c, "GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
		go func() { _, _ = io.Copy(io.Discard, c) }()
		time.Sleep(5 * time.Second)
		began := time.Now()
		cancel()
		running.Wait()
		if d := time.Since(began); d > time.Second {
			t.Errorf("the end took %s", d)
		}
	})
}
