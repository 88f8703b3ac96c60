// Package outside judges what comes from outside of the process before it is used: addresses and host names, as catalogues, containers,
// DNS and files give them. It keeps no state, and everybody may import it.
//
// An address passes twice: as text when it is read (CheckHost, CheckUnicast, CheckInstance), which costs its owner a visible refusal, and
// as the address that is dialled, after its name was looked up, at the Gate.
package outside

import (
	"errors"
	"net/netip"
	"strings"
)

// broadcast is the limited broadcast address (RFC 919).
var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// CheckUnicast says why an address is not that of one host, or nil: it has a zone, or it is unspecified (0.0.0.0, ::), multicast or
// broadcast. An IPv4 address in IPv6 form is judged as what it is.
func CheckUnicast(ip netip.Addr) error {
	plain := ip.Unmap()
	switch {
	case !ip.IsValid():
		return errors.New("no address")
	case ip.Zone() != "":
		return errors.New("address has a zone")
	case plain.IsUnspecified(), plain.IsMulticast(), plain == broadcast:
		return errors.New("address is not that of one host")
	}
	return nil
}

// nat64 is the prefix under which a network's gateway reaches IPv4 (RFC 6052 section 2.1): the last four bytes are the address.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// CheckInstance is CheckUnicast that refuses link-local addresses as well, also behind a NAT64 prefix: no instance has one, and a cloud's
// metadata service, which hands out credentials, does (169.254.169.254).
func CheckInstance(ip netip.Addr) error {
	if err := CheckUnicast(ip); err != nil {
		return err
	}
	plain := ip.Unmap()
	if nat64.Contains(plain) {
		b := plain.As16()
		plain = netip.AddrFrom4([4]byte(b[12:]))
	}
	if plain.IsLinkLocalUnicast() {
		return errors.New("address is link-local")
	}
	return nil
}

// ParseLiteral is the address that a host means without a look-up: an IP literal, or localhost (RFC 6761 section 6.3), which is taken for
// 127.0.0.1.
func ParseLiteral(host string) (netip.Addr, bool) {
	lower := strings.ToLower(strings.TrimSuffix(host, "."))
	if lower == "localhost" || strings.HasSuffix(lower, ".localhost") {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), true
	}
	ip, err := netip.ParseAddr(host)
	return ip, err == nil
}

// MaxHost is the length of the longest host name of DNS in text form, in bytes (RFC 1035 section 2.3.4), maxLabel that of the longest
// label.
const MaxHost, maxLabel = 253, 63

// errNoHost is all that is said of what is no host: the text itself is the caller's to show, made fit for people.
var errNoHost = errors.New("address is neither an IP address nor a host name")

// CheckHost says why a text is no host that can be dialled, or nil: it is a host name (see IsHostName), and a dot may end it. What
// resolvers may read as a number is none, see endsInNumber.
func CheckHost(host string) error {
	host = strings.TrimSuffix(host, ".")
	switch {
	case host == "":
		return errors.New("address is empty")
	case len(host) > MaxHost:
		return errors.New("address is too long for a host name")
	case !IsHostName(host):
		return errNoHost
	case endsInNumber(strings.ToLower(host)):
		return errors.New("address is a malformed IP address")
	}
	return nil
}

// IsHostName says whether a text consists of labels of letters, digits, - and _ (which container names have), each of 1 to 63 bytes, with
// dots between, and 253 bytes in all. An IPv4 address is one too; a text with a dot at its end is none.
func IsHostName(text string) bool {
	if len(text) > MaxHost {
		return false
	}
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || len(label) > maxLabel {
			return false
		}
		for i := range len(label) {
			if !hostByte(label[i]) {
				return false
			}
		}
	}
	return true
}

func hostByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// endsInNumber says whether a host's last label is a number in decimal, octal or hexadecimal (127.1, 1.2.3.999, 2130706433, 0x7f.1):
// inet_aton(3) and what is built on it read such texts as IPv4 addresses. No top-level domain is a number.
func endsInNumber(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(last, "0123456789") == ""
}
