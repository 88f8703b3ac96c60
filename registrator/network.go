package registrator

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/discovery/outside"
)

// ownsNetwork tells whether the mode stands for a network of the user's making, by name or by id.
func ownsNetwork(mode string) bool {
	switch mode {
	case "", "default", "bridge", "host", "none":
		return false
	}
	return !strings.HasPrefix(mode, "container:")
}

// network finds an attachment by the network's name or id; "default" is the network "bridge".
func (c Container) network(name string) (Network, bool) {
	if name == "default" {
		name = "bridge"
	}
	if n, ok := c.Networks[name]; ok {
		return n, true
	}
	const shortID = 12 // what Docker prints and accepts
	if len(name) < shortID {
		return Network{}, false
	}
	for _, key := range slices.Sorted(maps.Keys(c.Networks)) {
		if n := c.Networks[key]; strings.HasPrefix(n.NetworkID, name) {
			return n, true
		}
	}
	return Network{}, false
}

// serviceless are the networks of Docker's swarm mode by which nobody reaches a container: over ingress come the published ports of
// services, and docker_gwbridge is its way out. Docker names them so.
var serviceless = []string{"ingress", "docker_gwbridge"}

// address is the container's own address: on the wanted network if it is on it; else the one from before, while it has it; else
// on the network that NetworkMode names, else on the first by name that has one; IPv4 before IPv6. "" when it has none. The
// serviceless networks are the last resort.
func (c Container) address(wanted, before string) string {
	if n, ok := c.network(wanted); ok && wanted != "" && n.address() != "" {
		return n.address()
	}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(c.Networks)), func(name string) bool { return slices.Contains(serviceless, name) })
	for _, name := range names {
		if n := c.Networks[name]; before != "" && (fitIP(n.IPAddress) == before || fitIP(n.IPv6) == before) {
			return before
		}
	}
	if n, ok := c.network(c.NetworkMode); ok && n.address() != "" && !slices.Contains(serviceless, c.NetworkMode) {
		return n.address()
	}
	for _, name := range slices.Concat(names, serviceless) {
		if a := c.Networks[name].address(); a != "" {
			return a
		}
	}
	return fitIP(c.IPAddress)
}

func (n Network) address() string {
	if a := fitIP(n.IPAddress); a != "" {
		return a
	}
	return fitIP(n.IPv6)
}

// hasAddress tells whether the address is one of the container's own.
func (c Container) hasAddress(a netip.Addr) bool {
	is := func(s string) bool {
		own, err := netip.ParseAddr(s)
		return err == nil && own.Unmap() == a
	}
	if is(c.IPAddress) {
		return true
	}
	for _, n := range c.Networks {
		if is(n.IPAddress) || is(n.IPv6) {
			return true
		}
	}
	return false
}

// isGateway tells whether the address is that of the host on one of the container's bridges.
func (c Container) isGateway(a netip.Addr) bool {
	for _, n := range c.Networks {
		for _, s := range n.Gateways {
			if own, err := netip.ParseAddr(s); err == nil && own.Unmap() == a {
				return true
			}
		}
	}
	return false
}

// fitIP gives the address in its usual form, or "" when it is none that anybody could dial (0.0.0.0, ::, multicast,
// with a zone, or no address at all).
func fitIP(s string) string {
	a, err := netip.ParseAddr(s)
	if err != nil || outside.CheckUnicast(a) != nil {
		return ""
	}
	return a.Unmap().String()
}

// fitHost is fitIP that takes host names as well: -ip may be one.
func fitHost(s string) string {
	if a := fitIP(s); a != "" {
		return a
	}
	if _, err := netip.ParseAddr(s); err == nil || s == "" || len(s) > 253 {
		return ""
	}
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !letter && (i == 0 || r != '-' && r != '.' && r != '_') {
			return ""
		}
	}
	return s
}
