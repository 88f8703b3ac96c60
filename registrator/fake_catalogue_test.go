package registrator

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"
)

// fakeCatalogue is a catalogue in memory. before, if set, runs first in every call and may fail or hang it.
type fakeCatalogue struct {
	mu     sync.Mutex
	held   map[string]Held
	writes []string // "register id", "deregister id", ...
	came   []string // "id port" of all registrations that came
	before func(ctx context.Context, call, id string) error
}

func newFakeCatalogue() *fakeCatalogue { return &fakeCatalogue{held: map[string]Held{}} }

func (c *fakeCatalogue) do(ctx context.Context, call, id string, f func()) error {
	c.mu.Lock()
	before := c.before
	c.mu.Unlock()
	if before != nil {
		if err := before(ctx, call, id); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if call != "held" && call != "ping" {
		c.writes = append(c.writes, call+" "+id)
	}
	f()
	return nil
}

func (c *fakeCatalogue) Ping(ctx context.Context) error { return c.do(ctx, "ping", "", func() {}) }

func (c *fakeCatalogue) Held(ctx context.Context) (out map[string]Held, err error) {
	err = c.do(ctx, "held", "", func() {
		out = map[string]Held{}
		for id, h := range c.held {
			out[id] = h
		}
	})
	return out, err
}

func (c *fakeCatalogue) Register(ctx context.Context, r Registration) error {
	return c.do(ctx, "register", r.ID, func() {
		h := Held{Registration: r, Digest: Digest(r.Checks), Maintenance: c.held[r.ID].Maintenance,
			MaintenanceReason: c.held[r.ID].MaintenanceReason}
		if r.Owner != (Owner{}) {
			h.Owner.Sent = time.Now()
		}
		if m := mirror(r); m != nil {
			h.TTLStatus = m.Status
		}
		c.held[r.ID] = h
		c.came = append(c.came, r.ID+" "+strconv.Itoa(r.Port))
	})
}

func (c *fakeCatalogue) Deregister(ctx context.Context, id string) error {
	return c.do(ctx, "deregister", id, func() { delete(c.held, id) })
}

func (c *fakeCatalogue) Report(ctx context.Context, checkID, status, output string) error {
	return c.do(ctx, "report", checkID+" "+status, func() {
		for id, h := range c.held {
			if MirrorID(id) == checkID {
				h.TTLStatus = status
				c.held[id] = h
			}
		}
	})
}

func (c *fakeCatalogue) Maintain(ctx context.Context, id string, on bool, reason string) error {
	return c.do(ctx, "maintain", id+" "+strconv.FormatBool(on), func() {
		h := c.held[id]
		h.Maintenance, h.MaintenanceReason = on, reason
		c.held[id] = h
	})
}

// ids lists what is held.
func (c *fakeCatalogue) ids() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := []string{}
	for id := range c.held {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

func (c *fakeCatalogue) get(id string) Held {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held[id]
}

func (c *fakeCatalogue) put(h Held) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held[h.ID] = h
}

// taken returns the writes since the last call.
func (c *fakeCatalogue) taken() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.writes
	c.writes = nil
	return out
}

func (c *fakeCatalogue) fail(before func(ctx context.Context, call, id string) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.before = before
}

// errServer is what an agent's 500 looks like from here.
var errServer = errors.New("500 Internal Server Error")
