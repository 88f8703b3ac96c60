package std

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
)

// pieces is a connection that keeps what it was given, write by write, once let is closed.
type pieces struct {
	net.Conn
	let  chan struct{}
	fail error

	mu     sync.Mutex
	sent   []string
	closed bool
}

func newPieces() *pieces { return &pieces{let: make(chan struct{})} }

func (p *pieces) Write(b []byte) (int, error) {
	<-p.let
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		return 0, p.fail
	}
	p.sent = append(p.sent, string(b))
	return len(b), nil
}

func (p *pieces) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return nil
}

func TestWhatWaitsIsSentTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := newPieces()
		b := newWriteBuffer(to)
		write := func(text string) {
			if n, err := b.Write([]byte(text)); n != len(text) || err != nil {
				t.Errorf("%d %v", n, err)
			}
		}
		write("first")
		synctest.Wait() // it is on its way, and stands still
		write("head ")
		write("body")
		if b.Close() != nil {
			t.Error("not closed")
		}
		if _, err := b.Write([]byte("late")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after the end: %v", err)
		}
		if to.closed {
			t.Error("closed before all was sent")
		}
		close(to.let)
		synctest.Wait()
		if !slices.Equal(to.sent, []string{"first", "head body"}) || !to.closed || b.buf != nil {
			t.Errorf("%q, closed: %t", to.sent, to.closed)
		}
	})
}

func TestWhoWritesMoreThanFitsWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := newPieces()
		b := newWriteBuffer(to)
		all := bytes.Repeat([]byte("0123456789"), gatherBytes/3)
		done := false
		go func() {
			if n, err := b.Write(all); n != len(all) || err != nil {
				t.Errorf("%d %v", n, err)
			}
			done = true
		}()
		synctest.Wait()
		if done {
			t.Error("more was taken than fits")
		}
		close(to.let)
		synctest.Wait()
		var got []byte
		for _, s := range to.sent {
			if len(s) > gatherBytes {
				t.Errorf("a piece of %d bytes", len(s))
			}
			got = append(got, s...)
		}
		if !done || !bytes.Equal(got, all) {
			t.Errorf("%d of %d bytes", len(got), len(all))
		}
	})
}

// A write that fails ends the connection, so that its reader ends too, and whoever waits for room.
func TestAFailedWriteEndsTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := newPieces()
		to.fail = io.ErrClosedPipe
		b := newWriteBuffer(to)
		var err error
		go func() { _, err = b.Write(make([]byte, 3*gatherBytes)) }()
		synctest.Wait()
		close(to.let)
		synctest.Wait()
		if !errors.Is(err, io.ErrClosedPipe) || !to.closed {
			t.Errorf("%v, closed: %t", err, to.closed)
		}
		if _, err := b.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestSomethingLastIsSentBehindTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := newPieces()
		b := newWriteBuffer(to)
		close(to.let)
		if _, err := b.Write([]byte("answer")); err != nil {
			t.Error(err)
		}
		before := false
		b.finish([]byte(" goaway"), func() { before = !to.closed })
		synctest.Wait()
		if len(to.sent) != 1 || to.sent[0] != "answer goaway" || !before || !to.closed {
			t.Errorf("%q %t %t", to.sent, before, to.closed)
		}
	})
}
