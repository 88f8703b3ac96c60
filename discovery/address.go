package discovery

import (
	"errors"
	"net/netip"

	"github.com/pointsman/pointsman/discovery/outside"
)

// CheckAddress says whether a catalogue's address and port can be dialled at all: an IP literal of one host without brackets and without
// zone, or a host name, and a port of 1 to 65535. Catalogues accept anything, so everything that comes out of one passes through here
// before it may become an Upstream. What may be dialled of it is judged there, see outside.Gate.
func CheckAddress(address string, port int) error {
	if port < 1 || port > 65535 {
		return errors.New("port is not between 1 and 65535")
	}
	if ip, err := netip.ParseAddr(address); err == nil {
		return outside.CheckUnicast(ip)
	}
	return outside.CheckHost(address)
}
