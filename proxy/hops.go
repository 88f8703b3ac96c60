package proxy

import (
	"net/netip"
	"strings"

	"github.com/pointsman/pointsman/proxy/http1"
)

// maxForwardedHops bounds how many addresses of a chain are looked at; longer lists are no real chain of proxies.
const maxForwardedHops = 64

// readHop reads one member of a chain: known is false where it names an address that can't be read, named where it names none.
type readHop func(member string) (addr netip.Addr, named, known bool)

// lastUntrusted walks a chain from its end, which is what the nearest proxies wrote, to the first address that is no trusted proxy; where
// all are, the first one of the chain is the client. What stands before a member that can't be read is nobody's word.
func (f Forwarder) lastUntrusted(chain string, read readHop) (netip.Addr, bool) {
	var last netip.Addr
	for hops := 0; chain != "" && hops < maxForwardedHops; hops++ {
		member := chain
		if i := strings.LastIndexByte(chain, ','); i >= 0 {
			member, chain = chain[i+1:], chain[:i]
		} else {
			chain = ""
		}
		addr, _, known := read(member)
		if !known {
			break
		}
		last = addr
		if !f.Trusts(addr) {
			break
		}
	}
	return last, last.IsValid()
}

// plainHop reads one member of X-Forwarded-For, or X-Real-IP; some proxies write a port behind the address.
func plainHop(s string) (addr netip.Addr, named, known bool) {
	if s = http1.TrimBlanks(s); s == "" {
		return netip.Addr{}, false, false
	}
	addr, known = parseHop(s)
	return addr, true, known
}

// forwardedHop reads the address in one element of Forwarded (RFC 7239 section 4). Elements are cut at every comma, also one in quotes:
// no address holds one, and a quote that a client left open must not hide what a proxy writes behind it.
func forwardedHop(element string) (addr netip.Addr, named, known bool) {
	for element != "" {
		pair := element
		if i := strings.IndexByte(element, ';'); i >= 0 {
			pair, element = element[:i], element[i+1:]
		} else {
			element = ""
		}
		name, value, ok := strings.Cut(http1.TrimBlanks(pair), "=")
		if !ok || !strings.EqualFold(http1.TrimBlanks(name), "for") {
			continue
		}
		if named { // two of them: neither counts
			return netip.Addr{}, true, false
		}
		value = http1.TrimBlanks(value)
		if n := len(value); n >= 2 && value[0] == '"' && value[n-1] == '"' {
			value = value[1 : n-1]
		}
		named = true
		addr, known = parseHop(value)
	}
	return addr, named, known
}

// parseHop reads an address with or without brackets and a port.
func parseHop(s string) (netip.Addr, bool) {
	if addr, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return addr.Unmap().WithZone(""), true
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}
