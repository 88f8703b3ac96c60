package outside

import (
	"context"
	"net"
	"net/netip"
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
}

// Refusal is an address that the Gate does not let through, and why.
type Refusal struct {
	Address netip.AddrPort
	Why     string
}

func (r *Refusal) Error() string { return r.Address.String() + " is not dialled: " + r.Why }

// Check says why an address must not be dialled, a *Refusal, or nil. No allocation where it is nil.
func (g Gate) Check(to netip.AddrPort) error {
	if err := CheckInstance(to.Addr()); err != nil {
		return &Refusal{to, err.Error()}
	}
	if g.Own != nil && g.Own(netip.AddrPortFrom(to.Addr().Unmap(), to.Port())) {
		return &Refusal{to, "it is a listener of this process"}
	}
	return nil
}

// Dial connects to host:port. Where that is a name, all of its addresses are tried in the order of RFC 6724, with the fall-back between
// address families of net.Dialer (RFC 6555), but for those that the Gate refuses. The error is the first address's. The
// deadline is ctx's.
func (g Gate) Dial(ctx context.Context, network, address string) (net.Conn, error) {
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
