package names

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// dns is the system's own look-up: /etc/hosts, search domains, DNS, with servers that dial connects to. Go's resolver does not tell the TTL,
// so that the answers are looked at on their way to it; those that come over TCP are not, and hold for plainTTL.
func dns(dial func(ctx context.Context, network, address string) (net.Conn, error)) Lookup {
	return func(ctx context.Context, host string) ([]netip.Addr, time.Duration, error) {
		var seen lowest
		resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dial(ctx, network, address)
			if udp, ok := c.(*net.UDPConn); ok && err == nil {
				return &watched{udp, &seen}, nil
			}
			return c, err
		}}
		list, err := resolver.LookupNetIP(ctx, "ip", host)
		return list, seen.ttl(), err
	}
}

// watched is a connection to a DNS server whose answers are looked at. It is a net.PacketConn, by which net knows that it is UDP.
type watched struct {
	*net.UDPConn
	seen *lowest
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.UDPConn.Read(b)
	if err == nil {
		w.seen.look(b[:n])
	}
	return n, err
}

// lowest is the lowest TTL of all answers so far.
type lowest struct {
	mu    sync.Mutex
	known bool
	value uint32 // seconds
}

func (l *lowest) ttl() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.known {
		return 0
	}
	return max(time.Duration(l.value)*time.Second, leastTTL)
}

// look takes the TTLs of a message (RFC 1035 section 4.1.3). What can't be read says nothing: the resolver judges it.
func (l *lowest) look(message []byte) {
	var p dnsmessage.Parser
	if head, err := p.Start(message); err != nil || !head.Response || p.SkipAllQuestions() != nil {
		return
	}
	for {
		a, err := p.AnswerHeader()
		if err != nil || p.SkipAnswer() != nil {
			return
		}
		l.mu.Lock()
		if !l.known || a.TTL < l.value {
			l.known, l.value = true, a.TTL
		}
		l.mu.Unlock()
	}
}
