package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/bench/layout"
)

// source makes the snapshots that a watcher would. Only one goroutine may use it.
type source struct {
	port     int
	services []*discovery.Service
	sequence uint64
}

func newSource(l layout.Layout, port int) *source {
	s := &source{port: port}
	for _, service := range l.All() {
		s.services = append(s.services, s.block(service))
	}
	return s
}

// block is one service: every instance asks for every host.
func (s *source) block(from layout.Service) *discovery.Service {
	tags := make([]string, len(from.Hosts))
	for i, host := range from.Hosts {
		tags[i] = "urlprefix-" + host + "/"
	}
	b := &discovery.Service{Name: from.Name}
	for i, address := range from.Addresses {
		b.Instances = append(b.Instances, discovery.Instance{
			Identity: discovery.Identity{Node: "bench", ID: fmt.Sprintf("%s-%04d", from.Name, i), Address: address, Port: s.port},
			Service:  from.Name, Tags: tags, Weight: 1, Status: discovery.Passing,
		})
	}
	return b
}

// snapshot is the present state. The blocks are shared, as the watcher shares them.
func (s *source) snapshot() *discovery.Snapshot {
	s.sequence++
	return &discovery.Snapshot{Services: slices.Clone(s.services), Sequence: s.sequence, Cause: "bench", Taken: time.Now()}
}

// churn sends a snapshot at every interval in which one service's first instance is another one, on another address. It is the
// same service each time, in the middle of the list, and the load asks for it like for the rest.
func (s *source) churn(ctx context.Context, interval time.Duration, to chan<- *discovery.Snapshot) {
	if interval <= 0 {
		return
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	at := len(s.services) / 2
	for turn := 0; ; turn++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		changed := *s.services[at]
		changed.Instances = slices.Clone(changed.Instances)
		changed.Instances[0].ID = fmt.Sprintf("%s-turn-%d", changed.Name, turn)
		changed.Instances[0].Address = layout.Address(turn)
		s.services[at] = &changed
		select {
		case to <- s.snapshot():
		case <-ctx.Done():
			return
		}
	}
}
