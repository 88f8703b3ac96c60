package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/consul"
	"github.com/pointsman/pointsman/discovery/drain"
	"github.com/pointsman/pointsman/proxy/admin"
)

// newDrains makes this proxy take part in drains.
func (h *dataPath) newDrains() *drain.Follower {
	o := drain.Options{
		Store: h.store, Self: drain.NewProxy(hostName(), os.Getpid()), Set: h.watcher.SetDrains, Log: h.log,
		Loads: func(d *discovery.Drain) (list []drain.Load, ok bool) {
			ups, ok := h.table.Load().Drained(d)
			for _, u := range ups {
				list = append(list, u)
			}
			return list, ok
		},
		Notice: func(d drain.Drain, text string) {
			h.notices.Add(admin.Notice{Kind: admin.NoticeDrain, Service: d.Service, Instance: d.Instance, Text: text})
		},
	}
	if h.agent != nil {
		o.Rights = consul.StoreRights
	}
	return drain.NewFollower(o)
}

// viewDrains are the drains that are in effect, for people.
func (h *dataPath) viewDrains() (out []admin.DrainView, err error) {
	list, err := h.drains.List()
	if len(list) == 0 {
		return nil, err
	}
	listed := map[[2]string]bool{}
	for _, s := range h.table.Load().Blocks() {
		for i := range s.Instances {
			listed[[2]string{s.Instances[i].ID, s.Instances[i].Node}] = true
		}
	}
	for _, d := range list {
		v := admin.DrainView{ID: d.ID, Service: d.Service, Instance: d.Instance, Node: d.Node, By: d.By, Since: d.Since, Until: d.Until, Left: d.Left, Listed: listed[[2]string{d.Instance, d.Node}]}
		out = append(out, v)
	}
	return out, err
}

// drainWish is what POST /api/actions/drain and undrain want. Instance is what drain.Find takes.
type drainWish struct {
	Instance string  `json:"instance"`
	Seconds  float64 `json:"seconds,omitempty"`
	Force    bool    `json:"force,omitempty"`
}

// blocks is what the catalogue has, as the table knows it.
func (h *dataPath) blocks(context.Context) ([]*discovery.Service, error) {
	return h.table.Load().Blocks(), nil
}

// drainActions are what who has the token may ask for.
func (h *dataPath) drainActions() map[string]admin.Action {
	return map[string]admin.Action{
		"drain": admin.ActionOf(`{"instance": "web-1", "seconds": 600}`, func(ctx context.Context, w drainWish) (admin.Done, error) {
			last := time.Duration(w.Seconds * float64(time.Second))
			if w.Seconds == 0 {
				last = defaultDrain
			}
			if last <= 0 || last > drain.Longest {
				return admin.Done{}, admin.Refusal(http.StatusBadRequest, "seconds: want 1 to 86400")
			}
			if _, err := drain.Find(h.table.Load().Blocks(), w.Instance); err != nil {
				return admin.Done{}, err
			}
			list, err := drain.Ask(ctx, h.store, h.blocks, drain.Wish{Name: w.Instance, For: last, By: hostName(), Force: w.Force})
			switch {
			case errors.As(err, new(drain.LastError)):
				return admin.Done{}, admin.Refusal(http.StatusConflict, err.Error())
			case err != nil:
				return admin.Done{}, admin.Refusal(http.StatusBadGateway, err.Error())
			}
			if !knows(ctx, h.drains, list) {
				return admin.Done{}, admin.Refusal(http.StatusGatewayTimeout, "the drain is asked for, but is not in effect here yet: try again")
			}
			done := admin.Done{Service: list[0].Service, Instance: list[0].Instance, Text: "draining until " + list[0].Until.Format(time.TimeOnly) + " UTC"}
			for _, d := range list {
				done.Drains = append(done.Drains, admin.Drained{ID: d.ID, Until: d.Until, Kept: d.Kept})
			}
			return done, nil
		}),
		"undrain": admin.ActionOf(`{"instance": "web-1"}`, func(ctx context.Context, w drainWish) (admin.Done, error) {
			list, err := drain.List(ctx, h.store)
			if err != nil {
				return admin.Done{}, admin.Refusal(http.StatusBadGateway, err.Error())
			}
			if list, err = drain.Of(list, h.table.Load().Blocks(), w.Instance); err != nil {
				return admin.Done{}, err
			}
			if len(list) == 0 {
				return admin.Done{}, errNotDrained
			}
			if err := drain.End(ctx, h.store, list); err != nil {
				return admin.Done{}, admin.Refusal(http.StatusBadGateway, err.Error())
			}
			return admin.Done{Service: list[0].Service, Instance: list[0].Instance, Text: "the drain is ended"}, nil
		}),
	}
}

// knownWithin is how long a proxy has to learn of a drain. The Store tells of changes within milliseconds.
const knownWithin = 5 * time.Second

// knows waits until a proxy knows of drains. Whoever asks it afterwards what is left of them would otherwise find none, as if somebody had ended them.
func knows(ctx context.Context, by *drain.Follower, list []drain.Drain) bool {
	ctx, cancel := context.WithTimeout(ctx, knownWithin)
	defer cancel()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		known, _ := by.List()
		if !slices.ContainsFunc(list, func(d drain.Drain) bool {
			return !slices.ContainsFunc(known, func(k drain.Standing) bool { return k.ID == d.ID })
		}) {
			return true
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return false
		}
	}
}
