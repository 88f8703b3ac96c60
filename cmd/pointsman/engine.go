package main

import (
	"context"
	"errors"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/event"
	"github.com/pointsman/pointsman/proxy/listen"
	"github.com/pointsman/pointsman/proxy/reactor"
	"github.com/pointsman/pointsman/proxy/std"
)

// serve adds the servers of all listeners that carry traffic. Plain HTTP goes to the event loop where that is wanted and there is one;
// what it can't serve, and TLS, go to the goroutines.
func (h *dataPath) serve(a *actors, common *proxy.Shared) error {
	secure, err := h.ports.https(a, h.log)
	if err != nil {
		return err
	}
	if h.flags.acme.on() {
		if err := h.order(a, h.ports.set, secure); err != nil {
			return err
		}
		common.Challenges = h.acme
	}
	if set := h.ports.set; set != nil {
		common.Covers = set.Covers
	}
	shared := listen.NewShared(listen.Options{DrainWait: common.Limits.DrainWait, Grace: common.Limits.Grace,
		OnDrain: func() { h.draining.Store(true) }, Hurry: h.hurry, Log: h.log})
	h.files = shared.Files
	goroutines := std.NewServer(std.Options{Common: common, Listen: shared})
	if !h.flags.looped() {
		listeners := append(h.ports.http(), secure...)
		a.serve(func(ctx context.Context) error { return goroutines.Run(ctx, listeners...) })
		return nil
	}
	number := reactor.ReserveProcs(h.flags.loops.value)
	loops := event.NewServer(event.Options{Common: common, Listen: shared, Loops: number, HandOver: goroutines.TakeOver})
	a.serve(func(ctx context.Context) error { return loops.Run(ctx, h.ports.http()...) })
	a.serve(func(ctx context.Context) error { return goroutines.Run(ctx, secure...) })
	return nil
}

// looped says whether plain HTTP is served by the event loop.
func (c *proxyFlags) looped() bool { return c.engine.value != "std" && event.Available }

// checkEngine refuses an engine that this system does not have.
func (c *proxyFlags) checkEngine() error {
	if c.engine.value == "event" && !event.Available {
		return errors.New("-engine event needs Linux")
	}
	return nil
}
