package main

import (
	"context"
	"fmt"
	"net"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/event"
	"github.com/pointsman/pointsman/proxy/std"
)

// engine makes the listener that was asked for; what it returns serves until the context ends.
func engine(s settings, c *proxy.Common) (func(context.Context, net.Listener) error, error) {
	switch s.engine {
	case "event":
		server := event.NewServer(event.Options{Common: c, Loops: s.loops})
		return func(ctx context.Context, l net.Listener) error { return server.Run(ctx, event.Listener{Listener: l}) }, nil
	case "std":
		server := std.NewServer(std.Options{Common: c})
		return func(ctx context.Context, l net.Listener) error { return server.Run(ctx, std.Listener{Listener: l}) }, nil
	}
	return nil, fmt.Errorf("no engine %q", s.engine)
}
