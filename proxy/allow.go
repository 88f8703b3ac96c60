package proxy

import (
	"net/netip"

	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/routing"
)

// admits says whether a route's allow and deny lists let the request in. The client must pass, which is Origin.Client, the peer or whom a
// trusted proxy speaks for. So must every other address that the request claims, but for those of trusted proxies: in X-Forwarded-For
// whoever sent it, as with Fabio, and from a trusted proxy in Forwarded and X-Real-IP too. A claim can shut out, and lets nobody in. One
// that can't be read fails an allow list and passes a deny list.
func (x *Exchange) admits(a *routing.Admission) bool {
	if len(a.Allow) == 0 && len(a.Deny) == 0 {
		return true
	}
	if !passes(a, x.Origin.Client, true) {
		return false
	}
	for i := range x.Request.Fields {
		f, read := &x.Request.Fields[i], readHop(plainHop)
		switch k := f.Known(); {
		case k == http1.XForwardedFor, k == http1.XRealIP && x.Client.trusted:
		case k == http1.Forwarded && x.Client.trusted:
			read = forwardedHop
		default:
			continue
		}
		for list := f.Value; list != ""; {
			var member string
			member, list = http1.NextToken(list)
			if !x.admitsHop(a, member, read) {
				return false
			}
		}
	}
	return true
}

// admitsHop is admits for one claim.
func (x *Exchange) admitsHop(a *routing.Admission, member string, read readHop) bool {
	addr, named, known := read(member)
	if !named || known && x.Client.trusted && x.scope.common.Forwarder.Trusts(addr) {
		return true
	}
	return passes(a, addr, known)
}

// passes says whether one address passes all lists.
func passes(a *routing.Admission, addr netip.Addr, known bool) bool {
	if !known {
		return len(a.Allow) == 0
	}
	for _, p := range a.Deny {
		if p.Contains(addr) {
			return false
		}
	}
	for _, list := range a.Allow {
		if !holds(list, addr) {
			return false
		}
	}
	return true
}

func holds(list []netip.Prefix, addr netip.Addr) bool {
	for _, p := range list {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
