package dialect

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/discovery/outside"
)

// expand replaces $DC and ${DC} in a source with a slash, and any other $name by nothing, as Fabio does.
func expand(source string, env Env) string {
	if !strings.Contains(source, "/") || !strings.Contains(source, "$") {
		return source
	}
	return os.Expand(source, func(name string) string {
		if name == "DC" {
			return env.Datacenter
		}
		return ""
	})
}

// parseSource reads host[:port][/path].
func (r *Rule) parseSource(source string) error {
	authority, path := source, "/"
	if i := strings.IndexByte(source, '/'); i >= 0 {
		authority, path = source[:i], source[i:]
	}
	if err := checkPath(path); err != nil {
		return err
	}
	host, port, err := splitAuthority(strings.ToLower(authority))
	if err != nil {
		return err
	}
	if _, err := checkHost(host); err != nil {
		return err
	}
	r.Host, r.Port, r.Path = host, port, path
	return nil
}

// splitAuthority takes host:port apart; a trailing dot of the host is dropped.
func splitAuthority(authority string) (host, port string, err error) {
	host = authority
	// A colon inside brackets belongs to an IPv6 literal.
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && i > strings.LastIndexByte(authority, ']') {
		host, port = authority[:i], authority[i+1:]
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || port[0] == '0' {
			return "", "", fmt.Errorf("port %q is not between 1 and 65535", port)
		}
		if host == "" {
			return "", "", errors.New("a port without a host")
		}
	}
	return strings.TrimSuffix(host, "."), port, nil
}

// checkHost says whether a host is well formed, and whether it is a pattern.
func checkHost(host string) (glob bool, err error) {
	if len(host) > outside.MaxHost {
		return false, fmt.Errorf("the host is longer than %d bytes", outside.MaxHost)
	}
	if strings.HasPrefix(host, "[") && strings.Contains(host, ":") {
		addr, err := netip.ParseAddr(strings.TrimSuffix(host[1:], "]"))
		if err != nil || !addr.Is6() || addr.Zone() != "" || !strings.HasSuffix(host, "]") {
			return false, fmt.Errorf("host %q is no IPv6 address", host)
		}
		return false, nil
	}
	if strings.ContainsAny(host, "*?[{") {
		_, err := ParsePattern(host)
		return true, err
	}
	if host != "" && !outside.IsHostName(host) {
		return false, fmt.Errorf("host %q is not well formed", host)
	}
	return false, nil
}

// hostByte says whether a byte stands in host names in lower case.
func hostByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// checkPath says whether a path is well formed and holds no dot segment: requests are normalised, so none could match.
func checkPath(path string) error {
	if path == "" || path[0] != '/' {
		return fmt.Errorf("path %q does not begin with a slash", path)
	}
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c == '%' {
			if i+2 >= len(path) || !isHex(path[i+1]) || !isHex(path[i+2]) {
				return fmt.Errorf("path %q holds a bad percent escape", path)
			}
			continue
		}
		if c <= ' ' || c >= 0x7f || strings.IndexByte("#?\"<>\\^`{|}", c) >= 0 {
			return fmt.Errorf("path %q holds %q, which no request path does unencoded", path, c)
		}
	}
	for segment := range strings.SplitSeq(path, "/") {
		if len(segment) <= len("%2e%2e") {
			if s := strings.ReplaceAll(strings.ToLower(segment), "%2e", "."); s == "." || s == ".." {
				return fmt.Errorf("path %q holds a dot segment", path)
			}
		}
	}
	return nil
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}
