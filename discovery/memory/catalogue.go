// Package memory is the embedded catalogue: services and their checks in this process, for a set-up without Consul. A Catalogue has
// both sides: discovery.Catalogue with blocking queries, for the proxy, and registrator.Catalogue, for the registrator. It makes
// the health checks itself (package probe), with the fields and the meaning that they have in Consul; it never runs a script.
// Nothing is kept over a restart: the registrator registers everything again.
package memory

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/registrator"
)

// Options configure a Catalogue; each zero value has a meaning.
type Options struct {
	// Node is the one node's name; "" is "embedded".
	Node string
	// Address stands in for an empty registered address; "" is 127.0.0.1.
	Address string
	// Gate judges the addresses that checks connect to.
	Gate outside.Gate
	// Log gets one line per thing refused or reaped. The zero Logger is silent.
	Log zerolog.Logger
}

// Catalogue holds registrations. All methods may be called from several goroutines. Checks run while Run runs.
type Catalogue struct {
	o Options

	mu       sync.Mutex
	services map[string]*record // by service ID
	index    uint64             // of the last change that a watcher can see
	listed   uint64             // of the last change to the set of services and their tags
	changed  map[string]uint64
	removed  uint64        // of the last change that left a service without instances
	wake     chan struct{} // closed and replaced at each change of index
	recheck  chan struct{} // capacity 1: the set of checks has changed
}

// NewCatalogue returns an empty catalogue. Its index starts at 1: zero means "no index" to those who wait.
func NewCatalogue(o Options) *Catalogue {
	if o.Node == "" {
		o.Node = "embedded"
	}
	if o.Address == "" {
		o.Address = "127.0.0.1"
	}
	return &Catalogue{
		o: o, services: map[string]*record{}, changed: map[string]uint64{}, index: 1, listed: 1, removed: 1,
		wake: make(chan struct{}), recheck: make(chan struct{}, 1),
	}
}

// Home names the one node; there is no datacenter.
func (c *Catalogue) Home() (datacenter, node string) { return "", c.o.Node }

// Ping implements registrator.Catalogue. It never fails.
func (c *Catalogue) Ping(ctx context.Context) error { return ctx.Err() }

// ErrUnknown says that a service or a check is not held.
var ErrUnknown = errors.New("unknown to the catalogue")

// Register implements registrator.Catalogue. A check that stays keeps its state; so does a maintenance mode.
func (c *Catalogue) Register(ctx context.Context, r registrator.Registration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.ID == "" || r.Name == "" {
		return fmt.Errorf("register %q: a service needs an ID and a name", r.ID)
	}
	r = clone(r)
	if r.Owner != (registrator.Owner{}) {
		r.Owner.Sent = time.Now()
	}
	next := &record{Registration: r}
	now := time.Now()
	for i, definition := range r.Checks {
		one, err := newCheck(r.ID, definition, now)
		if err != nil {
			return fmt.Errorf("register %q: check %d: %w", r.ID, i+1, err)
		}
		next.checks = append(next.checks, one)
	}
	c.warn(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.services[r.ID]
	next.inherit(before)
	c.services[r.ID] = next
	c.bump(next)
	if next.created == 0 {
		next.created = next.index
	}
	if before != nil && before.Name != next.Name {
		c.bumpRemoved(before.Name)
	}
	c.listed = c.index
	c.wakeChecks()
	return nil
}

// warn tells of a registration that no watcher will see.
func (c *Catalogue) warn(r registrator.Registration) {
	address := r.Address
	if address == "" {
		address = c.o.Address
	}
	if err := discovery.CheckAddress(address, r.Port); err != nil {
		c.o.Log.Warn().Str("id", fmt.Sprintf("%.200q", r.ID)).Err(err).Msg("the service's address or port can't be used; it gets no traffic")
	}
}

// Deregister implements registrator.Catalogue. An unknown ID is success.
func (c *Catalogue) Deregister(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(id)
	return nil
}

func (c *Catalogue) remove(id string) {
	gone, has := c.services[id]
	if !has {
		return
	}
	delete(c.services, id)
	c.bumpRemoved(gone.Name)
	c.listed = c.index
	c.wakeChecks()
}

// Maintain implements registrator.Catalogue. An unknown ID is ErrUnknown.
func (c *Catalogue) Maintain(ctx context.Context, id string, on bool, _ string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	h, has := c.services[id]
	if !has {
		return fmt.Errorf("maintain %q: %w", id, ErrUnknown)
	}
	if h.maintenance != on {
		h.maintenance = on
		c.bump(h)
	}
	return nil
}

// Report implements registrator.Catalogue for a TTL check, which it also keeps alive. An unknown check is ErrUnknown.
func (c *Catalogue) Report(ctx context.Context, checkID, status, output string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	verdict, ok := parseStatus(status)
	if !ok {
		return fmt.Errorf("report %q: %q is no status", checkID, status)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range c.services {
		for _, one := range h.checks {
			if one.id != checkID || one.ttl == 0 {
				continue
			}
			now := time.Now()
			one.deadline = now.Add(one.ttl)
			c.set(h, one, verdict, output, now)
			return nil
		}
	}
	return fmt.Errorf("report %q: %w", checkID, ErrUnknown)
}

// Held implements registrator.Catalogue.
func (c *Catalogue) Held(ctx context.Context) (map[string]registrator.Held, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make(map[string]registrator.Held, len(c.services))
	for id, h := range c.services {
		one := registrator.Held{
			Registration: clone(h.Registration), Digest: registrator.Digest(h.Checks), Maintenance: h.maintenance,
		}
		for _, check := range h.checks {
			if check.id == registrator.MirrorID(id) {
				one.TTLStatus = check.status.String()
			}
		}
		out[id] = one
	}
	return out, nil
}

var (
	_ discovery.Catalogue   = (*Catalogue)(nil)
	_ registrator.Catalogue = (*Catalogue)(nil)
)
