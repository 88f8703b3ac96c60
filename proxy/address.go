package proxy

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// checkAddress says why an instance must not be dialled, or nil. Registrations are trusted by nobody: an address may be none
// at all, a cloud's metadata service (link-local), or one of our own listeners.
func (o *Options) checkAddress(in *discovery.Instance) error {
	if in.Port < 1 || in.Port > 65535 {
		return fmt.Errorf("port %d is not between 1 and 65535", in.Port)
	}
	if in.Address == "" {
		return errors.New("no address")
	}
	if err := checkHost(in.Address); err != nil {
		return err
	}
	if addr := net.JoinHostPort(in.Address, strconv.Itoa(in.Port)); o.Own != nil && o.Own(addr) {
		return fmt.Errorf("address %s is a listener of this proxy", addr)
	}
	if o.OwnContainer != "" && strings.HasPrefix(in.Container, o.OwnContainer) {
		return errors.New("it is registered for the container that this proxy runs in")
	}
	return nil
}

func checkHost(host string) error {
	ip, err := netip.ParseAddr(host)
	if err != nil {
		lower := strings.ToLower(strings.TrimSuffix(host, "."))
		last := lower[strings.LastIndexByte(lower, '.')+1:]
		// Some resolvers read names such as 127.1 or 0x7f000001 as numbers; no real name ends in a number.
		if !dialect.ValidHost(lower) || last[0] >= '0' && last[0] <= '9' {
			return fmt.Errorf("address %s is neither an IP address nor a host name", quoted(host))
		}
		return nil
	}
	plain := ip.Unmap()
	switch {
	case ip.Zone() != "":
		return fmt.Errorf("address %s has a zone", quoted(host))
	case plain.IsUnspecified(), plain.IsMulticast(), plain.IsLinkLocalUnicast(), plain == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return fmt.Errorf("address %s is not that of an instance", quoted(host))
	}
	return nil
}

// maxShown is how much of a name from the catalogue is worth showing to a person.
const maxShown = 128

// quoted is a text from the catalogue for people: escaped, and bounded.
func quoted(s string) string {
	if len(s) > maxShown {
		return strconv.QuoteToASCII(s[:maxShown]) + "..."
	}
	return strconv.QuoteToASCII(s)
}

// escaped is quoted without the quotes, for fields of their own.
func escaped(s string) string {
	tail := ""
	if len(s) > maxShown {
		s, tail = s[:maxShown], "..."
	}
	q := strconv.QuoteToASCII(s)
	return q[1:len(q)-1] + tail
}

// label is a service's name fit for a metric label: printable ASCII, bounded.
func label(name string) string {
	clean := true
	for i := 0; i < len(name); i++ {
		clean = clean && name[i] > ' ' && name[i] < 0x7f && name[i] != '"' && name[i] != '\\'
	}
	if clean && len(name) <= maxShown {
		return name
	}
	b := []byte(name[:min(len(name), maxShown)])
	for i, c := range b {
		if c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			b[i] = '_'
		}
	}
	return string(b)
}
