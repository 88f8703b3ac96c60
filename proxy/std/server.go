// Package std is the goroutine listener: net/http reads requests (HTTP/1.1, TLS with HTTP/2, h2c by prior knowledge), and an own
// pool of connections carries them to instances. What may be matched, picked, retried, forwarded and counted is decided in
// package proxy; this package adapts.
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
	"github.com/pointsman/pointsman/proxy/sockets"
)

// Limits bound what one connection may cost. A zero takes the default.
type Limits struct {
	Connect   time.Duration // one connect to an instance; 1 s
	ReadHead  time.Duration // a request's head; 10 s
	Answer    time.Duration // an answer's head; 60 s
	Idle      time.Duration // a client's connection between requests; 75 s
	Progress  time.Duration // a body that stands still, either way; 60 s
	DrainWait time.Duration // from readiness false to the end of accepting; 0
	Grace     time.Duration // from there to the end of all that is still open; 30 s
	KeepIdle  time.Duration // a kept connection to an instance; 30 s, below the 60 s and more that servers keep theirs

	HeadBytes  int // a request's head; 32 KiB
	HeadFields int // 128
	KeepConns  int // kept connections per instance; 512, as many as a busy instance serves at once
}

// Options are what a Server needs. Switch and Metrics must not be nil; Access may be.
type Options struct {
	Switch    *proxy.Switch
	Metrics   *proxy.Metrics
	Access    *proxy.AccessLog
	Forwarder proxy.Forwarder
	Log       zerolog.Logger
	Limits    Limits
	// Retries is how many attempts may follow one that sent something; negative means none, 0 the default of 2.
	Retries int
	// OnDrain is called once when draining begins, before anything else: it takes readiness away. May be nil.
	OnDrain func()
	// Dial connects to an instance; nil means plain TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// defaultRetries: with a third instance still failing, a fourth is no likelier to answer.
const defaultRetries = 2

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
	switcher  *proxy.Switch
	metrics   *proxy.Metrics
	access    *proxy.AccessLog
	forwarder proxy.Forwarder
	log       zerolog.Logger
	limits    Limits
	retries   int
	onDrain   func()
	pools     *pools
	open      openConns
	draining  atomic.Bool
	busy      atomic.Int64 // handlers
}

// NewServer makes a Server; nothing runs until Run.
func NewServer(o Options) *Server {
	o.Limits.fill()
	if o.Retries == 0 {
		o.Retries = defaultRetries
	}
	if o.OnDrain == nil {
		o.OnDrain = func() {}
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	s := &Server{switcher: o.Switch, metrics: o.Metrics, access: o.Access, forwarder: o.Forwarder, log: o.Log,
		limits: o.Limits, retries: max(0, o.Retries), onDrain: o.OnDrain}
	s.pools = &pools{dial: o.Dial, connect: o.Limits.Connect, idle: o.Limits.KeepIdle, keep: o.Limits.KeepConns, metrics: o.Metrics}
	s.open.progress = o.Limits.Progress
	return s
}

func (l *Limits) fill() {
	for _, d := range []struct {
		at  *time.Duration
		def time.Duration
	}{
		{&l.Connect, time.Second}, {&l.ReadHead, 10 * time.Second}, {&l.Answer, time.Minute}, {&l.Idle, 75 * time.Second},
		{&l.Progress, time.Minute}, {&l.Grace, 30 * time.Second}, {&l.KeepIdle, 30 * time.Second},
	} {
		if *d.at == 0 {
			*d.at = d.def
		}
	}
	for _, n := range []struct {
		at  *int
		def int
	}{{&l.HeadBytes, 32 << 10}, {&l.HeadFields, 128}, {&l.KeepConns, 512}} {
		if *n.at == 0 {
			*n.at = n.def
		}
	}
}

// Run serves the listeners until ctx ends, drains, and returns nil; or returns the first error of a listener at once, with
// everything closed. See drain for what draining keeps.
func (s *Server) Run(ctx context.Context, listeners ...Listener) error {
	failed := make(chan error, len(listeners))
	servers := make([]*http.Server, len(listeners))
	var wg sync.WaitGroup
	for i, l := range listeners {
		servers[i] = s.front(l)
		wg.Go(func() { failed <- s.serve(servers[i], l) })
	}
	var err error
	select {
	case <-ctx.Done():
		s.drain(listeners)
	case err = <-failed:
		s.draining.Store(true)
	}
	for _, srv := range servers {
		if closeErr := srv.Close(); closeErr != nil && !errors.Is(closeErr, net.ErrClosed) {
			s.log.Debug().Err(closeErr).Msg("close listener")
		}
	}
	for _, l := range listeners {
		l.Close()
	}
	s.open.closeAll()
	s.open.wait()
	for s.busy.Load() > 0 { // their connections are closed: they end at once
		time.Sleep(time.Millisecond)
	}
	s.pools.close()
	wg.Wait()
	return err
}

// front is the net/http server of one listener.
func (s *Server) front(l Listener) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(l.TLS != nil)
	protocols.SetUnencryptedHTTP2(l.TLS == nil)
	return &http.Server{
		Handler:           &handler{server: s, redirect: l.RedirectHTTPS, secure: l.TLS != nil},
		ReadHeaderTimeout: s.limits.ReadHead,
		IdleTimeout:       s.limits.Idle,
		MaxHeaderBytes:    max(1, s.limits.HeadBytes-netHTTPSlop),
		Protocols:         protocols,
		TLSConfig:         l.TLS,
		ErrorLog:          quiet(s.log),
		ConnContext:       withFront,
		// An own handler of OPTIONS * would answer for services that have their own.
		DisableGeneralOptionsHandler: true,
	}
}

// netHTTPSlop is what net/http adds to MaxHeaderBytes before it refuses.
const netHTTPSlop = 4096

func (s *Server) serve(srv *http.Server, l Listener) error {
	var err error
	if tracked := (&trackedListener{Listener: l.Listener, open: &s.open}); l.TLS != nil {
		err = srv.ServeTLS(tracked, "", "")
	} else {
		err = srv.Serve(tracked)
	}
	if s.draining.Load() {
		return nil
	}
	return fmt.Errorf("serve %s: %w", l.Addr(), err)
}

// stopAccepting closes the listeners, and resets nobody who was connected before.
func (s *Server) stopAccepting(listeners []Listener) {
	quiet := false
	for _, l := range listeners {
		quiet = sockets.Quiesce(l.Listener) || quiet
	}
	if quiet {
		end := time.Now().Add(s.limits.Grace)
		time.Sleep(min(sockets.QuiesceFor, s.limits.Grace))
		for _, l := range listeners { // on a starved machine accepting may be late
			for sockets.Queued(l.Listener) > 0 && time.Now().Before(end) {
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
// and an idle connection's next request too, with Connection: close. What is still open after Grace is closed. net/http's
// Shutdown is not used: it drops, without an answer, what it reads after it began.
func (s *Server) drain(listeners []Listener) {
	s.onDrain()
	time.Sleep(s.limits.DrainWait)
	s.draining.Store(true)
	s.stopAccepting(listeners)
	s.log.Info().Int("connections", s.open.len()).Stringer("grace", s.limits.Grace).Msg("draining")
	deadline := time.NewTimer(s.limits.Grace)
	defer deadline.Stop()
	tick := time.NewTicker(drainPoll)
	defer tick.Stop()
	for s.open.len() > 0 {
		select {
		case <-deadline.C:
			s.log.Info().Int("connections", s.open.len()).Msg("grace is over, closing what is open")
			return
		case <-tick.C:
		}
	}
}
