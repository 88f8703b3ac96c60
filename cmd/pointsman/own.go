package main

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pointsman/pointsman/registrator"
)

// own knows the addresses at which this process listens itself. The zero value knows none. Safe for concurrent use.
type own struct {
	mu    sync.Mutex // never held while the system is asked: whoever dials waits for it
	bound []netip.AddrPort
	local atomic.Pointer[interfaces]
}

// interfaces are the host's addresses at a time.
type interfaces struct {
	addresses []netip.Addr
	asked     time.Time
}

// interfacesAge is how old our idea of the host's addresses may be: interfaces come and go with containers, and asking
// for each of ten thousand instances would cost more than the rest of a swap. Only an address with the port of a listener of ours asks.
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

// is says whether a connection to this address would reach one of our listeners. A listener on the wildcard address is reached at every
// address of this host.
func (o *own) is(to netip.AddrPort) bool {
	o.mu.Lock()
	bound := o.bound
	o.mu.Unlock()
	a := to.Addr().Unmap()
	for _, b := range bound {
		if b.Port() != to.Port() {
			continue
		}
		if b.Addr() == a || a.IsUnspecified() || b.Addr().IsUnspecified() && o.isLocal(a) {
			return true
		}
	}
	return false
}

// reaches says whether a connection to an address may reach what listens at another: on this host, whichever of its addresses is named.
func (o *own) reaches(at, to netip.AddrPort) bool {
	if !at.IsValid() || at.Port() != to.Port() {
		return false
	}
	a := to.Addr().Unmap()
	return a == at.Addr() || o.isLocal(at.Addr()) && o.isLocal(a)
}

func (o *own) isLocal(a netip.Addr) bool {
	if a.IsLoopback() {
		return true
	}
	local := o.local.Load()
	if local == nil || time.Since(local.asked) > interfacesAge {
		local = &interfaces{interfaceAddresses(), time.Now()} // several may ask at once, which does no harm
		o.local.Store(local)
	}
	return slices.Contains(local.addresses, a)
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
