//go:build linux

package event

// mostFree is how many unused objects of each kind a loop keeps: what a busy loop has on its way at once.
const mostFree = 1024

// freeLists keep objects for reuse, so that the steady state allocates nothing. What has ended within a turn waits until the turn is
// over: others may still have it in hand.
type freeLists struct {
	clients   *clientConn
	upstreams *upstreamConn
	exchanges *exchange
	n         [3]int

	endedClients   *clientConn
	endedUpstreams *upstreamConn
	endedExchanges *exchange
}

func (k *freeLists) takeClient() *clientConn {
	c := k.clients
	if c == nil {
		return &clientConn{}
	}
	k.clients, c.next = c.next, nil
	k.n[0]--
	return c
}

func (k *freeLists) takeUpstream() *upstreamConn {
	u := k.upstreams
	if u == nil {
		return &upstreamConn{}
	}
	k.upstreams, u.next = u.next, nil
	k.n[1]--
	return u
}

func (k *freeLists) takeExchange() *exchange {
	e := k.exchanges
	if e == nil {
		return &exchange{}
	}
	k.exchanges, e.next = e.next, nil
	k.n[2]--
	return e
}

func (k *freeLists) putClient(c *clientConn) { c.next, k.endedClients = k.endedClients, c }

func (k *freeLists) putUpstream(u *upstreamConn) { u.next, k.endedUpstreams = k.endedUpstreams, u }

func (k *freeLists) putExchange(e *exchange) { e.next, k.endedExchanges = k.endedExchanges, e }

// recycle makes what has ended in this turn ready for reuse.
func (k *freeLists) recycle() {
	for c := k.endedClients; c != nil; {
		next := c.next
		if c.next = nil; k.n[0] < mostFree {
			*c = clientConn{next: k.clients}
			k.clients = c
			k.n[0]++
		}
		c = next
	}
	for u := k.endedUpstreams; u != nil; {
		next := u.next
		if u.next = nil; k.n[1] < mostFree {
			u.next, k.upstreams = k.upstreams, u
			k.n[1]++
		}
		u = next
	}
	for e := k.endedExchanges; e != nil; {
		next := e.next
		if e.next = nil; k.n[2] < mostFree {
			e.next, k.exchanges = k.exchanges, e
			k.n[2]++
		}
		e = next
	}
	k.endedClients, k.endedUpstreams, k.endedExchanges = nil, nil, nil
}
