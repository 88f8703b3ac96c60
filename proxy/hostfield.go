package proxy

import "github.com/pointsman/pointsman/proxy/routing"

// hostSent is the Host field's value for x.Member.
func (x *Exchange) hostSent() string { return hostFor(x.Member, x.Target.Authority) }

// hostFor is the Host field's value for an instance, where the client names authority.
func hostFor(m *routing.Member, authority string) string {
	switch o := &m.Rule.Options; {
	case o.Host != "":
		return o.Host
	case !o.HostDst && authority != "": // HTTP/1.0 may name none
		return authority
	case m.Authority != "":
		return m.Authority
	}
	return m.Upstream.Address()
}
