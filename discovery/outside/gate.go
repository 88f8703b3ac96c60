package outside

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// Gate is what every connection to an instance goes through, for requests and for checks: it judges the address that is dialled. A name
// may lead anywhere, and to somewhere else each time it is looked up, so what was judged before says nothing. The zero Gate refuses
// what CheckInstance does. It is a value, may be copied, and is safe for concurrent use if Own is.
type Gate struct {
	// Own says whether a connection to this address would reach a listener of this process. Nil: none does.
	Own func(netip.AddrPort) bool
	// Resolver looks names up; nil is the system's.
	Resolver *net.Resolver
	// Allow are the networks into which tags and KV may lead by an address of their own, see CheckNamed. Nil: none.
	Allow []netip.Prefix
	// Agent says whether an address is that of the catalogue's agent. Nil: none is.
	Agent func(netip.AddrPort) bool
}

// Refusal is an address that the Gate does not let through, and why.
type Refusal struct {
	Address netip.AddrPort
	Why     string
}

func (r *Refusal) Error() string { return r.Address.String() + " is not dialled: " + r.Why }

// Check says why an address must not be dialled, a *Refusal, or nil. A link-local one passes where Allow has a network of such. No
// allocation where it is nil.
func (g Gate) Check(to netip.AddrPort) error {
	if err := CheckInstance(to.Addr()); err != nil && (CheckUnicast(to.Addr()) != nil || !g.allows(to.Addr().Unmap(), netip.Addr.IsLinkLocalUnicast)) {
		return &Refusal{to, err.Error()}
	}
	if g.Own != nil && g.Own(netip.AddrPortFrom(to.Addr().Unmap(), to.Port())) {
		return &Refusal{to, "it is a listener of this process"}
	}
	return nil
}

// CheckNamed is Check for an address that a tag, a label or KV names, and the catalogue does not: it must be in a network of Allow. Loopback
// and link-local addresses must be in one that holds nothing else, and the agent's address in one that holds only it.
func (g Gate) CheckNamed(to netip.AddrPort) error {
	if err := g.Check(to); err != nil {
		return err
	}
	ip := to.Addr().Unmap()
	special := func(netip.Addr) bool { return true }
	switch {
	case ip.IsLoopback():
		special = netip.Addr.IsLoopback
	case ip.IsLinkLocalUnicast():
		special = netip.Addr.IsLinkLocalUnicast
	}
	if !g.allows(ip, special) {
		return &Refusal{to, "it is in no network of -allow-upstreams"}
	}
	if g.Agent != nil && g.Agent(netip.AddrPortFrom(ip, to.Port())) && !g.allowsOnly(ip) {
		return &Refusal{to, "it is the catalogue's agent"}
	}
	return nil
}

// allows says whether a network of Allow holds the address, and has only addresses of a kind.
func (g Gate) allows(ip netip.Addr, kind func(netip.Addr) bool) bool {
	for _, p := range g.Allow {
		if p.Contains(ip) && kind(p.Masked().Addr()) && kind(last(p)) {
			return true
		}
	}
	return false
}

// allowsOnly says whether a network of Allow is this address.
func (g Gate) allowsOnly(ip netip.Addr) bool {
	for _, p := range g.Allow {
		if p.IsSingleIP() && p.Contains(ip) {
			return true
		}
	}
	return false
}

// last is the last address of a network.
func last(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < 8*len(b); i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// socketPrefix begins what is dialled as a Unix socket: unix:/path. No host and port of a catalogue reads so.
const socketPrefix = "unix:"

// Socket is the path of an address that is a Unix socket's, as only the operator names one; "" and false of others.
func Socket(address string) (path string, ok bool) {
	if !strings.HasPrefix(address, socketPrefix) {
		return "", false
	}
	return address[len(socketPrefix):], true
}

// Dial connects to host:port, or to unix:/path. Where that is a name, all of its addresses are tried in the order of RFC 6724, with the fall-back between
// address families of net.Dialer (RFC 6555), but for those that the Gate refuses. The error is the first address's. The
// deadline is ctx's.
func (g Gate) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if path, ok := Socket(address); ok {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
	d := net.Dialer{Control: g.control, Resolver: g.Resolver}
	return d.DialContext(ctx, network, address)
}

// control is called with each address just before it is connected to.
func (g Gate) control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	return g.Check(to)
}
