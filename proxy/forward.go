package proxy

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/pointsman/pointsman/proxy/http1"
)

// maxForwardedHops bounds how many addresses of an X-Forwarded-For list are looked at; longer lists are no real chain of proxies.
const maxForwardedHops = 64

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

// Origin is where a request comes from, as told to the upstream.
type Origin struct {
	// Client is the address believed to be the client's: the peer's own, or what trusted proxies say.
	Client netip.Addr
	// ID is the request's id.
	ID string

	peer              netip.Addr
	scheme, host      string
	chain, chained    string // inbound X-Forwarded-For and Forwarded, believed
	proto, forwardedH string
	extra             []Field // other believed X-Forwarded-* fields
}

// Origin reads what the forwarding fields of a request are worth. scheme is "http" or "https", host the authority asked for.
// newID is called when the request has no id that is believed.
func (f Forwarder) Origin(peer netip.Addr, scheme, host string, in []Field, newID func() string) Origin {
	peer = peer.Unmap().WithZone("")
	o := Origin{Client: peer, peer: peer, scheme: scheme, host: host, proto: scheme, forwardedH: host}
	if f.Trusts(peer) {
		f.believe(&o, in)
	}
	if o.ID == "" {
		o.ID = newID()
	}
	return o
}

// believe takes over what a trusted peer says, each value checked for its form.
func (f Forwarder) believe(o *Origin, in []Field) {
	realIP := netip.Addr{}
	for _, field := range in {
		if !forwarding(field.Name) {
			continue
		}
		switch strings.ToLower(field.Name) {
		case "x-forwarded-for":
			o.chain = join(o.chain, field.Value)
		case "forwarded":
			o.chained = join(o.chained, field.Value)
		case "x-forwarded-proto":
			if field.Value == "http" || field.Value == "https" {
				o.proto = field.Value
			}
		case "x-forwarded-host":
			if ValidAuthority(field.Value) {
				o.forwardedH = field.Value
			}
		case "x-real-ip":
			if addr, err := netip.ParseAddr(field.Value); err == nil {
				realIP = addr.Unmap().WithZone("")
			}
		case "x-request-id":
			if validID(field.Value) {
				o.ID = field.Value
			}
		default:
			if strings.IndexByte(field.Name, '_') < 0 {
				o.extra = append(o.extra, field)
			}
		}
	}
	if addr, ok := f.lastUntrusted(o.chain); ok {
		o.Client = addr
	} else if realIP.IsValid() {
		o.Client = realIP
	}
}

// lastUntrusted walks a chain from its end, which is what the nearest proxies wrote, to the first address that is no trusted proxy.
func (f Forwarder) lastUntrusted(chain string) (netip.Addr, bool) {
	var last netip.Addr
	for hops := 0; chain != "" && hops < maxForwardedHops; hops++ {
		part := chain
		if i := strings.LastIndexByte(chain, ','); i >= 0 {
			part, chain = chain[i+1:], chain[:i]
		} else {
			chain = ""
		}
		addr, ok := parseHop(part)
		if !ok {
			break
		}
		last = addr
		if !f.Trusts(addr) {
			break
		}
	}
	return last, last.IsValid()
}

// parseHop reads one member of X-Forwarded-For; some proxies write a port behind the address.
func parseHop(s string) (netip.Addr, bool) {
	s = http1.TrimBlanks(s)
	if addr, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return addr.Unmap().WithZone(""), true
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}

// append adds the forwarding fields of this hop.
func (o *Origin) append(dst []Field) []Field {
	peer := o.peer.String()
	client := peer
	if o.Client != o.peer {
		client = o.Client.String()
	}
	dst = append(dst,
		Field{"X-Forwarded-For", join(o.chain, peer)},
		Field{"X-Forwarded-Proto", o.proto},
		Field{"X-Forwarded-Host", o.forwardedH},
		Field{"X-Real-IP", client},
		Field{"Forwarded", join(o.chained, o.forwarded(peer))},
		Field{"X-Request-ID", o.ID})
	return append(dst, o.extra...)
}

// forwarded is this hop's element (RFC 7239 section 4); an IPv6 address and a host with a port must be quoted (section 6).
func (o *Origin) forwarded(peer string) string {
	if o.peer.Is6() {
		peer = `"[` + peer + `]"`
	}
	host := o.host
	if !ValidToken(host) {
		host = `"` + host + `"`
	}
	if o.host == "" {
		return "for=" + peer + ";proto=" + o.scheme
	}
	return "for=" + peer + ";host=" + host + ";proto=" + o.scheme
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

// Admitted says whether a route's allow and deny lists let a request in. The peer's address and each entry of every
// X-Forwarded-For field must pass, as with Fabio; an entry that is no address fails an allow list and passes a deny list.
func Admitted(allow, deny []netip.Prefix, peer netip.Addr, in []Field) bool {
	if len(allow) == 0 && len(deny) == 0 {
		return true
	}
	if !admitted(allow, deny, peer.Unmap().WithZone(""), true) {
		return false
	}
	for _, f := range in {
		if !strings.EqualFold(f.Name, "X-Forwarded-For") {
			continue
		}
		for list := f.Value; list != ""; {
			var hop string
			if hop, list = http1.NextToken(list); hop == "" {
				continue
			}
			addr, ok := parseHop(hop)
			if !admitted(allow, deny, addr, ok) {
				return false
			}
		}
	}
	return true
}

func admitted(allow, deny []netip.Prefix, addr netip.Addr, known bool) bool {
	if !known {
		return len(allow) == 0
	}
	for _, p := range deny {
		if p.Contains(addr) {
			return false
		}
	}
	for _, p := range allow {
		if p.Contains(addr) {
			return true
		}
	}
	return len(allow) == 0
}
