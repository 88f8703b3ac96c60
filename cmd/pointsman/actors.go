package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// actors is a set of things that run together: the first one to return stops the rest.
//
// There are two tiers. The front (listeners) is told to stop first; the back (watcher, table, admin) goes on until the
// whole front has returned, so that requests which are being finished still find a living table.
type actors struct {
	front, back []func(context.Context) error
	files       []file // what SIGHUP has read again
}

// serve adds to the front, support to the back.
func (a *actors) serve(run func(context.Context) error)   { a.front = append(a.front, run) }
func (a *actors) support(run func(context.Context) error) { a.back = append(a.back, run) }

// errDone is what an actor's return without an error counts as: the group ends all the same.
var errDone = errors.New("done")

// run blocks until every actor has returned, and returns the error of the one that was first: nil when that was the end
// of ctx. Each actor waits for what it started itself.
func (a *actors) run(ctx context.Context) error {
	stop, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	backContext, stopBack := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBack()

	var front, back errgroup.Group
	start(&front, a.front, stop, cancel)
	start(&back, a.back, backContext, cancel)
	if len(a.front) == 0 {
		<-stop.Done()
	}
	_ = front.Wait()
	stopBack()
	_ = back.Wait()
	return cause(stop)
}

// start runs each actor, and lets the return of any of them end the whole.
func start(g *errgroup.Group, list []func(context.Context) error, ctx context.Context, cancel context.CancelCauseFunc) {
	for _, run := range list {
		g.Go(func() error {
			err := run(ctx)
			if err == nil {
				err = errDone
			}
			cancel(err) // only the first call counts
			return err
		})
	}
}

func cause(ctx context.Context) error {
	err := context.Cause(ctx)
	if err == nil || errors.Is(err, errDone) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// hurryTime is what the process has after a second signal: its connections are closed within milliseconds.
const hurryTime = time.Second

// untilSignal returns a context that ends with the first SIGTERM or SIGINT. A second one calls hurry, and ends the process if that does not
// within hurryTime; a third one ends it at once.
func untilSignal(ctx context.Context, hurry func()) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	go func() {
		defer signal.Stop(signals)
		select {
		case <-signals:
			cancel()
		case <-ctx.Done():
			return
		}
		<-signals
		hurry()
		select {
		case <-signals:
		case <-time.After(hurryTime):
		}
		os.Exit(exitFatal)
	}()
	return ctx, cancel
}
