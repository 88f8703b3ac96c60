package docker

import (
	"slices"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/go-connections/nat"

	"github.com/pointsman/pointsman/registrator"
)

// stopTimeoutDefault is what Docker waits after the stop signal when the container says nothing else.
const stopTimeoutDefault = 10 * time.Second

// convert makes a Container of an inspect's answer.
func convert(got *container.InspectResponse) registrator.Container {
	c := registrator.Container{
		ID: got.ID, Name: got.Name, ImageID: got.Image, RestartCount: got.RestartCount,
		Image: got.Config.Image, Hostname: got.Config.Hostname, Env: got.Config.Env, Labels: got.Config.Labels,
		Cmd: got.Config.Cmd, StopSignal: got.Config.StopSignal, StopTimeout: stopTimeoutDefault,
		Created: parseTime(got.Created), State: convertState(got.State),
	}
	if t := got.Config.StopTimeout; t != nil {
		c.StopTimeout = time.Duration(*t) * time.Second
	}
	if h := got.Config.Healthcheck; h != nil {
		c.HasHealthcheck = len(h.Test) > 0 && h.Test[0] != "NONE"
	}
	for p := range got.Config.ExposedPorts {
		c.Exposed = append(c.Exposed, string(p))
	}
	slices.Sort(c.Exposed)
	if h := got.HostConfig; h != nil {
		c.NetworkMode = string(h.NetworkMode)
		c.Requested = convertPorts(h.PortBindings)
	}
	if n := got.NetworkSettings; n != nil {
		c.IPAddress = n.IPAddress
		c.Networks = convertNetworks(n.Networks)
		c.Ports = convertPorts(n.Ports)
	}
	return c
}

func convertPorts(in nat.PortMap) map[string][]registrator.Binding {
	out := make(map[string][]registrator.Binding, len(in))
	for p, bs := range in {
		out[string(p)] = nil
		for _, b := range bs {
			out[string(p)] = append(out[string(p)], registrator.Binding(b))
		}
	}
	return out
}

func convertState(s *container.State) registrator.State {
	if s == nil {
		return registrator.State{}
	}
	out := registrator.State{
		Status: s.Status, Running: s.Running, Paused: s.Paused, Restarting: s.Restarting, ExitCode: s.ExitCode,
		StartedAt: parseTime(s.StartedAt),
	}
	if h := s.Health; h != nil {
		out.Health.Status = h.Status
		if n := len(h.Log); n > 0 && h.Log[n-1] != nil {
			out.Health.Output = h.Log[n-1].Output
		}
	}
	return out
}

func convertNetworks(in map[string]*network.EndpointSettings) map[string]registrator.Network {
	out := make(map[string]registrator.Network, len(in))
	for name, n := range in {
		if n != nil {
			out[name] = registrator.Network{NetworkID: n.NetworkID, IPAddress: n.IPAddress, IPv6: n.GlobalIPv6Address, Aliases: n.Aliases,
				Gateways: gateways(n)}
		}
	}
	return out
}

func gateways(n *network.EndpointSettings) (out []string) {
	for _, a := range []string{n.Gateway, n.IPv6Gateway} {
		if a != "" {
			out = append(out, a)
		}
	}
	return out
}

// parseTime reads Docker's RFC 3339 times; "0001-01-01T00:00:00Z" and junk are the zero time.
func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t
}
