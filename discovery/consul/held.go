package consul

import (
	"context"
	"fmt"
	"strings"

	"github.com/pointsman/pointsman/registrator"
)

// agentService is one value of GET /v1/agent/services.
type agentService struct {
	ID, Service, Address string
	Tags                 []string
	Meta                 map[string]string
	Port                 int
	Weights              weights
	EnableTagOverride    bool
}

// agentCheck is one value of GET /v1/agent/checks.
type agentCheck struct {
	CheckID, ServiceID, Status, Type, Notes string
}

// Held implements registrator.Catalogue over GET /v1/agent/services and /v1/agent/checks.
func (a *Agent) Held(ctx context.Context) (map[string]registrator.Held, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*callTimeout)
	defer cancel()
	services, err := all[agentService](ctx, a.client, "/v1/agent/services")
	if err != nil {
		return nil, err
	}
	checks, err := all[agentCheck](ctx, a.client, "/v1/agent/checks")
	if err != nil {
		return nil, err
	}
	a.learn(services, checks)
	return held(services, checks), nil
}

func all[T any](ctx context.Context, c *client, path string) (map[string]T, error) {
	var answer map[string]T
	head, err := c.get(ctx, path, &answer, nil)
	if err == nil {
		err = head.believable(len(answer), answer == nil, false)
	}
	if err != nil {
		return nil, fmt.Errorf("list registrations: %w", err)
	}
	return answer, nil
}

// learn keeps which checks each service has, for Register.
func (a *Agent) learn(services map[string]agentService, checks map[string]agentCheck) {
	found := make(map[string][]string, len(services))
	for id, c := range checks {
		if c.ServiceID != "" && !strings.HasPrefix(id, serviceMaintenance) {
			found[c.ServiceID] = append(found[c.ServiceID], id)
		}
	}
	a.mu.Lock()
	a.checks = found
	a.mu.Unlock()
}

func held(services map[string]agentService, checks map[string]agentCheck) map[string]registrator.Held {
	out := make(map[string]registrator.Held, len(services))
	for id, s := range services {
		owner, digest, meta := readMark(s.Meta)
		h := registrator.Held{
			Registration: registrator.Registration{
				ID: id, Name: s.Service, Tags: s.Tags, Address: s.Address, Port: s.Port,
				Meta: meta, EnableTagOverride: s.EnableTagOverride, Owner: owner,
			},
			Digest: digest,
		}
		if s.Weights.Passing > 1 {
			h.Weight = s.Weights.Passing // 1 is Consul's default, and what "not given" becomes
		}
		if check, on := checks[serviceMaintenance+id]; on {
			h.Maintenance, h.MaintenanceReason = true, check.Notes // Consul keeps the reason there
		}
		if mirror, has := checks[registrator.MirrorID(id)]; has {
			h.TTLStatus = mirror.Status
		}
		out[id] = h
	}
	return out
}
