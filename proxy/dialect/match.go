package dialect

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/pointsman/pointsman/discovery/outside"
)

// Match says which requests a rule is about. It is compiled: whoever looks routes up reads nothing again.
type Match struct {
	Host Host
	// Port is the one that a request names, or that of its scheme where it names none; "" is any.
	Port string
	Path Path
	// Conditions are what else has to hold; nil is nothing.
	Conditions *Conditions
	// Priority orders the routes of one host: higher ones are tried first. 0 leaves the order to what they match.
	Priority int
}

// Same says whether two matches take the same requests, whatever their Priority.
func (m Match) Same(o Match) bool {
	return m.Host.Text == o.Host.Text && m.Port == o.Port && m.Path == o.Path && m.Conditions.Text() == o.Conditions.Text()
}

// Host says which hosts a rule is about. Make it with ParseHost.
type Host struct {
	Kind HostKind
	// Text is the host in lower case, without port, as it is written in tags; "" for HostAny.
	Text string
	// Pattern is what Text means where Kind is HostPattern; nil otherwise.
	Pattern *Pattern
}

// HostKind is how a Host names hosts.
type HostKind uint8

const (
	// HostAny is no host: any.
	HostAny HostKind = iota
	// HostExact is one host name, or an IP address, IPv6 in brackets.
	HostExact
	// HostWildcard is *. and a name: all hosts that end in it, however many labels stand in front.
	HostWildcard
	// HostPattern is any other Pattern.
	HostPattern
)

// ParseHost reads a host or host pattern in lower case, without a port and without a dot at its end.
func ParseHost(text string) (Host, error) {
	rest, starred := strings.CutPrefix(text, "*.")
	switch {
	case text == "":
		return Host{}, nil
	case len(text) > outside.MaxHost:
		return Host{}, fmt.Errorf("the host is longer than %d bytes", outside.MaxHost)
	case strings.HasPrefix(text, "[") && strings.Contains(text, ":"):
		addr, err := netip.ParseAddr(strings.TrimSuffix(text[1:], "]"))
		if err != nil || !addr.Is6() || addr.Zone() != "" || !strings.HasSuffix(text, "]") {
			return Host{}, fmt.Errorf("host %q is no IPv6 address", text)
		}
		return Host{Kind: HostExact, Text: text}, nil
	case starred && outside.IsHostName(rest):
		return Host{Kind: HostWildcard, Text: text}, nil
	case strings.ContainsAny(text, "*?[{"):
		p, err := ParsePattern(text)
		if err != nil {
			return Host{}, err
		}
		return Host{Kind: HostPattern, Text: text, Pattern: p}, nil
	case !outside.IsHostName(text):
		return Host{}, fmt.Errorf("host %q is not well formed", text)
	}
	return Host{Kind: HostExact, Text: text}, nil
}

// Path says which paths a rule is about. Make it with ParsePath.
type Path struct {
	Kind PathKind
	// Text begins with a slash and is still percent-encoded.
	Text string
}

// PathKind is how a Path names paths.
type PathKind uint8

const (
	// PathSegments is a prefix of whole segments: /foo takes /foo and /foo/bar, not /foobar.
	PathSegments PathKind = iota
	// PathPrefix is a prefix wherever it ends: /foo takes /foobar too.
	PathPrefix
	// PathExact is the one path.
	PathExact
)

// Width orders the kinds of a text: what takes less has less.
func (k PathKind) Width() int {
	return [...]int{PathExact: 0, PathSegments: 1, PathPrefix: 2}[k]
}

// ParsePath reads the text of a path as one of a kind.
func ParsePath(kind PathKind, text string) (Path, error) {
	if err := checkPath(text); err != nil {
		return Path{}, err
	}
	return Path{Kind: kind, Text: text}, nil
}

// Takes says whether a kind takes a path whose first n bytes are known to be the text of a rule's. No allocation.
func (k PathKind) Takes(path string, n int) bool {
	return k == PathPrefix || n == len(path) || k == PathSegments && (path[n] == '/' || n > 0 && path[n-1] == '/')
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
