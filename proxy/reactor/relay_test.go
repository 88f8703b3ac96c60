//go:build linux

package reactor

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"testing"
)

// through sends sent into one connection, and checks that it comes out of the other one, with its end.
func through(t *testing.T, in, out *net.UnixConn, sent []byte) {
	t.Helper()
	go func() { _, _ = in.Write(sent); _ = in.CloseWrite() }()
	got, err := io.ReadAll(out)
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d bytes of %d came, %v", len(got), len(sent), err)
	}
}

// noise is 3 MiB: more than a turn moves, and than a socket takes.
func noise() []byte {
	b := make([]byte, 3<<20)
	rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// Relay moves all, both ways at once, and passes each end on.
func TestRelay(t *testing.T) {
	r := newRig(t)
	a, b := &peer{}, &peer{}
	shared := make([]byte, SharedBytes)
	relay := func() {
		if a.FD() < 0 || b.FD() < 0 { // the second has not joined yet
			return
		}
		if _, ok := r.Relay(&a.Conn, &b.Conn, shared); !ok {
			t.Error("lost one way")
		}
		r.KeepIn(&a.Conn)
		if _, ok := r.Relay(&b.Conn, &a.Conn, shared); !ok {
			t.Error("lost the other way")
		}
		r.KeepIn(&b.Conn)
	}
	farA, farB := r.pair(a), r.pair(b)
	r.do(func() { a.ready, b.ready = relay, relay })
	done := make(chan struct{})
	go func() { defer close(done); through(t, farA, farB, noise()) }()
	through(t, farB, farA, noise())
	<-done
}

// A pipe moves all, and goes back empty; one that holds something is closed.
func TestPipe(t *testing.T) {
	r := newRig(t)
	a, b := &peer{}, &peer{}
	var p *Pipe
	move := func() {
		for p != nil {
			if p.Filled == 0 && !p.Fill(&a.Conn, PipeBytes) {
				break
			}
			if n, ok := p.Empty(&b.Conn); !ok {
				t.Error("lost")
				return
			} else if n == 0 {
				return // the socket's writability goes on
			}
		}
		if a.Has(AtEOF) && !b.Has(WriteClosed) {
			b.CloseWrite()
		}
	}
	farA, farB := r.pair(a), r.pair(b)
	r.do(func() { p, a.ready, b.ready = r.TakePipe(), move, move })
	through(t, farA, farB, noise())
	r.do(func() {
		before := r.files.open.Load()
		r.DropPipe(p)
		if q := r.TakePipe(); q != p || r.files.open.Load() != before {
			t.Error("an empty pipe is not used again")
		}
		p.Filled = 1
		if r.DropPipe(p); r.files.open.Load() != before-2 {
			t.Error("a pipe that holds something is kept")
		}
		p = nil
	})
}
