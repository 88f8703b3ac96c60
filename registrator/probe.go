package registrator

import (
	"net"
	"strconv"
)

// probe is the check that a label asks for. It goes to the registered address, and to a port of the same container.
func (d *draft) probe(port candidate, at addrPort) (Check, bool) {
	p := d.labels.probe
	if p == nil || port.proto != "tcp" {
		return Check{}, false
	}
	if p.Port != 0 && p.Port != port.number {
		other := addrPort{at.address, p.Port}
		if d.home.onHost(at.address) && d.home.home.NetworkMode != "host" { // a published port has a number of its own there
			key := strconv.Itoa(p.Port) + "/tcp"
			b, ok := candidate{bindings: d.home.home.Ports[key]}.binding(d.home.host)
			if !ok {
				d.g.add(p.Key, "port "+strconv.Itoa(p.Port)+" is not published", "port "+port.text()+" is checked")
				return d.check(p, at), true
			}
			other.port = portNumber(b.HostPort)
		}
		at = other
	}
	return d.check(p, at), true
}

func (d *draft) check(p *Probe, at addrPort) Check {
	hostPort := net.JoinHostPort(at.address, strconv.Itoa(at.port))
	check := Check{Interval: defaultInterval}
	if p.Timeout > 0 {
		check.Timeout = p.Timeout.String()
	}
	if p.Path == "" {
		check.TCP = hostPort
	} else {
		check.HTTP, check.NoRedirects = checkURL("http", hostPort, p.Path), true
	}
	return check
}
