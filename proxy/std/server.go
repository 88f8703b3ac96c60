package std

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/filter"
	"github.com/pointsman/pointsman/proxy/listen"
)

// Options are what a Server needs.
type Options struct {
	// Common is what the servers of the process share of HTTP. It must not be nil; it is not changed.
	Common *proxy.Shared
	// Listen is what the servers of the process share below HTTP. It must not be nil.
	Listen *listen.Shared
	// Dial connects to an instance; nil is Shared.Gate's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Server serves requests from the Switch's present table.
type Server struct {
	common    *proxy.Shared
	limits    *proxy.Limits
	scope     *proxy.Scope
	log       zerolog.Logger
	listen    *listen.Shared
	pools     *pools
	exchanges sync.Pool
	open      openConns
	serving   sync.WaitGroup // goroutines of connections
	http2     *http2Listener
	busy      atomic.Int64 // exchanges
	encoders  filter.Encoders
}

// NewServer makes a Server; nothing runs until Run.
func NewServer(o Options) *Server {
	if o.Dial == nil {
		o.Dial = o.Common.Gate.Dial
	}
	limits := o.Common.Limits
	s := &Server{common: o.Common, limits: &limits, scope: o.Common.SharedScope(), log: o.Common.Log,
		listen: o.Listen, http2: newHTTP2Listener()}
	s.pools = &pools{dial: o.Dial, idle: s.limits.KeepIdle, keep: s.limits.KeepConns, most: s.limits.UpstreamConns, scope: s.scope}
	s.exchanges.New = func() any { return &exchange{x: proxy.Exchange{ServesFiles: true, MayWait: true}} }
	s.open.progress, s.open.crowd, s.open.files = s.limits.Progress, o.Listen.NewCrowd(s.limits.Conns), o.Listen.Files
	s.pools.files = o.Listen.Files
	s.pools.begin()
	return s
}

// Run serves the listeners, and what TakeOver is given, until ctx ends, drains, and returns nil. Where a listener is broken for good it
// drains, too, and returns why. See listen.Shared for what draining keeps.
func (s *Server) Run(ctx context.Context, listeners ...listen.Listener) error {
	var accepting sync.WaitGroup
	var sockets []listen.Socket
	for _, l := range listeners {
		l = s.negotiating(l)
		sockets = append(sockets, l)
		accepting.Go(func() { s.accept(&l) })
	}
	second := s.http2Server()
	accepting.Go(func() {
		if err := second.Serve(s.http2); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error().Err(err).Msg("HTTP/2 is no longer served")
		}
	})
	err := s.listen.Run(ctx, sockets...)
	for _, l := range listeners {
		l.Close()
	}
	s.open.closeAll()
	s.pools.closeAll()
	_ = second.Close() // its connections are closed, and its listener can't fail
	s.serving.Wait()
	for s.busy.Load() > 0 { // their connections are closed: they end at once
		time.Sleep(time.Millisecond)
	}
	s.pools.close()
	accepting.Wait()
	return err
}
