package proxy

import (
	"net/netip"
	"unsafe"
)

// maxAddrText is the longest text of an address without a zone.
const maxAddrText = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")

// Client is what is known of a client's connection, worked out once. It must not move while an Exchange uses it.
type Client struct {
	// RedirectHTTPS sends every request in plain text to the HTTPS listener, see Shared.HTTPSPort.
	RedirectHTTPS bool
	// Number tells connections apart in the log, counted from 1; the listener sets it, see Shared.CountConnection.
	Number uint64
	// Listener is the name of the listener that it came by.
	Listener string
	// HTTP2 says that requests come over HTTP/2; the listener sets it.
	HTTP2 bool

	tls     *clientTLS // nil where it came in plain text to us
	secure  bool       // https
	trusted bool       // what it says about earlier hops is believed
	n       uint8
	text    [maxAddrText]byte
	addr    netip.Addr
}

// NewClient takes the peer's address (an invalid one, as of a Unix socket, counts as 0.0.0.0) and the scheme, http or https. A nil
// Forwarder believes nobody.
func NewClient(addr netip.Addr, scheme string, f *Forwarder) Client {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() {
		addr = netip.IPv4Unspecified()
	}
	c := Client{addr: addr, secure: scheme == "https", trusted: f != nil && f.Trusts(addr)}
	c.n = uint8(len(addr.AppendTo(c.text[:0])))
	return c
}

// Addr is the peer's address, without a zone, IPv4 as such.
func (c *Client) Addr() netip.Addr { return c.addr }

// addrText is the address as text; a view of c.
func (c *Client) addrText() string { return unsafe.String(&c.text[0], int(c.n)) }

func (c *Client) scheme() string {
	if c.secure {
		return "https"
	}
	return "http"
}
