package dialect

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// parseNetworks reads a list of ip:<address or network>; the ip: is Fabio's, and may be absent where bare is true. Every single one must be
// good.
func parseNetworks(list []string, bare bool) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, one := range list {
		text, ok := strings.CutPrefix(one, "ip:")
		p, err := parseNetwork(text)
		if bare && err != nil {
			return nil, fmt.Errorf("%q is neither an address nor a network; the route is refused", shown(one))
		}
		if !ok && !bare || err != nil {
			return nil, fmt.Errorf("%q is not ip:<address> or ip:<network>; the route is refused", shown(one))
		}
		out = append(out, p)
	}
	return out, nil
}

func parseNetwork(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, errors.New("no address")
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	if a := p.Addr(); a.Is4In6() {
		const mapped = 96 // bits of ::ffff:0:0/96
		if p.Bits() < mapped {
			return netip.Prefix{}, errors.New("wider than the mapped IPv4 range")
		}
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-mapped)
	}
	return p.Masked(), nil
}

// networks is a list in the form that parseNetworks reads.
func networks(list []netip.Prefix) string {
	texts := make([]string, len(list))
	for i, p := range list {
		texts[i] = "ip:" + p.String()
	}
	return strings.Join(texts, ",")
}
