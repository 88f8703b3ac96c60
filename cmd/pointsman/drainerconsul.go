package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/consul"
	"github.com/pointsman/pointsman/discovery/drain"
)

// consulDrainer asks in Consul.
type consulDrainer struct {
	catalogue *consul.Catalogue
	store     discovery.Store
	of        map[string][]drain.Drain // those begun, by name
}

// view is what the leader has now: what another server has may be old, and hold instances that are stopped already.
func (c *consulDrainer) view(ctx context.Context) ([]*discovery.Service, error) {
	view, err := discovery.ReadOnce(ctx, c.catalogue)
	if err != nil {
		return nil, err
	}
	return view.Services, nil
}

func (c *consulDrainer) begin(ctx context.Context, name string, last time.Duration, force bool) (until time.Time, kept bool, err error) {
	list, err := drain.Ask(ctx, c.store, c.view, drain.Wish{Name: name, For: last, By: hostName(), Force: force})
	if errors.As(err, new(drain.LastError)) {
		err = fmt.Errorf("%w; -force does it all the same", err)
	}
	if err != nil {
		return until, false, err
	}
	c.of[name] = list
	return list[0].Until, list[0].Kept, nil
}

func (c *consulDrainer) await(ctx context.Context, name string, told func(drain.Progress)) error {
	return drain.Await(ctx, c.store, c.of[name], told)
}

func (c *consulDrainer) end(ctx context.Context, name string) error {
	if began := c.of[name]; len(began) > 0 {
		return drain.End(ctx, c.store, began)
	}
	list, err := drain.List(ctx, c.store)
	if err != nil {
		return err
	}
	all, err := c.view(ctx)
	if err != nil {
		return err
	}
	if list, err = drain.Of(list, all, name); err != nil {
		return err
	}
	if len(list) == 0 {
		return errNotDrained
	}
	return drain.End(ctx, c.store, list)
}

var errNotDrained = errors.New("no such instance is drained")

// goneLook is how often the catalogue is asked whether it still has an instance.
const goneLook = 200 * time.Millisecond

func (c *consulDrainer) gone(ctx context.Context, name string) error {
	for _, d := range c.of[name] {
		for {
			answer, err := c.catalogue.Instances(ctx, d.Service, discovery.Query{})
			if err == nil && !has(answer.Instances, &d) {
				break
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(goneLook):
			}
		}
	}
	return nil
}

func has(list []discovery.Instance, d *drain.Drain) bool {
	for i := range list {
		if list[i].ID == d.Instance && list[i].Node == d.Node && list[i].Start == d.Start {
			return true
		}
	}
	return false
}

func (c *consulDrainer) has(ctx context.Context, name string) (string, error) {
	all, err := c.view(ctx)
	if err != nil {
		return "", err
	}
	found, err := drain.Find(all, name)
	if errors.Is(err, drain.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return drain.Named(found[0].Node, found[0].ID), nil
}
