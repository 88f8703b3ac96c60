package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/registrator"
)

// defaultWait is Consul's, for questions that name no wait.
const defaultWait = 5 * time.Minute

// List implements discovery.Catalogue.
func (c *Catalogue) List(ctx context.Context, q discovery.Query) (discovery.Listing, error) {
	var out discovery.Listing
	err := c.block(ctx, q, func() uint64 { return c.listed }, func() {
		out = discovery.Listing{Services: c.names(), Meta: discovery.Meta{Index: c.listed}}
	})
	return out, err
}

func (c *Catalogue) names() map[string][]string {
	tags := map[string]map[string]bool{}
	for _, h := range c.services {
		if tags[h.Name] == nil {
			tags[h.Name] = map[string]bool{}
		}
		for _, tag := range h.Tags {
			tags[h.Name][tag] = true
		}
	}
	out := make(map[string][]string, len(tags))
	for name, set := range tags {
		out[name] = slices.Sorted(maps.Keys(set))
	}
	return out
}

// Instances implements discovery.Catalogue. Instances with an address or a port that can't be dialled are left out; they
// were told when they were registered.
func (c *Catalogue) Instances(ctx context.Context, service string, q discovery.Query) (discovery.Answer, error) {
	var out discovery.Answer
	index := func() uint64 {
		if i, has := c.changed[service]; has {
			return i
		}
		return c.removed
	}
	err := c.block(ctx, q, index, func() {
		out = discovery.Answer{Instances: c.instances(service), Meta: discovery.Meta{Index: index()}}
	})
	return out, err
}

func (c *Catalogue) instances(service string) []discovery.Instance {
	out := []discovery.Instance{}
	for _, h := range c.services {
		if h.Name != service {
			continue
		}
		instance := c.instance(h)
		if discovery.CheckAddress(instance.Address, instance.Port) == nil {
			out = append(out, instance)
		}
	}
	return out
}

func (c *Catalogue) instance(h *record) discovery.Instance {
	address := h.Address
	if address == "" {
		address = c.o.Address
	}
	i := discovery.Instance{
		Identity: discovery.Identity{Node: c.o.Node, ID: h.ID, Address: address, Port: h.Port},
		Service:  h.Name,
		Tags:     slices.Clone(h.Tags),
		Meta:     maps.Clone(h.Meta),
		Zone:     discovery.ZoneOf(h.Meta, "", ""),
		Weight:   1,
		Status:   h.status(),
		Index:    h.index,
		Created:  h.created,
		Local:    true,
	}
	if i.Status != discovery.Warning {
		i.Weight = max(h.Weight, 1)
	}
	if h.Owner.Host != "" || h.Owner.Container != "" {
		i.Marked, i.Started, i.Sent, i.Container = true, h.Owner.Started, h.Owner.Sent, h.Owner.Container
	}
	i.Registered = i.Marked || registrator.HasIDForm(h.ID)
	if !h.Owner.Started.IsZero() {
		i.Start = h.Owner.Started.UTC().Format(time.RFC3339Nano)
	}
	return i
}

// status is the worst of all checks; none is passing. Maintenance outranks them.
func (h *record) status() discovery.Status {
	if h.maintenance {
		return discovery.Maintenance
	}
	status := discovery.Passing
	for _, one := range h.checks {
		status = min(status, one.status)
	}
	return status
}

// block runs answer under the lock as soon as index exceeds the question's, or when the wait is over. An index from
// elsewhere (another process, a later life) that is ahead of ours is answered at once, with ours: it went backwards.
func (c *Catalogue) block(ctx context.Context, q discovery.Query, index func() uint64, answer func()) error {
	if q.Wait <= 0 {
		q.Wait = defaultWait
	}
	timer := time.NewTimer(q.Wait)
	defer timer.Stop()
	for over := false; ; {
		c.mu.Lock()
		if over || q.Index == 0 || index() > q.Index || q.Index > c.index {
			answer()
			c.mu.Unlock()
			return nil
		}
		wake := c.wake
		c.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wake:
		case <-timer.C:
			over = true
		}
	}
}
