package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/drain"
	"github.com/pointsman/pointsman/discovery/memory"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/routing"
)

// An action of a drain is not answered before the proxy knows of it: pointsman stop asks then what is left of it.
func TestDrainActionWaitsForTheProxy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, err := memory.NewStore("")
		if err != nil {
			t.Fatal(err)
		}
		h := &dataPath{store: store, table: routing.NewSwitch(routing.Options{})}
		h.table.Apply(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80), fixture.Instance("web", "10.0.0.2", 80)))
		h.drains = drain.NewFollower(drain.Options{Store: store, Self: drain.NewProxy("one", 1), Log: zerolog.Nop(),
			Set: func([]discovery.Drain) {}, Loads: func(*discovery.Drain) ([]drain.Load, bool) { return nil, true }})
		ask := func() error {
			done, err := h.drainActions()["drain"](t.Context(), []byte(`{"instance": "`+h.table.Load().Blocks()[0].Instances[0].ID+`"}`))
			if err == nil && (len(done.Drains) != 1 || !done.Drains[0].Kept) { // it had begun when the first answer said that it is not in effect
				t.Errorf("%+v", done)
			}
			return err
		}
		if err := ask(); err == nil {
			t.Error("a proxy that knows nothing says that it drains")
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		time.AfterFunc(time.Second, func() { _ = h.drains.Run(ctx); close(ended) })
		if err := ask(); err != nil {
			t.Error(err)
		}
		if list, err := h.drains.List(); err != nil || len(list) != 1 {
			t.Errorf("%+v %v", list, err)
		}
		stop()
		<-ended
	})
}
