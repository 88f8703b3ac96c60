package admin

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/history"
	"github.com/pointsman/pointsman/proxy/routing"
)

// remembered is a History of three tables.
func remembered(t testing.TB) *history.History {
	t.Helper()
	s := routing.NewSwitch(routing.Options{Languages: fixture.Languages()})
	var errors atomic.Uint64
	h := history.New(history.Options{Switch: s, Answers: func() (uint64, uint64) { return 10 * errors.Load(), errors.Load() }})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = h.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	known := func(n int) {
		for end := time.Now().Add(5 * time.Second); len(h.Versions(9)) < n; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("table %d is not remembered", n)
			}
		}
	}
	one := fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=a.io/")
	first := fixture.Snapshot(one)
	first.Cause = "first view"
	s.Apply(first)
	known(1)
	two := fixture.Instance("web", "10.0.0.2", 80, "pointsman.route=a.io/ strip=/x\x1b[31m")
	two.ID = "web-2\x1b[31m<b>"
	second := fixture.Snapshot(one, two)
	second.Services[0].Index = 17
	errors.Store(1)
	s.Apply(second)
	known(2)
	third := fixture.Snapshot(one)
	third.Texts = []*discovery.Text{discovery.NewText(discovery.TextKV, "pointsman/routes/x", "b.io/ service=web", 3), discovery.NewText(discovery.TextFile, "r.txt", "c.io/ service=web", 0)}
	third.TextIndex = 21
	errors.Store(3)
	s.Apply(third)
	known(3)
	return h
}

func TestHistoryForATerminal(t *testing.T) {
	h := Admin(Options{Table: func() *routing.Table { return nil }, History: remembered(t)})
	text := get(h, "localhost", "/api/history?"+url.Values{"text": {"1"}}.Encode()).Body.String()
	text = regexp.MustCompile(`  \d{4}-.* for \S+`).ReplaceAllString(text, "  TIME")
	if want := `table 1  TIME  10 requests, 1 error
  cause      first view
  services   + web
  instances  + web web-10.0.0.1-80 10.0.0.1:80
  routes     + a.io/ (web)
table 2  TIME  20 requests, 2 errors
  cause      web: 1 instance added
             web: instance "web-2\x1b[31m<b>", tag "pointsman.route=a.io/ strip=/x\x1b[31m", index 17
  instances  + "web web-2\x1b[31m<b> 10.0.0.2:80"
table 3  TIME  0 requests, 0 errors  (the present one)
`; !strings.HasPrefix(text, want) {
		t.Errorf("%s\nwant\n%s", text, want)
	}
	for _, want := range []string{"routes in pointsman/routes/x, which is new", "routes     + b.io/ (web)", "instances  - "} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
