package routing

import (
	"strings"

	"github.com/pointsman/pointsman/discovery"
)

// noHTTP says why a registration is none of an HTTP instance, or "". A proxy or gateway of Consul's mesh speaks mutual TLS to other
// proxies only, and carries the tags of its service where the scheduler copies them; a port with :udp behind its ID, as registrators
// write it, is none of TCP.
func noHTTP(in *discovery.Instance) string {
	switch {
	case in.Kind != "":
		return "a registration of the kind " + quoted(in.Kind) + " is no HTTP instance: it gets no traffic"
	case strings.HasSuffix(in.ID, udpSuffix):
		return "a UDP port is no HTTP instance: it gets no traffic"
	}
	return ""
}

// udpSuffix is what registrators put behind the ID of a UDP port.
const udpSuffix = ":udp"
