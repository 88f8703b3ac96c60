package lab

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Manner is how a hostile Upstream treats a request it has read.
type Manner int32

// The manners of an Upstream.
const (
	Polite     Manner = iota
	CloseFirst        // FIN right after accept, before a request is read
	ResetAfter        // RST after the request
	CloseAfter        // FIN after the request
	CutBody           // announces a body and closes in the middle of it
	ResetBody         // announces a body and resets in the middle of it
	CutChunked        // a chunked body without its last chunk
	BadChunk          // a chunked body with a chunk of which the size is none
	CloseIdle         // answers, and closes a connection that stays idle for a random time up to CloseIdleWithin
	ExtraBytes        // more bytes than announced
	Silent            // never answers
	Slow              // answers after a second
	Failing           // 503
	Slower            // takes ten times as long as Usual
	Unread            // leaves a request in the socket for UnreadFor and closes, as a starved process does that is then killed
)

// UnreadFor is how long a request stays unread.
const UnreadFor = 20 * time.Millisecond

// CloseIdleWithin is about the time between two uses of a connection at 1,000 requests a second, so that many closes cross
// with a request.
const CloseIdleWithin = 4 * time.Millisecond

// Upstream is an HTTP server of the test that records the ids of the requests that reached it, and can behave badly.
type Upstream struct {
	Address string
	Ledger  *Ledger
	// Usual is how long it takes over an answer; set before the first request.
	Usual  time.Duration
	manner atomic.Int32

	listener net.Listener
	mu       sync.Mutex
	open     map[net.Conn]bool
	closed   bool
}

// StartUpstream starts one on loopback that writes into the ledger (its own when nil).
func StartUpstream(t testing.TB, ledger *Ledger) *Upstream {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if ledger == nil {
		ledger = NewLedger()
	}
	u := &Upstream{Address: l.Addr().String(), Ledger: ledger, listener: l, open: map[net.Conn]bool{}}
	go u.accept()
	t.Cleanup(u.Close)
	return u
}

// Set chooses the manner from the next request (or connection) on.
func (u *Upstream) Set(m Manner) { u.manner.Store(int32(m)) }

// Close ends the server and all of its connections with RST, as the death of a process does.
func (u *Upstream) Close() {
	_ = u.listener.Close()
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closed = true
	for c := range u.open {
		reset(c)
	}
}

func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

func (u *Upstream) accept() {
	for {
		c, err := u.listener.Accept()
		if err != nil {
			return
		}
		if Manner(u.manner.Load()) == CloseFirst {
			_ = c.Close()
			continue
		}
		u.mu.Lock()
		closed := u.closed
		if !closed {
			u.open[c] = true
		}
		u.mu.Unlock()
		if closed { // it was accepted as the end came
			reset(c)
			return
		}
		go u.serve(c)
	}
}

func (u *Upstream) serve(c net.Conn) {
	defer func() {
		_ = c.Close()
		u.mu.Lock()
		delete(u.open, c)
		u.mu.Unlock()
	}()
	in := bufio.NewReader(c)
	for first := true; ; first = false {
		if !first && in.Buffered() == 0 && !u.awaitRequest(c) {
			return
		}
		if Manner(u.manner.Load()) == Unread && awaitByte(c) == nil {
			time.Sleep(UnreadFor)
			return
		}
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, err := io.ReadAll(io.LimitReader(req.Body, 1<<20))
		if err != nil {
			return
		}
		id := req.URL.Query().Get("id")
		u.Ledger.Add(req.Method + " " + id)
		u.think()
		if strings.HasPrefix(req.URL.Path, FailingPath) {
			if _, err := io.WriteString(c, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"); err != nil {
				return
			}
			continue
		}
		if !u.answer(c, line(req.Method, id, body)) {
			return
		}
	}
}

// FailingPath is what every Upstream answers with 503, whatever its manner.
const FailingPath = "/fails"

// think takes the time of an answer.
func (u *Upstream) think() {
	const slower = 10
	d := u.Usual
	if Manner(u.manner.Load()) == Slower {
		d *= slower
	}
	if d > 0 {
		time.Sleep(d)
	}
}

// awaitRequest waits for the first byte of a connection's next request, and not for long where idle connections are to be closed.
func (u *Upstream) awaitRequest(c net.Conn) bool {
	if Manner(u.manner.Load()) == CloseIdle {
		_ = c.SetReadDeadline(time.Now().Add(rand.N(CloseIdleWithin)))
	}
	err := awaitByte(c)
	_ = c.SetReadDeadline(time.Time{})
	return err == nil
}

// awaitByte waits until a byte has come, or the end, and leaves it in the socket.
func awaitByte(c net.Conn) error {
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return err
	}
	var n int
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		var one [1]byte
		n, _, failed = syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return !errors.Is(failed, syscall.EAGAIN)
	})
	if err = errors.Join(err, failed); err == nil && n == 0 {
		err = io.EOF
	}
	return err
}

// line is the part of examples/web's answer that the Meter checks.
func line(method, id string, body []byte) string {
	text := "web host=lab method=" + method
	if len(body) > 0 {
		text += fmt.Sprintf(" body=%d crc=%08x", len(body), crc32.ChecksumIEEE(body))
	}
	return text + fmt.Sprintf(" id=%q\n", id)
}

// answer says whether the connection can be used again.
func (u *Upstream) answer(c net.Conn, text string) bool {
	head := func(status string, n int) string {
		return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n", status, n)
	}
	const chunked = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
	switch Manner(u.manner.Load()) {
	case ResetAfter:
		reset(c)
		return false
	case CloseAfter:
		return false
	case CutBody:
		_, _ = io.WriteString(c, head("200 OK", len(text))+text[:len(text)/2])
		return false
	case ResetBody:
		_, _ = io.WriteString(c, head("200 OK", len(text))+text[:len(text)/2])
		time.Sleep(time.Millisecond) // a reset throws away what the other side has not read
		reset(c)
		return false
	case CutChunked:
		_, _ = io.WriteString(c, chunked+fmt.Sprintf("%x\r\n%s\r\n", len(text), text))
		return false
	case BadChunk:
		_, _ = io.WriteString(c, chunked+fmt.Sprintf("%x\r\n%s\r\nzz\r\nmore\r\n0\r\n\r\n", len(text), text))
		return false
	case ExtraBytes:
		_, err := io.WriteString(c, head("200 OK", len(text))+text+"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
		return err == nil
	case Silent:
		_, _ = io.Copy(io.Discard, c) // until the other side gives up
		return false
	case Slow:
		time.Sleep(time.Second)
	case Failing:
		_, err := io.WriteString(c, head("503 Service Unavailable", len(text))+text)
		return err == nil
	}
	_, err := io.WriteString(c, head("200 OK", len(text))+text)
	return err == nil
}

// Port is the port that it listens on.
func (u *Upstream) Port() int { return u.listener.Addr().(*net.TCPAddr).Port }
