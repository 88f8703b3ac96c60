package names

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// A look-up asks for IPv4 and for IPv6 addresses at once, and Go's resolver is content with the answer to one of the two questions. Each
// question is noted when it goes out, and struck out when its answer comes.

// dns is the system's own look-up: /etc/hosts, search domains, DNS, with servers that dial connects to. Go's resolver does not tell the TTL,
// so that the answers are looked at on their way to it; those that come over TCP are not, and hold for plainTTL.
func dns(dial func(ctx context.Context, network, address string) (net.Conn, error)) Lookup {
	return func(ctx context.Context, host string) ([]netip.Addr, time.Duration, error) {
		var seen talk
		resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dial(ctx, network, address)
			if udp, ok := c.(*net.UDPConn); ok && err == nil {
				return &watched{udp, &seen}, nil
			}
			return c, err
		}}
		list, err := resolver.LookupNetIP(ctx, "ip", host)
		if err == nil {
			err = seen.incomplete(host, list)
		}
		return list, seen.ttl(), err
	}
}

// watched is a connection to a DNS server whose questions and answers are looked at. It is a net.PacketConn, by which net knows that it is UDP.
type watched struct {
	*net.UDPConn
	seen *talk
}

func (w *watched) Write(b []byte) (int, error) {
	w.seen.question(b)
	return w.UDPConn.Write(b)
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.UDPConn.Read(b)
	if err == nil {
		w.seen.answer(b[:n])
	}
	return n, err
}

// talk is what went to and fro in one look-up. The zero value is ready.
type talk struct {
	mu    sync.Mutex
	known bool
	value uint32 // the lowest TTL of all answers so far, in seconds
	open  map[dnsmessage.Question]bool
}

func (t *talk) ttl() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.known {
		return 0
	}
	return max(time.Duration(t.value)*time.Second, leastTTL)
}

// incomplete is an error where there was no answer about a family of which the list has no address.
func (t *talk) incomplete(host string, list []netip.Addr) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for q := range t.open {
		is4, family := true, "IPv4"
		if q.Type == dnsmessage.TypeAAAA {
			is4, family = false, "IPv6"
		}
		if !slices.ContainsFunc(list, func(a netip.Addr) bool { return a.Unmap().Is4() == is4 }) {
			return &net.DNSError{Err: "no answer about its " + family + " addresses", Name: host, IsTemporary: true}
		}
	}
	return nil
}

// question takes what is asked (RFC 1035 section 4.1.2).
func (t *talk) question(message []byte) {
	var p dnsmessage.Parser
	if _, err := p.Start(message); err != nil {
		return
	}
	q, err := p.Question()
	if err != nil || q.Type != dnsmessage.TypeA && q.Type != dnsmessage.TypeAAAA {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open = map[dnsmessage.Question]bool{}
	}
	t.open[q] = true
}

// answer takes which question is answered, and the TTLs (RFC 1035 section 4.1.3). A server's failure, or its refusal, is no answer. What can't
// be read says nothing: the resolver judges it.
func (t *talk) answer(message []byte) {
	var p dnsmessage.Parser
	head, err := p.Start(message)
	if err != nil || !head.Response {
		return
	}
	q, err := p.Question()
	if err != nil || p.SkipAllQuestions() != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if head.RCode == dnsmessage.RCodeSuccess || head.RCode == dnsmessage.RCodeNameError {
		delete(t.open, q)
	}
	for {
		a, err := p.AnswerHeader()
		if err != nil || p.SkipAnswer() != nil {
			return
		}
		if !t.known || a.TTL < t.value {
			t.known, t.value = true, a.TTL
		}
	}
}
