package traefik1

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

const keyNetwork = "docker.network"

// Needs are the ports to which frontends lead, and the network. A frontend without a port is about the lowest one.
func (language) Needs(in map[string]string) (out dialect.Needs) {
	keys := slices.Sorted(maps.Keys(in))
	tags := make([]string, len(keys))
	for i, key := range keys {
		tags[i] = key + "=" + in[key]
	}
	read := read(tags)
	if len(read.own) == 0 { // they are about other versions' labels: package traefik says what of
		for i, key := range keys {
			if text, _, _ := dialect.CutTraefik(tags[i]); text == keyNetwork {
				out.Spent = append(out.Spent, key)
			} else {
				out.OnePort = append(out.OnePort, key)
			}
		}
		return out
	}
	if l := read.common["enable"]; l != nil {
		on, err := strconv.ParseBool(strings.ToLower(l.value))
		if err != nil {
			out.Bad = dialect.BadLabel(l.tag, "is neither true nor false")
		}
		if err != nil || !on {
			return out
		}
	}
	one := map[string]bool{} // segments of the lowest port
	frontends := read.frontends()
	for _, name := range frontends {
		of := read.of(name)
		switch port, ok := of.port(); {
		case port != 0:
			out.Ports = append(out.Ports, port)
		case ok:
			one[name] = true
		case out.Bad == nil:
			out.Bad = dialect.BadLabel(of["port"].tag, "is no port between 1 and 65535")
		}
	}
	slices.Sort(out.Ports)
	out.Ports = slices.Compact(out.Ports)
	out.Network = read.common.value(keyNetwork)
	for i, key := range keys {
		text, _, _ := dialect.CutTraefik(tags[i])
		segment, _, own := dialect.Traefik1(text)
		switch {
		case text == keyNetwork:
			out.Spent = append(out.Spent, key)
		case own && one[segment], (!own || segment == "") && len(one) == len(frontends):
			out.OnePort = append(out.OnePort, key)
		}
	}
	return out
}
