package main

import (
	"context"
	"fmt"
	"net"

	"golang.org/x/sync/errgroup"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/certs"
	"github.com/pointsman/pointsman/proxy/event"
	"github.com/pointsman/pointsman/proxy/listen"
	"github.com/pointsman/pointsman/proxy/reactor"
	"github.com/pointsman/pointsman/proxy/std"
)

// engine makes the listener that was asked for, with the other one behind the event loops as in production; what it returns serves
// until the context ends.
func engine(s settings, c *proxy.Shared) (func(context.Context, net.Listener) error, error) {
	shared := listen.NewShared(listen.Options{DrainWait: c.Limits.DrainWait, Grace: c.Limits.Grace, Log: c.Log})
	second := std.NewServer(std.Options{Common: c, Listen: shared})
	if s.pem != "" { // whichever engine serves plain HTTP
		pair, err := certs.NewPair(s.pem, s.pem, c.Log)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context, l net.Listener) error {
			return second.Run(ctx, listen.Listener{Listener: l, TLS: certs.Config(pair)})
		}, nil
	}
	switch s.engine {
	case "event":
		first := event.NewServer(event.Options{Common: c, Listen: shared, Loops: reactor.ReserveProcs(s.loops), HandOver: second.TakeOver})
		return func(ctx context.Context, l net.Listener) error {
			var g errgroup.Group
			g.Go(func() error { return second.Run(ctx) })
			g.Go(func() error { return first.Run(ctx, listen.Listener{Listener: l}) })
			return g.Wait()
		}, nil
	case "std":
		return func(ctx context.Context, l net.Listener) error { return second.Run(ctx, listen.Listener{Listener: l}) }, nil
	}
	return nil, fmt.Errorf("no engine %q", s.engine)
}
