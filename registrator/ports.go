package registrator

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// candidate is one port of a container that may become a service.
type candidate struct {
	number   int
	proto    string
	bindings []Binding
	listed   bool // Docker lists it among the network's ports: what is merely exposed is not published then
	named    bool // a label asks for it
}

func (p candidate) text() string { return strconv.Itoa(p.number) }

// candidates are the container's ports by number, and those that labels name. Those of a container that shares a network are published, if
// at all, by the one whose network it is.
func candidates(c, home Container, vars []variable, named []int, g *complaintCollector) []candidate {
	keys := map[string]bool{}
	for _, key := range c.Exposed {
		keys[withProtocol(key)] = true
	}
	for key := range c.Ports {
		keys[withProtocol(key)] = true
	}
	for _, port := range named {
		keys[strconv.Itoa(port)+"/tcp"] = true
	}
	if len(keys) == 0 {
		keys = askedPort(vars)
	}
	var out []candidate
	for _, key := range slices.SortedFunc(maps.Keys(keys), comparePorts) {
		number, proto, _ := strings.Cut(key, "/")
		p := candidate{number: portNumber(number), proto: proto, named: proto == "tcp" && slices.Contains(named, portNumber(number))}
		p.bindings, p.listed = home.Ports[key]
		switch {
		case p.number == 0 || !knownProtocol(proto):
			g.add("", "port "+Shown(key)+" is none", "it is not registered")
		case len(out) >= maxServices:
			g.add("", "has more than "+strconv.Itoa(maxServices)+" ports", "the others are not registered: "+Shown(key))
			return out
		default:
			out = append(out, p)
		}
	}
	return out
}

// withProtocol is a port's key in full. Compose v2 exposes "80" beside the image's own "80/tcp"; both are one port.
func withProtocol(key string) string {
	if strings.Contains(key, "/") {
		return key
	}
	return key + "/tcp"
}

// askedPort lets SERVICE_PORT stand in for EXPOSE when a container has no ports at all.
func askedPort(vars []variable) map[string]bool {
	set, ok := effective(vars, "", "tcp")["port"]
	if !ok || portNumber(set.value) == 0 {
		return nil
	}
	return map[string]bool{set.value + "/tcp": true}
}

// binding chooses among a port's bindings: the first that is not IPv6-only, since [::]:8080 usually doubles
// 0.0.0.0:8080; on a host that is known by an IPv6 address the other way round.
func (p candidate) binding(host string) (Binding, bool) {
	a, err := netip.ParseAddr(host)
	six := err == nil && a.Is6()
	var other *Binding
	for i, b := range p.bindings {
		if portNumber(b.HostPort) == 0 {
			continue
		}
		if (b.HostIP == "::") == six || b.HostIP != "::" && fitIP(b.HostIP) != "" {
			return b, true
		}
		if other == nil {
			other = &p.bindings[i]
		}
	}
	if other == nil {
		return Binding{}, false
	}
	return *other, true
}
