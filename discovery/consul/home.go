package consul

import (
	"context"
	"sync"
	"time"
)

// home is the agent's own node and datacenter, asked for beside other questions and never waited for by anybody but a list
// that has just been asked. What it can't learn stays unknown.
type home struct {
	client *client

	mu         sync.Mutex
	datacenter string
	node       string
	next       time.Time
}

const (
	// homeRetry: while unknown it is asked for at most this often.
	homeRetry = 2 * time.Second
	// homeRenew: behind one address there may be another agent after a while.
	homeRenew = time.Minute
	// homeTimeout keeps the list that waits for it from waiting long.
	homeTimeout = time.Second
)

func (h *home) known() (datacenter, node string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.datacenter, h.node
}

// look asks the agent if it is time to.
func (h *home) look(ctx context.Context) {
	h.mu.Lock()
	now := time.Now()
	due := !now.Before(h.next)
	if due {
		h.next = now.Add(homeRetry)
	}
	h.mu.Unlock()
	if !due {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, homeTimeout)
	defer cancel()
	var self struct {
		Config struct{ Datacenter, NodeName string }
	}
	head, err := h.client.get(ctx, "/v1/agent/self", &self, nil)
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil || self.Config.NodeName == "" { // unknown it stays; the list that follows says what is wrong
		if head.status == 0 && ctx.Err() == nil {
			h.next = time.Time{} // nobody is there yet: with the first list that somebody answers it is to be known
		}
		return
	}
	h.datacenter, h.node, h.next = self.Config.Datacenter, self.Config.NodeName, now.Add(homeRenew)
}
