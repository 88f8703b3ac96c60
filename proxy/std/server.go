package std

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/listen"
)

// Options are what a Server needs.
type Options struct {
	// Shared is what all listeners of the process share. It must not be nil; it is not changed, and its Limits take their defaults where
	// they are zero.
	Common *proxy.Shared
	// Files counts the descriptors of all listeners of the process; nil is an own count.
	Files *listen.Files
	// OnDrain is called once when draining begins, before anything else: it takes readiness away. May be nil.
	OnDrain func()
	// Elsewhere is how many connections another server has that may yet be given to Take: draining waits for them too. May be nil.
	Elsewhere func() int
	// Dial connects to an instance; nil is Common.Gate's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Listener is one address to serve. The Server closes it.
type Listener struct {
	net.Listener
	// TLS makes it HTTPS with HTTP/2; nil is plain HTTP with h2c by prior knowledge.
	TLS *tls.Config
	// RedirectHTTPS, if not empty, is the port of the HTTPS listener that every request is sent to.
	RedirectHTTPS string
}

// Server serves requests from the Switch's present table.
type Server struct {
	common    *proxy.Shared
	limits    *proxy.Limits
	recorder  *proxy.Recorder
	log       zerolog.Logger
	onDrain   func()
	elsewhere func() int
	pools     *pools
	exchanges sync.Pool
	open      openConns
	files     *listen.Files
	serving   sync.WaitGroup // goroutines of connections
	http2     *http2Listener
	draining  atomic.Bool
	busy      atomic.Int64 // exchanges
}

// NewServer makes a Server; nothing runs until Run.
func NewServer(o Options) *Server {
	if o.OnDrain == nil {
		o.OnDrain = func() {}
	}
	if o.Elsewhere == nil {
		o.Elsewhere = func() int { return 0 }
	}
	if o.Files == nil {
		o.Files = listen.NewFiles()
	}
	if o.Dial == nil {
		o.Dial = o.Common.Gate.Dial
	}
	limits := o.Common.Limits
	s := &Server{common: o.Common, limits: &limits, recorder: o.Common.SharedRecorder(), log: o.Common.Log, onDrain: o.OnDrain, elsewhere: o.Elsewhere, files: o.Files, http2: newHTTP2Listener()}
	s.pools = &pools{dial: o.Dial, connect: s.limits.Connect, idle: s.limits.KeepIdle, progress: s.limits.Progress, keep: s.limits.KeepConns, most: s.limits.UpstreamConns, recorder: s.recorder}
	s.exchanges.New = func() any { return new(exchange) }
	s.open.progress, s.open.most, s.open.files = s.limits.Progress, s.limits.Conns, s.files
	s.pools.files = s.files
	s.pools.begin()
	return s
}

// Run serves the listeners, and what Take is given, until ctx ends, drains, and returns nil. Where a listener is broken for good it drains,
// too, and returns why. See drain for what draining keeps.
func (s *Server) Run(ctx context.Context, listeners ...Listener) error {
	failed := make(chan error, len(listeners))
	var accepting sync.WaitGroup
	for i := range listeners {
		listeners[i] = listeners[i].negotiating()
		accepting.Go(func() {
			if err := s.accept(&listeners[i]); err != nil {
				failed <- fmt.Errorf("serve %s: %w", listeners[i].Addr(), err)
			}
		})
	}
	second := s.http2Server()
	accepting.Go(func() {
		if err := second.Serve(s.http2); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error().Err(err).Msg("HTTP/2 is not served any more")
		}
	})
	var err error
	select {
	case <-ctx.Done():
		s.drain(listeners)
	case err = <-failed:
		s.log.Error().Err(err).Msg("a listener is broken for good")
		s.drain(listeners)
	}
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

// stopAccepting closes the listeners, and resets nobody who was connected before.
func (s *Server) stopAccepting(listeners []Listener) {
	quiet := false
	for _, l := range listeners {
		quiet = listen.Quiesce(l.Listener) || quiet
	}
	if quiet {
		end := time.Now().Add(s.limits.Grace)
		time.Sleep(min(listen.QuiesceFor, s.limits.Grace))
		for _, l := range listeners { // on a starved machine accepting may be late
			for listen.Queued(l.Listener) > 0 && time.Now().Before(end) {
				time.Sleep(time.Millisecond)
			}
		}
	}
	for _, l := range listeners {
		l.Close()
	}
}

// drainPoll is how often the end of the last connection is looked for.
const drainPoll = 10 * time.Millisecond

// drain loses nothing that was read: readiness goes first, then, after DrainWait, accepting ends; what is on its way is answered,
// and an idle connection's next request too, with Connection: close. What is still open after Grace is closed.
func (s *Server) drain(listeners []Listener) {
	s.onDrain()
	time.Sleep(s.limits.DrainWait)
	s.draining.Store(true)
	s.stopAccepting(listeners)
	s.log.Info().Int("connections", s.elsewhere()+s.open.len()).Stringer("grace", s.limits.Grace).Msg("draining")
	deadline := time.NewTimer(s.limits.Grace)
	defer deadline.Stop()
	tick := time.NewTicker(drainPoll)
	defer tick.Stop()
	for s.elsewhere()+s.open.len() > 0 { // in this order: what leaves the one is in the other
		select {
		case <-deadline.C:
			s.log.Info().Int("connections", s.open.len()).Msg("grace is over, closing what is open")
			return
		case <-tick.C:
		}
	}
}
