package filter

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync"

	"github.com/pointsman/pointsman/discovery/outside"
)

// Common is what the filters of all routes share: verified passwords, files of users, connections to auth servers. Safe for concurrent
// use. Make it with NewCommon, once in a process.
type Common struct {
	passwords *passwords
	services  *http.Transport // instances of services, through the gate
	named     *http.Transport // addresses that tags and KV name
	operators *http.Transport // wherever the operator says

	mu    sync.Mutex
	files map[string]*htpasswd // by path; as many as the operator's lines name
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// NewCommon makes one. The gate judges each address that a route's owner leads to.
func NewCommon(gate outside.Gate) *Common {
	named := func(ctx context.Context, network, address string) (net.Conn, error) {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return nil, err
		}
		if err := gate.CheckNamed(to); err != nil {
			return nil, err
		}
		return gate.Dial(ctx, network, address)
	}
	return &Common{passwords: newPasswords(), services: transport(gate.Dial), named: transport(named),
		operators: transport(new(net.Dialer).DialContext), files: map[string]*htpasswd{}}
}

// file is the file of users at a path.
func (c *Common) file(path string) *htpasswd {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.files[path] == nil {
		c.files[path] = &htpasswd{path: path, turns: c.passwords.turns()}
	}
	return c.files[path]
}

// HasFiles says whether any route has a file of users.
func (c *Common) HasFiles() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.files) > 0
}

// Reload reads all files of users again, at once. The error says which can't be read: their routes let nobody in until they can.
func (c *Common) Reload() (changed bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range c.files {
		is, bad := h.reload()
		changed, err = changed || is, errors.Join(err, bad)
	}
	return changed, err
}
