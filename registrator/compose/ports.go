package compose

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/pointsman/pointsman/registrator"
)

// exposedPorts are those of expose and ports, as Docker has them: 80/tcp.
func exposedPorts(c *types.ServiceConfig) (out []string, err error) {
	add := func(port int, protocol string) {
		if key := strconv.Itoa(port) + "/" + protocol; !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	for _, text := range c.Expose {
		ports, protocol, found := strings.Cut(text, "/")
		if !found {
			protocol = "tcp"
		}
		first, last, ok := portRange(ports)
		if !ok {
			return nil, fmt.Errorf("expose: %s is no port", shown(text))
		}
		if last-first >= maxPorts {
			return nil, fmt.Errorf("expose: %s is more than %d ports", shown(text), maxPorts)
		}
		for port := first; port <= last; port++ {
			add(port, protocol)
		}
	}
	for _, p := range c.Ports {
		add(int(p.Target), protocolOf(p))
	}
	if len(out) > maxPorts {
		return nil, fmt.Errorf("it has more than %d ports", maxPorts)
	}
	return out, nil
}

// checkPorts finds ranges among a service's ports that would become thousands of them.
func (r *reader) checkPorts(raw any) error {
	service, _ := raw.(map[string]any)
	list, _ := service["ports"].([]any)
	for _, item := range list {
		text, _ := item.(string)
		text, _ = substitute(text, r.lookup) // an error shows later
		text, _, _ = strings.Cut(text, "/")
		for part := range strings.SplitSeq(text, ":") {
			if first, last, ok := portRange(part); ok && last-first >= maxPorts {
				return fmt.Errorf("ports: %s is more than %d ports", shown(text), maxPorts)
			}
		}
	}
	return nil
}

// portRange reads 80 and 80-90.
func portRange(text string) (first, last int, ok bool) {
	from, to, isRange := strings.Cut(text, "-")
	first, err := strconv.Atoi(from)
	if last = first; err == nil && isRange {
		last, err = strconv.Atoi(to)
	}
	return first, last, err == nil && first > 0 && first <= last && last <= 65535
}

func protocolOf(p types.ServicePortConfig) string {
	if p.Protocol == "" {
		return "tcp"
	}
	return p.Protocol
}

// ports are those of one container as its network settings list them: with the host's ports where they are published. Where Docker would choose
// the host's port one is made up.
func (r *reader) ports(c *types.ServiceConfig, exposed []string) map[string][]registrator.Binding {
	if c.NetworkMode == "host" || c.NetworkMode == "none" || strings.HasPrefix(c.NetworkMode, "service:") || strings.HasPrefix(c.NetworkMode, "container:") {
		return nil
	}
	out := map[string][]registrator.Binding{}
	for _, key := range exposed {
		out[key] = nil
	}
	for _, p := range c.Ports {
		key := strconv.Itoa(int(p.Target)) + "/" + protocolOf(p)
		published, _, _ := strings.Cut(p.Published, "-")
		if published == "" {
			published = strconv.Itoa(firstChosen + r.published%chosen)
			r.published++
		}
		host := p.HostIP
		if host == "" {
			host = "0.0.0.0"
		}
		out[key] = append(out[key], registrator.Binding{HostIP: host, HostPort: published})
	}
	return out
}

// Docker chooses ports of the host from Linux's range for that.
const (
	firstChosen = 32768
	chosen      = 60999 - firstChosen
)
