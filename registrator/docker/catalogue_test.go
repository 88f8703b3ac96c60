package docker

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery/memory"
	"github.com/pointsman/pointsman/registrator"
)

// catalogue is the embedded catalogue, with a record of what was written to it.
type catalogue struct {
	*memory.Catalogue
	mu     sync.Mutex
	writes []string // "register id", "deregister id"
	came   []string // "id port" of all registrations
}

func newCatalogue() *catalogue {
	return &catalogue{Catalogue: memory.NewCatalogue(memory.Options{})}
}

func (c *catalogue) Register(ctx context.Context, r registrator.Registration) error {
	c.mu.Lock()
	c.writes = append(c.writes, "register "+r.ID)
	c.came = append(c.came, r.ID+" "+strconv.Itoa(r.Port))
	c.mu.Unlock()
	return c.Catalogue.Register(ctx, r)
}

func (c *catalogue) Deregister(ctx context.Context, id string) error {
	c.mu.Lock()
	c.writes = append(c.writes, "deregister "+id)
	c.mu.Unlock()
	return c.Catalogue.Deregister(ctx, id)
}

// ports maps what is held to its port.
func (c *catalogue) ports() map[string]int {
	held, err := c.Held(context.Background())
	if err != nil {
		return nil
	}
	out := make(map[string]int, len(held))
	for id, h := range held {
		out[id] = h.Port
	}
	return out
}

// arrived lists the registrations that came.
func (c *catalogue) arrived() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.came)
}

// taken returns the writes since the last call.
func (c *catalogue) taken() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.writes
	c.writes = nil
	return out
}

// cid makes a full container id from a number.
func cid(n int) string { return fmt.Sprintf("%012x%052x", n, 0) }

// patience covers a machine on which other tests start containers too.
const patience = time.Minute

// eventually waits for what other goroutines bring about.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if cond() {
			return
		}
	}
	t.Fatalf("not %s within %s", what, patience)
}
