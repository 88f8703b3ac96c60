package registrator

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// locator says under which address and port a container is reached: by its own network, the host's, or another container's.
type locator struct {
	home Container // whose network it is; the container itself in most cases
	host string    // the host's address, "" when none is known
	o    Options
	// shared: the network belongs to another container.
	shared bool
	// network is the one that a label names; "" where none does. networkSource says which.
	network, networkSource string
}

// addrPort is an address and port under which a service can be reached.
type addrPort struct {
	address string // "" means the node's
	port    int
}

// locate finds the container's network. Without one there is nothing to register.
func locate(c Container, networkOwner *Container, o Options, g *complaintCollector) (locator, bool) {
	p := locator{home: c, o: o, host: hostAddress(o, g)}
	if c.NetworkOwner() != "" {
		if networkOwner == nil || !networkOwner.Up() || networkOwner.NetworkOwner() != "" {
			g.add("", "shares the network of container "+Shown(c.NetworkOwner())+", which is not there to be asked", "not registered")
			return locator{}, false
		}
		p.home, p.shared = *networkOwner, true
	}
	return p, p.home.NetworkMode != "none"
}

// hostAddress is -ip, else what the host's name resolves to.
func hostAddress(o Options, g *complaintCollector) string {
	if a := fitHost(o.IP); a != "" {
		return a
	}
	if o.IP != "" {
		g.add("-ip", Shown(o.IP)+" is no address that can be dialled", "the host's own address is used")
	}
	return fitIP(o.HostIP)
}

// find says where a port can be reached, false if nowhere: not published, and not reachable without. before is the address under
// which it is registered, "" when it is not.
func (p locator) find(port candidate, s settings, before string, g *complaintCollector) (addrPort, bool) {
	if p.home.NetworkMode == "host" {
		return addrPort{p.host, port.number}, true
	}
	own := addrPort{p.containerAddress(s, before, g), port.number}
	if p.o.Internal {
		return own, own.address != ""
	}
	if b, ok := port.binding(p.host); ok {
		return addrPort{p.bound(b), portNumber(b.HostPort)}, true
	}
	// Docker lists the exposed ports of a bridge network, published or not. Where it lists none (macvlan, ipvlan) the
	// container's address is reachable as it is; so it was with Registrator where another container's network is shared.
	// What a label names is reached at the container's address, too.
	direct := p.shared || port.named || ownsNetwork(p.home.NetworkMode) && !port.listed
	return own, direct && own.address != ""
}

// bound is the address to use for a published port.
func (p locator) bound(b Binding) string {
	if a := fitIP(b.HostIP); a != "" && p.o.IP == "" {
		return a
	}
	return p.host
}

func (p locator) containerAddress(s settings, before string, g *complaintCollector) string {
	wanted, source := s.value("network"), s.source("network")
	if wanted == "" {
		wanted, source = p.network, p.networkSource
	}
	if _, ok := p.home.network(wanted); !ok && wanted != "" {
		g.add(source, "the container is not on network "+Shown(wanted), "its usual network is used")
		wanted = ""
	}
	return p.home.address(wanted, before)
}

// override applies -useIpFromLabel, SERVICE_IP and SERVICE_PORT to where the port would be found.
func (p locator) override(at addrPort, port candidate, c Container, s settings, g *complaintCollector) addrPort {
	usual := at
	source := p.o.IPFromLabel
	if source != "" {
		at = p.fromLabel(at, c, source, g)
	}
	if v := s.value("ip"); v != "" {
		source = s.source("ip")
		at = p.fromVariable(at, port, v, source, g)
	}
	if at != usual && !p.reaches(at, port.proto) {
		g.add(source, "port "+strconv.Itoa(at.port)+" is not published on the host's address "+Shown(at.address), "the usual address is used")
		at = usual
	}
	if v := s.value("port"); v != "" {
		at = p.fromPort(at, port, v, s.source("port"), g)
	}
	return at
}

