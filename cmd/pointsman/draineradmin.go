package main

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/pointsman/pointsman/discovery/drain"
	"github.com/pointsman/pointsman/proxy/admin"
)

// adminDrainer asks a proxy, which is the only one that there is.
type adminDrainer struct {
	p  program
	at *actionFlags
}

func (a *adminDrainer) begin(ctx context.Context, name string, last time.Duration, force bool) (time.Time, error) {
	if err := a.at.act(ctx, a.p, "drain", drainWish{Instance: name, Seconds: last.Seconds(), Force: force}, nil); err != nil {
		return time.Time{}, err
	}
	return time.Now().Add(last), nil
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

// await waits for all drains of the proxy: it does not tell which name began which.
func (a *adminDrainer) await(ctx context.Context, _ []string, told func([]drain.Pending)) error {
	for {
		list, err := a.list(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		var pending []drain.Pending
		for _, d := range list {
			if d.Left != 0 {
				pending = append(pending, drain.Pending{Proxy: drain.Proxy{ID: string(a.at.admin)}, Instance: d.Instance, Left: d.Left})
			}
		}
		told(pending)
		if len(pending) == 0 && len(list) > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(adminLook):
		}
	}
}

func (a *adminDrainer) end(ctx context.Context, name string) error {
	return a.at.act(ctx, a.p, "undrain", drainWish{Instance: name}, nil)
}

func (a *adminDrainer) gone(ctx context.Context, _ string) error {
	for {
		list, err := a.list(ctx)
		listed := err != nil
		for _, d := range list {
			listed = listed || d.Listed
		}
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
