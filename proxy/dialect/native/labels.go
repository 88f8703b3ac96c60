package native

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Needs has routes lead to one port: that of pointsman.port, else the lowest one. Options are those of all ports, as no port must be more
// open than they say.
func (language) Needs(labels map[string]string) (n dialect.Needs) {
	bad := false
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		key, ok := dialect.OwnKey(label)
		value := strings.TrimSpace(labels[label])
		switch {
		case !ok:
		case key == "route" || strings.HasPrefix(key, "route."):
			if value != "off" {
				n.OnePort = append(n.OnePort, label)
			}
		case key == "network":
			n.Network, n.Spent = value, append(n.Spent, label)
		case key == "port":
			n.Spent = append(n.Spent, label)
			port, err := strconv.ParseUint(value, 10, 16)
			if err != nil || port == 0 || n.Port != 0 {
				bad = true
				n.Problems = append(n.Problems, dialect.Problem{Key: label, Problem: fmt.Sprintf("%q is not one port from 1 to 65535", dialect.Source(value)),
					Done: "routes that the container's labels ask for are closed"})
				continue
			}
			n.Port, n.Ports = int(port), []int{int(port)}
		}
	}
	if bad { // which port was meant can't be told, and another one might be nobody's business
		n.Closed = len(n.OnePort) > 0
		n.Spent, n.OnePort, n.Port, n.Ports = append(n.Spent, n.OnePort...), nil, 0, nil
	}
	return n
}
