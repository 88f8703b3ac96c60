package http1

import (
	"net/netip"
	"strings"

	"github.com/pointsman/pointsman/discovery/outside"
)

// ValidAuthority says whether s is a host of at most 253 bytes with an optional port and nothing else (RFC 3986 section 3.2): no user,
// no path. The empty string is valid: RFC 9112 section 3.2 has it for targets without an authority. Nobody serves a
// longer name than DNS knows, and what looks a host up need not be ready for one.
func ValidAuthority(s string) bool {
	if s != "" && s[0] == '[' {
		return validLiteral(s)
	}
	for i := 0; i < len(s); i++ {
		if classes[s[i]]&inHost == 0 {
			return i > 0 && i <= outside.MaxHost && validPort(s[i:])
		}
	}
	return len(s) <= outside.MaxHost
}

// validLiteral is true for an IPv6 address in brackets, without a zone, which means something on one machine only.
func validLiteral(s string) bool {
	end := strings.IndexByte(s, ']')
	if end < 0 {
		return false
	}
	addr, err := netip.ParseAddr(s[1:end])
	return err == nil && addr.Is6() && addr.Zone() == "" && validPort(s[end+1:])
}

// validPort is true for nothing, and for a colon with up to five digits, none included (RFC 3986 section 3.2.3).
func validPort(s string) bool {
	if s == "" {
		return true
	}
	if s[0] != ':' || len(s) > 6 {
		return false
	}
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// LowerHost is a host or an authority in lower case; it allocates only where there is upper case in it.
func LowerHost(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= 'A' && c <= 'Z' {
			return strings.ToLower(s)
		}
	}
	return s
}

// HostOnly is an authority without its port.
func HostOnly(authority string) string {
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && strings.IndexByte(authority[i:], ']') < 0 {
		return authority[:i]
	}
	return authority
}
