package main

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pointsman/pointsman/registrator"
)

// own knows the addresses at which this process listens itself. The zero value knows none. Safe for concurrent use.
type own struct {
	mu    sync.Mutex
	bound []netip.AddrPort
	local []netip.Addr
	asked time.Time
}

// interfacesAge is how old our idea of the host's addresses may be: interfaces come and go with containers, and asking
// for each of ten thousand instances would cost more than the rest of a swap.
const interfacesAge = time.Second

// add notes a listener; what is no TCP listener is ignored.
func (o *own) add(l net.Listener) {
	t, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return
	}
	a := t.AddrPort()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bound = append(o.bound, netip.AddrPortFrom(a.Addr().Unmap(), a.Port()))
}

// ownContainer is the beginning of the id of the container that we run in, as far as the host's name tells; "" elsewhere.
func ownContainer(host string) string {
	if registrator.IsContainerName(host) {
		return host
	}
	return ""
}

// is says whether a connection to address (host:port) would reach one of our listeners. A listener on the wildcard
// address is reached at every address of this host.
func (o *own) is(address string) bool {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	a, known := literal(host)
	for _, b := range o.bound {
		if strconv.Itoa(int(b.Port())) != port || !known {
			continue
		}
		if b.Addr() == a || a.IsUnspecified() || (b.Addr().IsUnspecified() && o.isLocal(a)) {
			return true
		}
	}
	return false
}

func (o *own) isLocal(a netip.Addr) bool {
	if a.IsLoopback() {
		return true
	}
	if time.Since(o.asked) > interfacesAge {
		o.local, o.asked = interfaceAddresses(), time.Now()
	}
	for _, l := range o.local {
		if l == a {
			return true
		}
	}
	return false
}

// literal is an address as the dialler would understand it: 127.0.0.1 also when written as a name.
func literal(host string) (netip.Addr, bool) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), true
	}
	a, err := netip.ParseAddr(host)
	return a.Unmap().WithZone(""), err == nil
}

func interfaceAddresses() []netip.Addr {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var out []netip.Addr
	for _, x := range list {
		if p, err := netip.ParsePrefix(x.String()); err == nil {
			out = append(out, p.Addr().Unmap())
		}
	}
	return out
}
