package aliyun

import (
	"maps"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Needs are the ports to which labels route, and the probe.
func (language) Needs(labels map[string]string) (out dialect.Needs) {
	var probe []label
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		l, ok := cut(key + "=" + labels[key])
		port := dialect.ParsePort(strings.TrimPrefix(l.key, portPrefix))
		if group, _, _ := strings.Cut(l.key, "."); ok && elsewhere(group).Quiet && group != "routing" && group != "probe" {
			out.Idle = append(out.Idle, key)
		}
		switch {
		case !ok:
		case strings.HasPrefix(l.key, portPrefix) && port != 0:
			out.Ports = append(out.Ports, port)
		case strings.HasPrefix(l.key, "probe."):
			probe = append(probe, l)
		case isSecret(l.key):
			out.Spent = append(out.Spent, key)
			out.Problems = append(out.Problems, dialect.Problem{Key: key, Problem: "it is not about routing, and may hold a secret", Done: "it is not published"})
		}
	}
	slices.Sort(out.Ports)
	out.Ports = slices.Compact(out.Ports)
	out.Probe, _ = makeProbe(probe, out.Ports) // its tag has the verdict
	return out
}
