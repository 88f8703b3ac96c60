package admin

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// Who asks here is on the same host or in the same rack; a page of 10,000 instances takes a while.
const (
	requestTime  = 5 * time.Second  // for a request to arrive, its body of at most maxBody too
	responseTime = 30 * time.Second // for all of an answer, its making too
	idleTime     = 2 * time.Minute  // longer than Prometheus's usual interval of a minute
	graceTime    = 2 * time.Second
	requestHead  = 16 << 10
)

// Serve answers at l with h until ctx ends, and closes l. No more than MostConns connections are open at a time, besides those that follow: see
// crowd.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	crowd := newCrowd(l, MostConns)
	s := &http.Server{Handler: h, ReadHeaderTimeout: requestTime, ReadTimeout: requestTime, WriteTimeout: responseTime,
		IdleTimeout: idleTime, MaxHeaderBytes: requestHead, ConnState: crowd.state, ConnContext: withConn}
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(crowd) }()
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
