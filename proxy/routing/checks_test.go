package routing

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// What lines and tags want checked is checked for as long as one of them wants it.
func TestChecksFollowTheTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var asked []string
		checker := balancer.NewChecker(func(_ context.Context, w *balancer.Way, c balancer.Check) error {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, w.Upstream().Address()+c.Path+" "+c.Host+" "+c.Timeout.String())
			return nil
		}, func(*balancer.Way, bool, string) {})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- checker.Run(ctx) }()
		sw := newSwitch(Options{Checker: checker})
		web := fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=web.io/ health-check=/up?x=1 health-timeout=2s", "pointsman.route=also.io/ health-check=/up?x=1 health-timeout=2s")
		plain := fixture.Instance("plain", "10.0.0.2", 80, "pointsman.route=plain.io/")
		step := func(s *discovery.Snapshot, want ...string) {
			t.Helper()
			mu.Lock()
			asked = nil
			mu.Unlock()
			sw.Apply(s)
			time.Sleep(checkInterval * 12 / 10)
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			slices.Sort(asked)
			if asked = slices.Compact(asked); !slices.Equal(asked, want) {
				t.Errorf("asked %q, want %q", asked, want)
			}
		}
		const ofWeb, ofLine = "10.0.0.1:80/up?x=1  2s", "10.1.0.1:80/ok h.io 5s"
		step(withTexts("a.io/ to=10.1.0.1:80 health-check=/ok host=h.io", "", web, plain), ofWeb, ofLine)
		step(withTexts("a.io/ to=10.1.0.1:80 health-check=/ok host=h.io\nb.io/ service=web|plain health-check=/b health-timeout=1s", "", web, plain),
			"10.0.0.1:80/b  1s", "10.0.0.2:80/b  1s", ofLine)
		web.Tags = web.Tags[1:]
		step(withTexts("", "", web, plain), ofWeb)
		web.Tags = nil
		step(withTexts("", "", web, plain))
		for i := range 1000 {
			web.Tags = []string{fmt.Sprintf("pointsman.route=web.io/%d health-check=/up", i)}
			sw.Apply(withTexts("", "", web))
		}
		step(withTexts("", "", web), "10.0.0.1:80/up  5s")
		step(withTexts("", ""))
		cancel()
		<-done
	})
}
