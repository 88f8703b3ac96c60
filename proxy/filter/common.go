package filter

import (
	"context"
	"net"
	"net/http"

	"github.com/pointsman/pointsman/discovery/outside"
)

// Common is what the filters of all routes share: verified passwords, connections to auth servers. Safe for concurrent use. Make it
// with NewCommon, once in a process.
type Common struct {
	passwords *passwords
	services  *http.Transport // instances of services, through the gate
	operators *http.Transport // wherever the operator says
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// NewCommon makes one. The gate judges each address that a route's owner leads to.
func NewCommon(gate outside.Gate) *Common {
	return &Common{passwords: newPasswords(), services: transport(gate.Dial), operators: transport(new(net.Dialer).DialContext)}
}
