package main

import (
	"context"
	"fmt"
	"net"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/std"
)

// parts is what every engine needs.
type parts struct {
	table   *proxy.Switch
	metrics *proxy.Metrics
	access  *proxy.AccessLog
	log     zerolog.Logger
}

// engine makes the listener that was asked for; what it returns serves until the context ends.
func engine(s settings, p parts) (func(context.Context, net.Listener) error, error) {
	if s.engine != "std" {
		return nil, fmt.Errorf("no engine %q", s.engine)
	}
	server := std.NewServer(std.Options{Switch: p.table, Metrics: p.metrics, Access: p.access, Log: p.log})
	return func(ctx context.Context, l net.Listener) error { return server.Run(ctx, std.Listener{Listener: l}) }, nil
}
