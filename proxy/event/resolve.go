//go:build linux

package event

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/pointsman/pointsman/proxy"
)

// resolve looks the instance's name up for one connection, as a dial would, and goes on with j in the loop. Names are rare: catalogues
// hold addresses as a rule.
func (p *pool) resolve(j *job) {
	l, ticket, address := p.loop, j.ticket, p.up.Address()
	l.server.lookups.Go(func() {
		ctx, cancel := context.WithTimeout(l.server.life, l.server.limits.Connect)
		defer cancel()
		to, err := lookup(ctx, address)
		l.post(letter{do: func() {
			if j.ticket == ticket {
				c := j.client
				l.current = &c.sock
				j.resolved(p, to, err)
				c.goOn()
			}
		}})
	})
}

// lookup is where an address with a name leads, by the order of RFC 6724.
func lookup(ctx context.Context, address string) (netip.AddrPort, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("read address: %w", err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("read port of %q: %w", address, err)
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if len(found) == 0 {
		return netip.AddrPort{}, errors.New("no address")
	}
	return netip.AddrPortFrom(found[0], uint16(port)), nil
}

// resolved goes on with an attempt.
func (j *job) resolved(p *pool, to netip.AddrPort, err error) {
	l := p.loop
	if err != nil {
		l.server.log.Debug().Err(err).Str("instance", p.up.Address()).Msg("look an instance's name up")
		j.again(l.seat.ConnectFailed(p.up, err), false)
		return
	}
	var failure proxy.Failure
	if j.u, failure = p.connectTo(j, sockaddrOf(to)); j.u == nil {
		j.again(failure, false)
	}
}
