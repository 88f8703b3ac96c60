package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/pointsman/pointsman/discovery/drain"
	"github.com/pointsman/pointsman/proxy/admin"
)

// adminDrainer asks a proxy, which is the only one that there is.
type adminDrainer struct {
	p  program
	at *actionFlags
	of map[string][]admin.Drained // those begun, by name
}

func (a *adminDrainer) begin(ctx context.Context, name string, last time.Duration, force bool) (until time.Time, kept bool, err error) {
	var done admin.Done
	if err := a.at.act(ctx, a.p, "drain", drainWish{Instance: name, Seconds: last.Seconds(), Force: force}, &done); err != nil {
		return until, false, err
	}
	if len(done.Drains) == 0 {
		return until, false, errors.New("the proxy does not say which drains it began: it is of another version")
	}
	a.of[name] = done.Drains
	return done.Drains[0].Until, done.Drains[0].Kept, nil
}

// list is what the proxy drains.
func (a *adminDrainer) list(ctx context.Context) ([]admin.DrainView, error) {
	var out bytes.Buffer
	if err := ask(ctx, "http://"+dialable(string(a.at.admin))+"/api/drains", maxExplanation, &out); err != nil {
		return nil, err
	}
	var view struct{ Drains []admin.DrainView }
	err := json.Unmarshal(out.Bytes(), &view)
	return view.Drains, err
}

// adminLook is how often a proxy is asked how many requests are left.
const adminLook = 100 * time.Millisecond

func (a *adminDrainer) await(ctx context.Context, name string, told func(drain.Progress)) error {
	for {
		list, err := a.list(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		p, err := a.left(list, name, time.Now())
		if err != nil {
			return err
		}
		told(p)
		if len(p.Pending) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(adminLook):
		}
	}
}

// left is how far the drains of a name are, as the proxy's list says.
func (a *adminDrainer) left(list []admin.DrainView, name string, now time.Time) (p drain.Progress, err error) {
	for _, own := range a.of[name] {
		at := slices.IndexFunc(list, func(d admin.DrainView) bool { return d.ID == own.ID })
		switch {
		case at < 0 && now.Before(own.Until):
			return p, drain.ErrEnded
		case at < 0:
			return p, drain.ErrOver
		case list[at].Left != 0:
			p.Pending = append(p.Pending, drain.Pending{Proxy: drain.Proxy{ID: string(a.at.admin)}, Instance: list[at].Instance, Left: list[at].Left})
		}
	}
	return p, nil
}

func (a *adminDrainer) end(ctx context.Context, name string) error {
	return a.at.act(ctx, a.p, "undrain", drainWish{Instance: name}, nil)
}

func (a *adminDrainer) gone(ctx context.Context, name string) error {
	for {
		list, err := a.list(ctx)
		listed := err != nil || slices.ContainsFunc(list, func(d admin.DrainView) bool {
			return d.Listed && slices.ContainsFunc(a.of[name], func(own admin.Drained) bool { return own.ID == d.ID })
		})
		if !listed {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(goneLook):
		}
	}
}

// has says nothing: an embedded catalogue has no instance but this host's registrator's, which are known by their containers' ids.
func (*adminDrainer) has(context.Context, string) (string, error) { return "", nil }
