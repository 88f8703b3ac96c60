package dialect

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// words are the options of a line in their order. Keys are in lower case.
type words []struct{ key, value string }

// restrictions are the options that narrow who may use a route. Said twice, it is unclear which one is meant.
const restrictions = " allow deny auth "

func restriction(key string) bool { return strings.Contains(restrictions, " "+key+" ") }

func parseWords(in []string) words {
	out := make(words, 0, len(in))
	for _, w := range in {
		key, value, _ := strings.Cut(w, "=")
		out = append(out, struct{ key, value string }{strings.ToLower(key), value})
	}
	return out
}

// value is that of the last word with the key, as in Fabio.
func (w words) value(key string) (value string) {
	for _, o := range w {
		if o.key == key {
			value = o.value
		}
	}
	return value
}

// parseOptions sets the rule's options. All of them are read even after an error, so that restricted is true whenever a restriction could
// not be honoured, or stood in a tag with another error: such a tag must not be replaced by an unrestricted route.
func (l *line) parseOptions(list words) (restricted bool, err error) {
	seen := ""
	for _, w := range list {
		var bad error
		if restriction(w.key) {
			restricted = true
			if seen != "" {
				bad = fmt.Errorf("%s and %s in one tag", seen, w.key)
			}
			seen = w.key
		}
		if bad == nil {
			bad = l.set(w.key, w.value)
		}
		if bad != nil && err == nil {
			err = bad
		}
	}
	return restricted, err
}

func (l *line) set(key, value string) (err error) {
	o, p := &l.rule.Options, &l.rule.Policy
	switch key {
	case "weight":
		o.Weight, err = parseWeight(value)
	case "redirect":
		p.Redirect, err = parseRedirect(value)
	case "strip":
		o.Strip = value
		err = checkPath(value)
	case "prepend":
		o.Prepend = strings.TrimSuffix(value, "/")
		err = checkPath(value)
	case "host":
		err = o.setHost(value)
	case "proto":
		l.setProto(value)
	case "tlsskipverify":
		l.setSkip(value)
	case "allow":
		p.Allow, err = parseNetworks(value)
	case "deny":
		p.Deny, err = parseNetworks(value)
	case "auth":
		err = errors.New("auth is not available here: the route is refused rather than served to everybody")
	case "register", "pxyproto", "grpcservername":
		l.note("%s is not in effect", key)
	default:
		l.note("%q is not an option", shown(key))
	}
	return err
}

func (o *Options) setHost(value string) error {
	if value == "dst" {
		o.Host, o.HostDst = "", true
		return nil
	}
	text, _, err := splitAuthority(strings.ToLower(value))
	if err != nil {
		return err
	}
	if host, err := ParseHost(text); err != nil || host.Kind != HostExact {
		return fmt.Errorf("host=%s names no host", shown(value))
	}
	o.Host, o.HostDst = value, false
	return nil
}

func (l *line) setProto(value string) {
	l.rule.Options.TLS = value == "https"
	if value != "https" && value != "http" && value != "" {
		l.note("proto=%s is not known; http is used", shown(value))
	}
}

func (l *line) setSkip(value string) {
	l.rule.Options.TLSSkipVerify = value == "true"
	if value != "true" && value != "false" {
		l.note("tlsskipverify=%s is neither true nor false; certificates are verified", shown(value))
	}
}

// maxWeight keeps sums finite. Shares above 1 are scaled down anyway.
const maxWeight = 1e6

func parseWeight(value string) (float64, error) {
	w, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(w) || math.IsInf(w, 0) {
		return 0, fmt.Errorf("weight=%s is not a number", shown(value))
	}
	return min(max(w, 0), maxWeight), nil
}

func parseRedirect(value string) (*Redirect, error) {
	code, target, ok := strings.Cut(value, ",")
	if !ok || strings.Contains(target, ",") {
		return nil, errors.New("redirect needs a code, one comma, and a URL")
	}
	n, err := strconv.Atoi(code)
	if err != nil || n < 300 || n > 399 {
		return nil, fmt.Errorf("redirect code %s is not between 300 and 399", shown(code))
	}
	if !redirectURL(target) {
		return nil, fmt.Errorf("redirect URL %s is neither http, https, nor a path", shown(target))
	}
	return &Redirect{Code: n, URL: target}, nil
}

// redirectURL says whether the text becomes a URL that we may send, once $host and $path are filled in.
func redirectURL(text string) bool {
	if strings.ContainsAny(text, "\"<>\\^`{|}") || strings.HasPrefix(text, "//") {
		return false
	}
	if _, rest, ok := strings.Cut(text, "://"); ok && (strings.HasPrefix(rest, "$path") || strings.HasPrefix(rest, "/")) {
		return false // the path would name the host
	}
	filled := strings.NewReplacer("/$path", "/p", "$path", "/p", "$host", "h").Replace(text)
	u, err := url.Parse(filled)
	if err != nil || u.User != nil {
		return false
	}
	if u.Scheme == "" {
		return strings.HasPrefix(filled, "/")
	}
	return (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// parseNetworks reads ip:<address or network>, comma separated. Every single one must be good.
func parseNetworks(value string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for one := range strings.SplitSeq(value, ",") {
		text, ok := strings.CutPrefix(one, "ip:")
		p, err := parseNetwork(text)
		if !ok || err != nil {
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
