package traefik

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Needs are the ports of the services, and the network. Where no service names its port, the labels are about the lowest one. Whether a container
// without the label enable has routes is the proxy's to say, so that it is registered as if it had.
func (language) Needs(in map[string]string) (out dialect.Needs) {
	keys := slices.Sorted(maps.Keys(in))
	tags := make([]string, len(keys))
	for i, key := range keys {
		tags[i] = key + "=" + in[key]
	}
	read := read(tags)
	if l := read.plain["enable"]; l != nil {
		on, err := strconv.ParseBool(strings.ToLower(l.value))
		if err != nil {
			out.Bad = dialect.BadLabel(l.tag, "is neither true nor false")
		}
		if err != nil || !on {
			return out
		}
	}
	for _, name := range slices.Sorted(maps.Keys(read.services)) {
		service := read.services[name]
		if port := dialect.ParsePort(service.value(keyPort)); port != 0 {
			out.Ports = append(out.Ports, port)
		} else if l := service[keyPort]; l != nil && out.Bad == nil {
			out.Bad = dialect.BadLabel(l.tag, notPort)
		}
	}
	slices.Sort(out.Ports)
	out.Ports = slices.Compact(out.Ports)
	out.Network = read.plain.value("docker.network")
	for i, key := range keys {
		l, ok := cut(tags[i])
		switch {
		case !ok:
		case l.key == "docker.network":
			out.Spent = append(out.Spent, key)
		case !read.names():
			out.OnePort = append(out.OnePort, key)
		}
	}
	return out
}

const notPort = "is no port between 1 and 65535"

// names says whether any service names a port, be it a good one or not.
func (s *labels) names() bool {
	for _, service := range s.services {
		if service[keyPort] != nil {
			return true
		}
	}
	return false
}
