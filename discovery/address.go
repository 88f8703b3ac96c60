package discovery

import (
	"errors"
	"net/netip"
	"strings"
)

// CheckAddress says whether a catalogue's address and port can be dialled at all: a specified IP literal without brackets and
// without zone, or a host name (RFC 1123 letters, with _ allowed as container names have it), and a port of 1 to 65535.
// Catalogues accept anything, so everything that comes out of one passes through here before it may become an Upstream.
func CheckAddress(address string, port int) error {
	if port < 1 || port > 65535 {
		return errors.New("port is not between 1 and 65535")
	}
	if ip, err := netip.ParseAddr(address); err == nil {
		switch {
		case ip.Zone() != "":
			return errors.New("address has a zone")
		case ip.Unmap().IsUnspecified(), ip.IsMulticast():
			return errors.New("address is no single host")
		}
		return nil
	}
	return checkHost(address)
}

// maxHost is the longest host name of DNS in text form (RFC 1035 §3.1), maxLabel the longest label.
const maxHost, maxLabel = 253, 63

func checkHost(host string) error {
	host = strings.TrimSuffix(host, ".")
	if host == "" {
		return errors.New("address is empty")
	}
	if len(host) > maxHost {
		return errors.New("address is too long for a host name")
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > maxLabel {
			return errors.New("address is neither an IP address nor a host name")
		}
		for i := range len(label) {
			if !hostByte(label[i]) {
				return errors.New("address is neither an IP address nor a host name")
			}
		}
	}
	return checkNumeric(host)
}

func hostByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// checkNumeric refuses what looks like an IPv4 address and is none (1.2.3.999, 2130706433): some resolvers read such forms
// as addresses all the same. A top-level domain is never all digits.
func checkNumeric(host string) error {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if strings.Trim(last, "0123456789") == "" {
		return errors.New("address is a malformed IP address")
	}
	return nil
}
