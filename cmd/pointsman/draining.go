package main

import (
	"context"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/consul"
	"github.com/pointsman/pointsman/discovery/drain"
	"github.com/pointsman/pointsman/proxy/admin"
	"github.com/pointsman/pointsman/proxy/dialect"
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
		v := admin.DrainView{Service: d.Service, Instance: d.Instance, Node: d.Node, By: d.By, Since: d.Since, Until: d.Until, Left: d.Left, Listed: listed[[2]string{d.Instance, d.Node}]}
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
			all := h.table.Load().Blocks()
			found, err := drain.Find(all, w.Instance)
			if err != nil {
				return admin.Done{}, err
			}
			if !w.Force {
				if err := mayDrain(ctx, h.store, all, found); err != nil {
					return admin.Done{}, admin.Refusal(http.StatusConflict, err.Error())
				}
			}
			list, err := drain.Begin(ctx, h.store, found, time.Now().Add(last), hostName())
			if err != nil {
				return admin.Done{}, admin.Refusal(http.StatusBadGateway, err.Error())
			}
			if !knows(ctx, h.drains, list) {
				return admin.Done{}, admin.Refusal(http.StatusGatewayTimeout, "the drain is asked for, but is not in effect here yet: try again")
			}
			return admin.Done{Service: found[0].Service, Instance: found[0].ID, Text: "draining until " + list[0].Until.Format(time.TimeOnly) + " UTC"}, nil
		}),
		"undrain": admin.ActionOf(`{"instance": "web-1"}`, func(ctx context.Context, w drainWish) (admin.Done, error) {
			list, err := drain.List(ctx, h.store)
			if err != nil {
				return admin.Done{}, admin.Refusal(http.StatusBadGateway, err.Error())
			}
			if list = drainsOf(list, h.table.Load().Blocks(), w.Instance); len(list) == 0 {
				return admin.Done{}, admin.Refusal(http.StatusUnprocessableEntity, "no such instance is drained")
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

// knows waits until a proxy knows of drains. Whoever asks it afterwards what is left of all drains would otherwise be told of earlier ones only, and take
// an instance for drained that still gets requests.
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

// errLast refuses to leave a service without an instance.
type errLast string

func (e errLast) Error() string {
	return "that would leave the service " + dialect.Printable(string(e)) + " without an instance: its requests would get 503"
}

// mayDrain refuses to leave a service without an instance.
func mayDrain(ctx context.Context, s discovery.Store, all []*discovery.Service, wanted []discovery.Instance) error {
	before, err := drain.List(ctx, s)
	if err != nil {
		return err
	}
	if name := drain.Last(all, before, wanted); name != "" {
		return errLast(name)
	}
	return nil
}

// drainsOf are the drains of instances that people call by a name, also of those that the catalogue no longer has.
func drainsOf(list []drain.Drain, all []*discovery.Service, name string) (out []drain.Drain) {
	found, _ := drain.Find(all, name)
	for _, d := range list {
		if d.Instance == name {
			out = append(out, d)
			continue
		}
		for i := range found {
			if found[i].ID == d.Instance && found[i].Node == d.Node {
				out = append(out, d)
				break
			}
		}
	}
	return out
}
