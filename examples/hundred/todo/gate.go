package main

import (
	"context"
	"net"
	"sync"
	"syscall"
	"time"
)

// gate is a listener that can go deaf: its queue is full then, so that the kernel answers no attempt to connect, as with a host that is
// out of reach.
type gate struct {
	*net.TCPListener
	idle func(keep bool) // closes idle connections when it is false

	mu   sync.Mutex
	deaf context.Context // ends when it accepts again; nil is never deaf
}

func newGate(l *net.TCPListener) *gate { return &gate{TCPListener: l} }

// queue is how many connections may wait while it is not deaf.
const queue = 1024

// Accept accepts a connection. While the gate is deaf, one that came first waits.
func (g *gate) Accept() (net.Conn, error) {
	c, err := g.TCPListener.Accept()
	g.mu.Lock()
	deaf := g.deaf
	g.mu.Unlock()
	if deaf != nil {
		<-deaf.Done()
	}
	return c, err
}

// shut makes the gate deaf until ctx ends.
func (g *gate) shut(ctx context.Context) error {
	if err := g.resize(0); err != nil {
		return err
	}
	g.mu.Lock()
	g.deaf = ctx
	g.mu.Unlock()
	g.idle(false)
	var fill []net.Conn // what Accept holds, what the queue holds, and one that finds it full
	for range 3 {
		if c, err := net.DialTimeout("tcp", g.Addr().String(), 50*time.Millisecond); err == nil {
			fill = append(fill, c)
		}
	}
	context.AfterFunc(ctx, func() {
		for _, c := range fill {
			_ = c.Close()
		}
		g.idle(true)
		_ = g.resize(queue) // it keeps a queue of one otherwise
	})
	return nil
}

// resize sets how many connections may wait to be accepted: listen(2) may be called again.
func (g *gate) resize(n int) error {
	raw, err := g.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = syscall.Listen(int(fd), n) }); err != nil {
		return err
	}
	return failed
}
