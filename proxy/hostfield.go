package proxy

// hostSent is the Host field's value for x.Member.
func (x *Exchange) hostSent() string {
	switch o := &x.Member.Rule.Options; {
	case o.Host != "":
		return o.Host
	case !o.HostDst && x.Target.Authority != "": // HTTP/1.0 may name none
		return x.Target.Authority
	case x.Member.Authority != "":
		return x.Member.Authority
	}
	return x.Member.Upstream.Address()
}
