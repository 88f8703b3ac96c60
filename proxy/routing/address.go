package routing

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
)

// checkAddress says why an instance must not be dialled, or nil. Registrations are trusted by nobody: an address may be none at all, a
// cloud's metadata service, or one of our own listeners. Where a name leads is judged when it is dialled, see outside.Gate.
func (o *Options) checkAddress(in *discovery.Instance) error {
	if in.Port < 1 || in.Port > 65535 {
		return fmt.Errorf("port %d is not between 1 and 65535", in.Port)
	}
	if in.Address == "" {
		return errors.New("no address")
	}
	if ip, ok := outside.ParseLiteral(in.Address); ok {
		if err := o.Gate.Check(netip.AddrPortFrom(ip, uint16(in.Port))); err != nil {
			return err
		}
	} else if err := outside.CheckHost(in.Address); err != nil {
		return fmt.Errorf("%s: %w", quoted(in.Address), err)
	}
	if o.OwnContainer != "" && strings.HasPrefix(in.Container, o.OwnContainer) {
		return errors.New("it is registered for the container that this proxy runs in")
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

// Label is the name under which the requests of a service are counted: Route.Name.
func Label(service string) string { return label(service) }

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
