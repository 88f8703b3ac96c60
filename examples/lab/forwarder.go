package lab

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Fault is how a Forwarder treats connections.
type Fault int32

// The faults of a Forwarder. They hold for connections that are open as well as for new ones, unless said otherwise.
const (
	Healthy     Fault = iota
	Refusing          // new connections are closed at once; open ones are left alone
	Frozen            // nothing moves either way; connections stay open, new ones are accepted (a stopped process)
	DropReplies       // requests arrive, answers vanish
)

// Forwarder stands between a client and a TCP or Unix socket, and breaks on command.
type Forwarder struct {
	Address string // where to connect: host:port, or a path
	network string
	to      string
	toNet   string
	fault   atomic.Int32

	mu       sync.Mutex
	listener net.Listener
	accepts  chan struct{} // closed when the listener's last connection is in open
	open     map[*joint]struct{}
	accepted atomic.Int64
}

// joint is one connection through a Forwarder.
type joint struct {
	client   net.Conn
	server   net.Conn // nil until it is there
	gone     bool     // cut
	stranded atomic.Bool
}

// Forward starts a Forwarder to a TCP address.
func Forward(t testing.TB, to string) *Forwarder {
	t.Helper()
	return forward(t, "tcp", "127.0.0.1:0", "tcp", to)
}

// ForwardToUnix starts a Forwarder on TCP to a Unix socket: connections that Reset can end with a real RST.
func ForwardToUnix(t testing.TB, to string) *Forwarder {
	t.Helper()
	return forward(t, "tcp", "127.0.0.1:0", "unix", to)
}

// ForwardUnix starts a Forwarder to a Unix socket, on a Unix socket of its own.
func ForwardUnix(t testing.TB, to string) *Forwarder {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "fwd") // short: a Unix socket's path holds 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return forward(t, "unix", filepath.Join(dir, "sock"), "unix", to)
}

func forward(t testing.TB, network, address, toNet, to string) *Forwarder {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	f := &Forwarder{Address: l.Addr().String(), network: network, to: to, toNet: toNet, listener: l, open: map[*joint]struct{}{}}
	t.Cleanup(func() { f.Set(Healthy); f.strand(false); f.Down(); f.Reset() })
	f.listen(l)
	return f
}

// Set chooses the fault. Thawing (Healthy after Frozen) lets held bytes through.
func (f *Forwarder) Set(fault Fault) { f.fault.Store(int32(fault)) }

// Accepted counts the connections so far.
func (f *Forwarder) Accepted() int64 { return f.accepted.Load() }

// Down closes the listener: new connections are refused by the kernel. Open ones go on, and are all known to whoever cuts them next.
func (f *Forwarder) Down() {
	f.mu.Lock()
	l, accepts := f.listener, f.accepts
	f.mu.Unlock()
	_ = l.Close()
	<-accepts
}

// Up listens again on the same address.
func (f *Forwarder) Up(t testing.TB) {
	t.Helper()
	l, err := net.Listen(f.network, f.Address)
	if err != nil {
		t.Fatal(err)
	}
	f.listen(l)
}

func (f *Forwarder) listen(l net.Listener) {
	accepts := make(chan struct{})
	f.mu.Lock()
	f.listener, f.accepts = l, accepts
	f.mu.Unlock()
	go func() {
		defer close(accepts)
		f.accept(l)
	}()
}

// Finish closes all open connections in good order (FIN both ways).
func (f *Forwarder) Finish() { f.cut(-1) }

// Reset closes all open connections with RST, where the socket is TCP.
func (f *Forwarder) Reset() { f.cut(0) }

// Strand lets nothing more through on the connections that are open now, for good, and tells neither side; new ones work. It
// is what a firewall does that has forgotten its connections.
func (f *Forwarder) Strand() { f.strand(true) }

func (f *Forwarder) strand(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.open {
		l.stranded.Store(on)
	}
}

func (f *Forwarder) cut(linger int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.open {
		l.gone = true
		for _, c := range []net.Conn{l.client, l.server} {
			if tcp, ok := c.(*net.TCPConn); ok {
				_ = tcp.SetLinger(linger)
			}
			if c != nil {
				_ = c.Close()
			}
		}
	}
}

func (f *Forwarder) accept(l net.Listener) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		f.accepted.Add(1)
		if Fault(f.fault.Load()) == Refusing {
			_ = client.Close()
			continue
		}
		j := &joint{client: client}
		f.mu.Lock()
		f.open[j] = struct{}{}
		f.mu.Unlock()
		go f.relay(j)
	}
}

func (f *Forwarder) relay(l *joint) {
	defer l.client.Close()
	server, err := net.Dial(f.toNet, f.to)
	if err == nil {
		defer server.Close()
	}
	f.mu.Lock()
	gone := l.gone
	if err == nil {
		l.server = server
	}
	f.mu.Unlock()
	if err == nil && !gone {
		var both sync.WaitGroup
		both.Go(func() { f.copy(l, server, l.client, false) })
		both.Go(func() { f.copy(l, l.client, server, true) })
		both.Wait()
	}
	f.mu.Lock()
	delete(f.open, l)
	f.mu.Unlock()
}

// copy moves bytes one way, waiting while frozen, and passes a half-close on.
func (f *Forwarder) copy(l *joint, to, from net.Conn, reply bool) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		for (Fault(f.fault.Load()) == Frozen || l.stranded.Load()) && err == nil {
			time.Sleep(5 * time.Millisecond)
		}
		if n > 0 && !(reply && Fault(f.fault.Load()) == DropReplies) {
			if _, werr := to.Write(buf[:n]); werr != nil {
				return
			}
		}
		if err != nil {
			if half, ok := to.(interface{ CloseWrite() error }); ok && err == io.EOF {
				_ = half.CloseWrite()
			}
			return
		}
	}
}
