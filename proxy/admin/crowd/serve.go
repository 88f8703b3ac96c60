package crowd

import (
	"context"
	"crypto/tls"
	"errors"
	stdlog "log"
	"net"
	"net/http"
	"time"

	"github.com/rs/zerolog"
)

// Who asks here is on the same host or in the same rack; a page of 10,000 instances takes a while.
const (
	// ResponseTime is for all of an answer, its making too. Who follows a stream has times of its own.
	ResponseTime = 30 * time.Second

	requestTime = 5 * time.Second // for a request to arrive, its body of a few KiB at most too
	idleTime    = 2 * time.Minute // longer than Prometheus's usual interval of a minute
	graceTime   = 2 * time.Second
	requestHead = 16 << 10
)

// Serve answers at l with h until ctx ends, and closes l. No more than MostConns connections are open at a time, besides those that follow: see
// crowd.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	crowd := newCrowd(l, MostConns)
	return serving(ctx, crowd, crowd, &http.Server{Handler: h})
}

// ServeTLS is Serve over TLS; without a config it is over TCP as well. A handshake has the time of a request; log gets some of those that
// fail.
func ServeTLS(ctx context.Context, l net.Listener, config *tls.Config, h http.Handler, log zerolog.Logger) error {
	crowd := newCrowd(l, MostConns)
	if l = crowd; config != nil {
		l = tls.NewListener(crowd, config)
	}
	return serving(ctx, crowd, l, &http.Server{Handler: h, ErrorLog: stdlog.New(&refusals{log: log}, "", 0)})
}

func serving(ctx context.Context, crowd *crowd, l net.Listener, s *http.Server) error {
	s.ReadHeaderTimeout, s.ReadTimeout, s.WriteTimeout, s.IdleTimeout = requestTime, requestTime, ResponseTime, idleTime
	s.MaxHeaderBytes, s.ConnState, s.ConnContext = requestHead, crowd.state, withConn
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTime)
	defer cancel()
	if s.Shutdown(limit) != nil {
		_ = s.Close()
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
