package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/pointsman/pointsman/discovery/consul"
)

// announceRetry is how long to wait where it can't be found out at which address others reach us.
const announceRetry = time.Second

// announce keeps the proxy registered until it begins to drain.
func (h *dataPath) announce(ctx context.Context) error {
	self, err := h.self(ctx)
	for told := false; err != nil && ctx.Err() == nil; self, err = h.self(ctx) {
		if !told {
			h.log.Warn().Err(err).Msg("the proxy can't register itself yet; trying again")
			told = true
		}
		select {
		case <-ctx.Done():
		case <-time.After(announceRetry):
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	if err := h.agent.RegisterSelf(ctx, self, h.log); err != nil {
		h.log.Warn().Err(err).Msg("deregistering the proxy failed; it may still be registered")
	}
	<-ctx.Done()
	return nil
}

// self is the proxy as a service: at the first address that it listens on, and where that is all of them, at the one by which it reaches the
// agent.
func (h *dataPath) self(ctx context.Context) (consul.Self, error) {
	name := string(h.flags.register)
	host, text, _ := net.SplitHostPort(h.ports.plain[0].Addr().String())
	port, _ := strconv.Atoi(text)
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		var err error
		if host, err = reaching(ctx, h.agentTo); err != nil {
			return consul.Self{}, err
		}
	}
	return consul.Self{
		ID: fmt.Sprintf("%s-%s-%d", name, hostName(), port), Name: name, Address: host, Port: port, Zone: string(h.flags.zone),
		Health: func() (string, string) {
			if ok, why := h.ready(); !ok {
				return "critical", why
			}
			return "passing", "ready"
		},
	}, nil
}

// reaching is the address of ours from which an agent is reached; "", which stands for that of the agent's node, where the agent is on this
// host.
func reaching(ctx context.Context, agent string) (string, error) {
	if agent == "" { // a Unix socket
		return "", nil
	}
	c, err := new(net.Dialer).DialContext(ctx, "udp", agent) // which sends nothing
	if err != nil {
		return "", fmt.Errorf("find the way to the agent: %w", err)
	}
	defer c.Close()
	own, ok := c.LocalAddr().(*net.UDPAddr)
	if !ok || own.IP.IsLoopback() {
		return "", nil
	}
	return own.IP.String(), nil
}
