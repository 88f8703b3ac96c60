package lab

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// Sockets holds WebSocket connections and counts those that break.
type Sockets struct {
	cut    atomic.Int64
	echoes atomic.Int64
	cancel context.CancelFunc
	all    sync.WaitGroup
}

// HoldSockets opens n WebSockets (ws://address/ws with that Host) and sends a message over each every 200 ms, which must come
// back.
func HoldSockets(t testing.TB, address, host string, n int) *Sockets {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &Sockets{cancel: cancel}
	t.Cleanup(func() { s.Stop() })
	for range n {
		dialling, done := context.WithTimeout(ctx, 30*time.Second)
		conn, _, err := websocket.Dial(dialling, "ws://"+address+"/ws", &websocket.DialOptions{Host: host})
		done()
		if err != nil {
			t.Fatalf("open a WebSocket: %v", err)
		}
		s.all.Go(func() { s.hold(ctx, conn) })
	}
	return s
}

func (s *Sockets) hold(ctx context.Context, conn *websocket.Conn) {
	defer conn.CloseNow()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !s.echo(ctx, conn) {
			if ctx.Err() == nil {
				s.cut.Add(1)
			}
			return
		}
		s.echoes.Add(1)
	}
}

func (s *Sockets) echo(ctx context.Context, conn *websocket.Conn) bool {
	limited, done := context.WithTimeout(ctx, 30*time.Second)
	defer done()
	if conn.Write(limited, websocket.MessageText, []byte("still there?")) != nil {
		return false
	}
	_, data, err := conn.Read(limited)
	return err == nil && string(data) == "still there?"
}

// Cut counts the connections that have broken so far.
func (s *Sockets) Cut() int64 { return s.cut.Load() }

// Echoes counts the messages that came back.
func (s *Sockets) Echoes() int64 { return s.echoes.Load() }

// Stop closes them all.
func (s *Sockets) Stop() {
	s.cancel()
	s.all.Wait()
}
