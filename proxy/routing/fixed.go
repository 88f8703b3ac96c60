package routing

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
)

// fixedKey is the identity of an upstream that no service has registered: what a line calls it, and the address that is dialled.
type fixedKey struct{ called, address string }

// ownFixed makes the upstreams of the next table its own, so that they may be changed.
func (d *derivation) ownFixed() {
	if !d.fixedOwn {
		d.fixedOwn = true
		if d.next.fixed = maps.Clone(d.next.fixed); d.next.fixed == nil {
			d.next.fixed = map[fixedKey]*balancer.Upstream{}
		}
	}
}

// upstream is that of a key: the one that there was, or a new one.
func (d *derivation) upstream(key fixedKey) *balancer.Upstream {
	u := d.next.fixed[key]
	if u == nil {
		d.ownFixed()
		u = d.next.options.Reviver.NewUpstream(label(key.called), key.address)
		d.next.fixed[key] = u
		d.next.arrived = append(d.next.arrived, u)
	}
	return u
}

// addressOf is where an instance is; the zero value where it has no IP address.
func addressOf(in *discovery.Instance) netip.AddrPort {
	ip, err := netip.ParseAddr(in.Address)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(in.Port))
}

// Refer says what the lines of texts lead to by a name.
func (o Options) Refer(texts []*discovery.Text) (out discovery.References) {
	env := o.env("")
	for _, t := range texts {
		for _, l := range o.readText(env, nil, t, nil).lines {
			refer(&out, l.rule, "")
		}
	}
	slices.Sort(out.Services)
	slices.Sort(out.Hosts)
	slices.SortFunc(out.Remote, discovery.Remote.Compare)
	out.Services, out.Hosts, out.Remote = slices.Compact(out.Services), slices.Compact(out.Hosts), slices.Compact(out.Remote)
	return out
}
