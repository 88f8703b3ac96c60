package proxy

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/http1"
)

// Forwarder knows which peers' forwarding fields are believed. The zero value believes nobody. Immutable.
type Forwarder struct{ trusted []netip.Prefix }

// ParseForwarder reads a comma-separated list of CIDRs or addresses. An empty list trusts nobody.
func ParseForwarder(list string) (Forwarder, error) {
	var f Forwarder
	for part := range strings.SplitSeq(list, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(part)
		if err != nil {
			addr, addrErr := netip.ParseAddr(part)
			if addrErr != nil {
				return Forwarder{}, fmt.Errorf("parse trusted proxy %q: neither an address nor a CIDR", part)
			}
			addr = addr.Unmap()
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		f.trusted = append(f.trusted, prefix.Masked())
	}
	return f, nil
}

// Trusts says whether what a peer claims about earlier hops is believed.
func (f Forwarder) Trusts(peer netip.Addr) bool {
	peer = peer.Unmap()
	for _, prefix := range f.trusted {
		if prefix.Contains(peer) {
			return true
		}
	}
	return false
}

// Origin is where a request comes from, as told to the upstream. Its strings may be views of the request.
type Origin struct {
	// Client is the address believed to be the client's: the peer's own, or what trusted proxies say.
	Client netip.Addr
	// ID is the request's id.
	ID string

	chain, chained string // inbound X-Forwarded-For and Forwarded, believed
	proto, host    string // of the request as the client sent it
	port           string // that trusted proxies say; empty where they say nothing
}

// believe takes over what a trusted peer says, each value checked for its form. The client is whom X-Forwarded-For names, else
// Forwarded, else X-Real-IP: the one place that decides it, for what is told to instances, for the log, and for allow and deny.
func (f Forwarder) believe(o *Origin, in []Field) {
	realIP := netip.Addr{}
	for i := range in {
		value := in[i].Value
		switch in[i].Known() {
		case http1.XForwardedFor:
			o.chain = join(o.chain, value)
		case http1.Forwarded:
			o.chained = join(o.chained, value)
		case http1.XForwardedProto:
			if value == "http" || value == "https" {
				o.proto = value
			}
		case http1.XForwardedHost:
			if http1.ValidAuthority(value) {
				o.host = value
			}
		case http1.XForwardedPort:
			if n, err := strconv.ParseUint(value, 10, 16); err == nil && n > 0 {
				o.port = value
			}
		case http1.XRealIP:
			if addr, err := netip.ParseAddr(value); err == nil {
				realIP = addr.Unmap().WithZone("")
			}
		case http1.XRequestID:
			if validID(value) {
				o.ID = value
			}
		}
	}
	if addr, ok := f.lastUntrusted(o.chain, plainHop); ok {
		o.Client = addr
	} else if addr, ok := f.lastUntrusted(o.chained, forwardedHop); ok {
		o.Client = addr
	} else if realIP.IsValid() {
		o.Client = realIP
	}
}

// appendTo appends the forwarding fields of this hop as they go out. host is the authority asked for, and proto
// what X-Forwarded-Proto says.
func (o *Origin) appendTo(dst []byte, c *Client, host, proto string) []byte {
	dst = append(dst, "X-Forwarded-For: "...)
	dst = append(appendChain(dst, o.chain), c.addrText()...)
	dst = append(append(dst, "\r\nX-Forwarded-Proto: "...), proto...)
	dst = append(append(dst, "\r\nX-Forwarded-Host: "...), o.host...)
	dst = append(append(dst, "\r\nX-Forwarded-Port: "...), o.portAsked()...)
	dst = append(dst, "\r\nX-Real-IP: "...)
	if o.Client == c.addr {
		dst = append(dst, c.addrText()...)
	} else {
		dst = o.Client.AppendTo(dst)
	}
	dst = append(dst, "\r\nForwarded: "...)
	dst = appendForwarded(appendChain(dst, o.chained), c.addrText(), c.addr.Is6(), host, c.scheme())
	dst = append(append(dst, "\r\nX-Request-ID: "...), o.ID...)
	return append(dst, "\r\n"...)
}

// portAsked is the port that the client asked for, as Fabio and Traefik have it: what trusted proxies say, else what the host names,
// else the scheme's own.
func (o *Origin) portAsked() string {
	if o.port != "" {
		return o.port
	}
	if i := strings.LastIndexByte(o.host, ':'); i >= 0 && i+1 < len(o.host) && o.host[len(o.host)-1] != ']' {
		return o.host[i+1:]
	}
	if o.proto == "https" {
		return "443"
	}
	return "80"
}

// appendChain appends what earlier hops wrote into a list that this one goes on.
func appendChain(dst []byte, list string) []byte {
	if list == "" {
		return dst
	}
	return append(append(dst, list...), ", "...)
}

// appendForwarded appends this hop's element (RFC 7239 section 4); an IPv6 address and a host with a port must be quoted (section 6).
func appendForwarded(dst []byte, peer string, is6 bool, host, scheme string) []byte {
	if is6 {
		dst = append(append(append(dst, `for="[`...), peer...), `]"`...)
	} else {
		dst = append(append(dst, "for="...), peer...)
	}
	switch {
	case host == "":
	case http1.ValidToken(host):
		dst = append(append(dst, ";host="...), host...)
	default:
		dst = append(append(append(dst, `;host="`...), host...), '"')
	}
	return append(append(dst, ";proto="...), scheme...)
}

func join(list, last string) string {
	if list == "" {
		return last
	}
	return list + ", " + last
}

// maxID bounds an inbound request id: ids are short, and it goes into log lines.
const maxID = 128

func validID(s string) bool {
	if s == "" || len(s) > maxID {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] <= 0x20 || s[i] >= 0x7f || s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	return true
}
