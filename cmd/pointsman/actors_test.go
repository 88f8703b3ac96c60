package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestFirstActorToReturnStopsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		var order []string
		var a actors
		a.serve(func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(time.Second) // drains
			order = append(order, "front")
			return nil
		})
		a.support(func(ctx context.Context) error {
			<-ctx.Done()
			order = append(order, "back")
			return ctx.Err()
		})
		a.support(func(context.Context) error { time.Sleep(time.Minute); return boom })
		if err := a.run(t.Context()); !errors.Is(err, boom) {
			t.Errorf("got %v", err)
		}
		if len(order) != 2 || order[0] != "front" || order[1] != "back" {
			t.Errorf("the front ends before the back: %v", order)
		}
	})
}

func TestEndOfContextIsNoError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var a actors
		a.serve(func(ctx context.Context) error { <-ctx.Done(); return nil })
		a.support(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		start := time.Now()
		if err := a.run(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if time.Since(start) != time.Hour {
			t.Errorf("ended after %s", time.Since(start))
		}
	})
}
