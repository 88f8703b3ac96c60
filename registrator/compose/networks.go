package compose

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/pointsman/pointsman/registrator"
)

// attachments are the networks of a service, as Docker calls them. Where the mode names one, it is the first of them.
func (r *reader) attachments(c *types.ServiceConfig) ([]string, error) {
	switch mode := c.NetworkMode; {
	case mode == "bridge" || mode == "default":
		return []string{"bridge"}, nil
	case mode == "host" || mode == "none" || strings.HasPrefix(mode, "service:") || strings.HasPrefix(mode, "container:"):
		return nil, nil
	case mode != "":
		return []string{mode}, nil
	}
	out := make([]string, 0, len(c.Networks))
	for _, key := range c.NetworksByPriority() {
		name, err := r.networkName(key)
		if err != nil {
			return nil, err
		}
		out = append(out, name)
	}
	if len(out) > maxPorts {
		return nil, fmt.Errorf("it has more than %d networks", maxPorts)
	}
	return out, nil
}

// networkName is how Docker calls a network of the file: by its name where it has one, as it is where it is external, and behind the
// project's name else.
func (r *reader) networkName(key string) (string, error) {
	name, external := "", false
	all, _ := r.top["networks"].(map[string]any)
	network, _ := all[key].(map[string]any)
	if own, ok := network["name"].(string); ok {
		name = own
	}
	switch e := network["external"].(type) {
	case bool:
		external = e
	case string:
		external = e == "true"
	case map[string]any: // as it was written before
		external = true
		if own, ok := e["name"].(string); ok {
			name = own
		}
	}
	name, err := substitute(name, r.lookup)
	switch {
	case err != nil:
		return "", fmt.Errorf("networks: %s: %w", shown(key), err)
	case name != "":
		return name, nil
	case external:
		return key, nil
	}
	return r.project.Name + "_" + key, nil
}

// addresses attaches one container to networks, under addresses that nobody else has.
func (r *reader) addresses(networks []string) map[string]registrator.Network {
	if len(networks) == 0 {
		return nil
	}
	r.attached++
	out := map[string]registrator.Network{}
	for _, name := range networks {
		number, known := r.networks[name]
		if !known {
			if r.networks == nil {
				r.networks = map[string]int{}
			}
			number = len(r.networks)
			r.networks[name] = number
		}
		// One of 10.0.0.0/8: a network a second byte, as far as they reach.
		at := netip.AddrFrom4([4]byte{10, byte(number), byte(r.attached / 250), byte(2 + r.attached%250)})
		out[name] = registrator.Network{NetworkID: fmt.Sprintf("network%d", number), IPAddress: at.String()}
	}
	return out
}

// shareNetworks has containers with another one's network name that one, as Docker does.
func (r *reader) shareNetworks() {
	for _, s := range r.project.Services {
		if s.SharesNetworkOf == "" {
			continue
		}
		owner := r.project.NetworkOwner(s)
		for i := range s.Containers {
			s.Containers[i].NetworkMode = "container:" + s.SharesNetworkOf
			if owner != nil {
				s.Containers[i].NetworkMode = "container:" + owner.ID
			}
		}
	}
}
