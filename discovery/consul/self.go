package consul

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/registrator"
)

// Self is this process as a service in the catalogue.
type Self struct {
	// ID is unique per agent; Name is the service's.
	ID, Name string
	// Address is where others reach it; "" means the agent node's address.
	Address string
	Port    int
	// Zone is where it stands; "" is where its node does.
	Zone string
	// Health tells the state ("passing", "warning", "critical") and a short text for the TTL check. Nil is always passing.
	Health func() (status, output string)
}

const (
	// selfInterval: how often the TTL is refreshed, and a lost registration is found.
	selfInterval = 5 * time.Second
	// selfLook: how soon a changed health is told, and a registration that could not be made is tried again.
	selfLook = time.Second
	// selfTTL leaves room for three missed refreshes.
	selfTTL = "20s"
	// selfForget: a process that died without deregistering is removed after so long.
	selfForget = "10m"
	// deregisterTimeout bounds the deregistration on the way out.
	deregisterTimeout = 3 * time.Second
)

// RegisterSelf registers s, keeps it registered until ctx ends (the agent may lose it, or be away), then deregisters it. It
// returns nil when that last step worked. It logs when the registration is lost or made again, once per change.
func (a *Agent) RegisterSelf(ctx context.Context, s Self, log zerolog.Logger) error {
	k := keeper{agent: a, self: s, registration: s.registration(), log: log}
	ticker := time.NewTicker(selfLook)
	defer ticker.Stop()
	for {
		k.look(ctx)
		select {
		case <-ctx.Done():
			return a.leave(ctx, s.ID)
		case <-ticker.C:
		}
	}
}

// keeper is one own registration over its life.
type keeper struct {
	agent               *Agent
	self                Self
	registration        registrator.Registration
	log                 zerolog.Logger
	registered, failing bool
	told                string // the status last told
	at                  time.Time
}

// look does what is due: registering what is not held, telling a changed status at once and the same one now and then.
func (k *keeper) look(ctx context.Context) {
	status, output := k.self.health()
	if k.registered && status == k.told && time.Since(k.at) < selfInterval {
		return
	}
	err := k.keep(ctx, status, output)
	k.registered, k.told, k.at = err == nil, status, time.Now()
	if changed := (err != nil) != k.failing; !changed || ctx.Err() != nil {
		return
	}
	if k.failing = err != nil; k.failing {
		k.log.Warn().Str("id", k.self.ID).Err(err).Msg("the proxy's registration can't be renewed; trying again")
		return
	}
	k.log.Info().Str("id", k.self.ID).Msg("the proxy's registration is in the catalogue again")
}

// keep registers, or refreshes what should be registered; an agent that has lost it is told again at once.
func (k *keeper) keep(ctx context.Context, status, output string) error {
	if k.registered {
		err := k.refresh(ctx, status, output)
		if !errors.Is(err, ErrUnknown) {
			return err
		}
	}
	if err := k.agent.Register(ctx, k.registration); err != nil {
		return err
	}
	return k.refresh(ctx, status, output)
}

func (k *keeper) refresh(ctx context.Context, status, output string) error {
	return k.agent.Report(ctx, firstCheckID(k.self.ID), status, output)
}

func (s Self) health() (status, output string) {
	if s.Health == nil {
		return "passing", ""
	}
	return s.Health()
}

func (a *Agent) leave(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deregisterTimeout)
	defer cancel()
	if err := a.Deregister(ctx, id); err != nil {
		return fmt.Errorf("leave the catalogue: %w", err)
	}
	return nil
}

func (s Self) registration() registrator.Registration {
	r := registrator.Registration{
		ID: s.ID, Name: s.Name, Address: s.Address, Port: s.Port,
		Checks: []registrator.Check{{TTL: selfTTL, DeregisterAfter: selfForget}},
	}
	if s.Zone != "" {
		r.Meta = map[string]string{discovery.MetaZone: s.Zone}
	}
	return r
}
