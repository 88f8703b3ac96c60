package main

import (
	"context"
	"errors"
	"net"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/event"
	"github.com/pointsman/pointsman/proxy/listen"
	"github.com/pointsman/pointsman/proxy/reactor"
	"github.com/pointsman/pointsman/proxy/std"
)

// serve adds the servers of all listeners that carry traffic. Plain HTTP goes to the event loop where that is wanted and there is one;
// what it can't serve, and TLS, go to the goroutines.
func (h *half) serve(a *actors, common *proxy.Shared) error {
	secure, err := h.ports.secured(a, h.log)
	if err != nil {
		return err
	}
	onDrain := func() { h.draining.Store(true) }
	if !h.flags.looped() {
		server := std.NewServer(std.Options{Common: common, OnDrain: onDrain})
		listeners := append(h.ports.plainStd(), secure...)
		a.serve(func(ctx context.Context) error { return server.Run(ctx, listeners...) })
		return nil
	}
	files := listen.NewFiles()
	number := reactor.ReserveProcs(h.flags.loops.value)
	var rest *std.Server
	loops := event.NewServer(event.Options{Common: common, Files: files, Loops: number, OnDrain: onDrain,
		HandOver: func(c net.Conn, read []byte, l event.Listener) {
			rest.TakeOver(c, read, std.Listener{Listener: l.Listener, RedirectHTTPS: l.RedirectHTTPS})
		}})
	rest = std.NewServer(std.Options{Common: common, Files: files, OnDrain: onDrain, Elsewhere: loops.Connections})
	a.serve(func(ctx context.Context) error { return loops.Run(ctx, h.ports.plainLoops()...) })
	a.serve(func(ctx context.Context) error { return rest.Run(ctx, secure...) })
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