// fromPort takes SERVICE_PORT.
func (p locator) fromPort(at addrPort, port candidate, v, source string, g *complaintCollector) addrPort {
	next := addrPort{at.address, portNumber(v)}
	problem := ""
	switch {
	case next.port == 0:
		problem = "is no port number"
	case !p.reaches(next, port.proto):
		problem = "is no port that Docker published for this container, and the address is the host's"
	default:
		return next
	}
	g.add(source, Shown(v)+" "+problem, "port "+strconv.Itoa(at.port)+" is used")
	return at
}

// reaches tells whether a addrPort that a label asks for is the container's. On the host's address only the ports that Docker published
// for it are: any other leads clients, and the agent's own check, to somebody else, such as the agent's API. A container in the
// host's network reaches all of that by itself.
func (p locator) reaches(at addrPort, proto string) bool {
	if p.home.NetworkMode == "host" || !p.onHost(at.address) {
		return true
	}
	for key, bindings := range p.home.Ports {
		if _, of, _ := strings.Cut(withProtocol(key), "/"); of != proto {
			continue
		}
		if slices.ContainsFunc(bindings, func(b Binding) bool { return portNumber(b.HostPort) == at.port }) {
			return true
		}
	}
	return false
}

// onHost tells whether an address is the host's, as far as that is known; "" is the node's.
func (p locator) onHost(address string) bool {
	if address == "" || address == p.host {
		return true
	}
	a, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	a = a.Unmap()
	if p.home.hasAddress(a) {
		return false
	}
	return a.IsLoopback() || p.isHost(a) || p.home.isGateway(a) || p.isBound(a)
}

// isBound tells whether a port of the container is published on the address.
func (p locator) isBound(a netip.Addr) bool {
	for _, bindings := range p.home.Ports {
		for _, b := range bindings {
			if own, err := netip.ParseAddr(b.HostIP); err == nil && own.Unmap() == a {
				return true
			}
		}
	}
	return false
}

func (p locator) fromLabel(at addrPort, c Container, label string, g *complaintCollector) addrPort {
	v := c.Labels[label]
	if v == "" {
		g.add("-useIpFromLabel", "there is no label "+Shown(label), "the usual address is used")
		return at
	}
	if a, problem := p.claimed(v, false); problem == "" {
		at.address = a
	} else {
		g.add(label, Shown(v)+" "+problem, "the usual address is used")
	}
	return at
}

// fromVariable takes SERVICE_IP. Address and port belong together: with an address of the container's own goes the
// port that it listens on, with one of the host's the published one.
func (p locator) fromVariable(at addrPort, port candidate, v, source string, g *complaintCollector) addrPort {
	a, problem := p.claimed(v, true)
	if problem != "" {
		g.add(source, Shown(v)+" "+problem, "the usual address is used")
		return at
	}
	at.address = a
	ip, err := netip.ParseAddr(a)
	if err != nil {
		return at
	}
	if p.home.hasAddress(ip) {
		at.port = port.number
	} else if b, ok := port.binding(p.host); ok && p.isHost(ip) {
		at.port = portNumber(b.HostPort)
	}
	return at
}

// claimed validates an address that a label asks for. near: only the container's or this host's will do.
func (p locator) claimed(v string, near bool) (address, problem string) {
	v = strings.TrimSpace(cutPrefixLength(v))
	a := fitIP(v)
	if a == "" {
		if name := fitHost(v); name != "" && p.o.AllowForeignAddress {
			return name, ""
		}
		return "", "is no IP address that can be dialled"
	}
	ip := netip.MustParseAddr(a)
	switch {
	case p.o.AllowForeignAddress:
	case ip.IsLoopback() || ip.IsLinkLocalUnicast():
		return "", "is a loopback or link-local address (-allow-foreign-address allows it)"
	case near && !p.home.hasAddress(ip) && !p.isHost(ip):
		return "", "is an address neither of this container nor of this host (-allow-foreign-address allows it)"
	}
	return a, ""
}

func (p locator) isHost(a netip.Addr) bool {
	for _, s := range []string{p.host, p.o.HostIP} {
		if own, err := netip.ParseAddr(s); err == nil && own.Unmap() == a {
			return true
		}
	}
	return slices.ContainsFunc(p.o.HostAddresses, func(own netip.Addr) bool { return own.Unmap().WithZone("") == a })
}
