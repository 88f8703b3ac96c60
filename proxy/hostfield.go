package proxy

// hostSent is the Host field's value for x.Member.
func (x *Exchange) hostSent() string {
	switch o := &x.Member.Rule.Options; {
	case o.HostDst:
		return x.Member.Upstream.Address()
	case o.Host != "":
		return o.Host
	case x.Target.Authority == "": // HTTP/1.0
		return x.Member.Upstream.Address()
	}
	return x.Target.Authority
}
