package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// sideLimits: who asks the side doors is on the same host or in the same rack; a page of 10,000 instances takes a while.
const (
	sideHead  = 5 * time.Second
	sideWrite = 30 * time.Second
	sideIdle  = 2 * time.Minute // longer than Prometheus's usual interval of a minute
	sideGrace = 2 * time.Second
)

// side serves a side door (admin, status) until ctx ends.
func side(l net.Listener, h http.Handler) func(context.Context) error {
	return func(ctx context.Context) error {
		s := &http.Server{Handler: h, ReadHeaderTimeout: sideHead, ReadTimeout: sideWrite, WriteTimeout: sideWrite,
			IdleTimeout: sideIdle, MaxHeaderBytes: 16 << 10}
		failed := make(chan error, 1)
		go func() { failed <- s.Serve(l) }()
		select {
		case err := <-failed:
			return err
		case <-ctx.Done():
		}
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), sideGrace)
		defer cancel()
		if s.Shutdown(limit) != nil {
			_ = s.Close()
		}
		if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}
}
