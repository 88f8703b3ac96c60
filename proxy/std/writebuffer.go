package std

import (
	"net"
	"runtime"
	"sync"
)

// gatherBytes is how much of what goes to an HTTP/2 client waits to be sent together: four frames of the size that clients take unless they
// say more (RFC 9113 section 6.5.2), and the heads of answers. As much may be on its way at the same time.
const gatherBytes = 4*(16<<10+frameHeaderBytes) + 4<<10

var gatherBuffers = sync.Pool{New: func() any { return new([gatherBytes]byte) }}

// writeBuffer gathers what net/http writes to an HTTP/2 client, which comes a frame or less at a time, and with a flush behind each head. It
// is sent as soon as all that can run at present has run: then the answers of several streams, each with its head and its body, are in one
// record of TLS and one system call. Memory is held only while something is in it. It is safe for concurrent use.
type writeBuffer struct {
	to net.Conn

	mu      sync.Mutex
	room    sync.Cond // there is room again, or an error
	buf     []byte    // waits; nil while nothing does
	sending bool      // a goroutine sends, or is about to
	closed  bool      // by us: nothing more is taken, and what was taken is still sent
	last    func()    // what that goroutine does then, before the connection is closed; nil is nothing
	err     error     // of the connection
}

func newWriteBuffer(to net.Conn) *writeBuffer {
	b := &writeBuffer{to: to}
	b.room.L = &b.mu
	return b
}

// Write takes p, and waits while there is no room. An error may be an earlier write's.
func (b *writeBuffer) Write(p []byte) (n int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for n < len(p) {
		for b.err == nil && !b.closed && len(b.buf) == gatherBytes {
			b.room.Wait()
		}
		if b.err != nil {
			return n, b.err
		}
		if b.closed {
			return n, net.ErrClosed
		}
		n += b.take(p[n:])
	}
	return n, nil
}

// take needs b.mu.
func (b *writeBuffer) take(p []byte) int {
	if need := len(b.buf) + len(p); b.buf == nil {
		b.buf = takeGathering(need)
	} else if need > cap(b.buf) && cap(b.buf) < gatherBytes {
		more := append(takeGathering(need), b.buf...)
		giveGathering(b.buf)
		b.buf = more
	}
	p = p[:min(len(p), cap(b.buf)-len(b.buf))]
	b.buf = append(b.buf, p...)
	if !b.sending {
		b.sending = true
		go b.send()
	}
	return len(p)
}

// send sends until nothing waits.
func (b *writeBuffer) send() {
	for {
		runtime.Gosched() // what can run adds its part
		b.mu.Lock()
		out := b.buf
		b.buf = nil
		if out == nil {
			break
		}
		b.room.Broadcast()
		b.mu.Unlock()
		_, err := b.to.Write(out)
		giveGathering(out)
		if err != nil {
			b.mu.Lock()
			b.err = err
			break
		}
	}
	b.sending = false
	ends, last := b.closed || b.err != nil, b.last
	b.last = nil
	b.room.Broadcast()
	b.mu.Unlock()
	if last != nil {
		last()
	}
	if ends {
		b.to.Close() // where a write has failed the reader is to hear of it, too
	}
}

// Close closes the connection once all that was taken is sent, or its sending has failed. It does not wait.
func (b *writeBuffer) Close() error {
	b.mu.Lock()
	b.closed = true
	b.room.Broadcast()
	sending := b.sending
	b.mu.Unlock()
	if sending {
		return nil
	}
	return b.to.Close()
}

// finish is Close with one more thing to send, and something to do after it.
func (b *writeBuffer) finish(p []byte, last func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil || b.closed {
		return
	}
	b.last = last
	b.take(p[:min(len(p), gatherBytes-len(b.buf))]) // without room the client takes nothing, and sees the end alone
	b.closed = true
}

func takeGathering(size int) []byte {
	if size <= largeBuffer {
		return takeBuffer(size)[:0]
	}
	return gatherBuffers.Get().(*[gatherBytes]byte)[:0]
}

func giveGathering(b []byte) {
	if cap(b) == gatherBytes {
		gatherBuffers.Put((*[gatherBytes]byte)(b[:gatherBytes]))
		return
	}
	giveBuffer(b)
}
