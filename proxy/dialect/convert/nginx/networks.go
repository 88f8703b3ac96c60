package nginx

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

var anyV4, anyV6 = netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")

// closesAll says whether clients that no line before the last names are denied.
func closesAll(list []*directive) bool {
	return slices.ContainsFunc(list, func(d *directive) bool { return d.name == "deny" && d.arg(0) == "all" })
}

// maxNetworks bounds the networks that lines are taken apart into.
const maxNetworks = 128

// networks are those that the lines allow and deny, without what a line before them decides.
func networks(list []*directive) (allowed, denied []netip.Prefix, bad string) {
	var decided []netip.Prefix
	for _, d := range list {
		var these []netip.Prefix
		switch text := d.arg(0); {
		case text == "all":
			these = []netip.Prefix{anyV4, anyV6}
		case text == "unix:":
			continue
		default:
			p, err := netip.ParsePrefix(text)
			if ip, bad := netip.ParseAddr(text); bad == nil {
				p, err = netip.PrefixFrom(ip, ip.BitLen()), nil
			}
			if err != nil {
				return nil, nil, convert.Shown(text) + " is no network"
			}
			these = []netip.Prefix{p.Masked()}
		}
		for _, p := range these {
			left := without([]netip.Prefix{p}, decided)
			if d.name == "allow" {
				allowed = append(allowed, left...)
			} else if d.arg(0) != "all" || len(allowed) == 0 {
				denied = append(denied, left...)
			} else {
				denied = append(denied, p)
			}
			if decided = append(decided, p); len(allowed)+len(denied) > maxNetworks {
				return nil, nil, "too many networks in one another"
			}
		}
	}
	return allowed, denied, ""
}

// without are networks without others.
func without(list, others []netip.Prefix) []netip.Prefix {
	for _, o := range others {
		var next []netip.Prefix
		for _, p := range list {
			switch {
			case !p.Overlaps(o):
				next = append(next, p)
			case o.Bits() <= p.Bits(): // all of it
			default:
				next = append(next, around(p, o)...)
			}
		}
		if list = next; len(list) > maxNetworks {
			return list
		}
	}
	return list
}

// around is p without o, which is inside of it: the other half at each bit.
func around(p, o netip.Prefix) (out []netip.Prefix) {
	for bits := p.Bits() + 1; bits <= o.Bits(); bits++ {
		b := o.Addr().AsSlice()
		b[(bits-1)/8] ^= 1 << (7 - (bits-1)%8)
		ip, _ := netip.AddrFromSlice(b)
		half, _ := ip.Prefix(bits)
		out = append(out, half)
	}
	return out
}

func texts(list []netip.Prefix) string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = p.String()
		if p.IsSingleIP() {
			out[i] = p.Addr().String()
		}
	}
	return strings.Join(out, ",")
}
