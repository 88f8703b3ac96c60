package lab

import (
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Ledger counts how often each request ("METHOD id") reached an application.
type Ledger struct {
	Address string  // UDP address for containers; "" for one that only this process writes
	Into    *Ledger // gets everything as well; nil for nowhere
	remote  net.Conn
	mu      sync.Mutex
	seen    map[string]int
}

// NewLedger makes a ledger for Upstreams of this process.
func NewLedger() *Ledger { return &Ledger{seen: map[string]int{}} }

// DialLedger makes a ledger that only tells the one at a UDP address, which another process listens to.
func DialLedger(t testing.TB, address string) *Ledger {
	t.Helper()
	conn, err := net.Dial("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &Ledger{remote: conn}
}

// ListenLedger makes a ledger that instances of examples/web (-ledger) in containers write into. Host is an address of this
// machine that they can reach.
func ListenLedger(t testing.TB, host string) *Ledger {
	t.Helper()
	conn, err := net.ListenPacket("udp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	deepen(conn.(*net.UDPConn)) // bursts while the test is busy must not overflow
	l := NewLedger()
	l.Address = conn.LocalAddr().String()
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buf := make([]byte, 256)
		for {
			n, _, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			l.Add(string(buf[:n]))
		}
	}()
	return l
}

// deepen makes a socket's buffer hold some ten thousand arrivals; for others than root it is as much as the system allows.
func deepen(conn *net.UDPConn) {
	const size = 16 << 20
	_ = conn.SetReadBuffer(size)
	if raw, err := conn.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE, size) })
	}
}

// Add notes one arrival.
func (l *Ledger) Add(request string) {
	if l.Into != nil {
		l.Into.Add(request)
	}
	if l.remote != nil {
		_, _ = l.remote.Write([]byte(request))
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[request]++
}

// Duplicates are the requests of a method ("" for all) that arrived more than once.
func (l *Ledger) Duplicates(method string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []string
	for request, n := range l.seen {
		if n > 1 && strings.HasPrefix(request, method) {
			list = append(list, request)
		}
	}
	return list
}

// Of counts how often one request ("METHOD id") arrived.
func (l *Ledger) Of(request string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[request]
}

// Arrived counts the different requests seen.
func (l *Ledger) Arrived() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.seen)
}

// Arrivals counts what was seen, duplicates included.
func (l *Ledger) Arrivals() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := 0
	for _, n := range l.seen {
		all += n
	}
	return all
}
