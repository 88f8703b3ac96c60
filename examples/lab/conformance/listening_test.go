package conformance

import (
	"bufio"
	"bytes"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/proxy/listen"
)

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// count is how many lines hold all of parts.
func (l *lines) count(parts ...string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		all := true
		for _, p := range parts {
			all = all && strings.Contains(line, p)
		}
		if all {
			n++
		}
	}
	return n
}

// listenerFD is a descriptor of its own for a listener.
func listenerFD(t testing.TB, l *net.TCPListener) (fd int) {
	t.Helper()
	raw, err := l.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(its uintptr) { fd, err = unix.Dup(int(its)) }); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	return fd
}

// A listener outlives an accept that fails in a way that nobody thought of: who is connected is served, one line says so, and when it
// works again, so does everything.
func TestListenerOutlivesItsFault(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		var log lines
		var fd int
		free := play(t, func(int64, *net.TCPConn, *bufio.Reader) {})
		free.Close()
		r := start(t, k, setup{listen: free.Addr().String(), quiesces: true, log: zerolog.New(&log), listening: func(l *net.TCPListener) {
			fd = listenerFD(t, l)
		}}, at(answering(t, "ok").Addr()))
		c := r.dial(t)
		c.wait(4 * patience)
		c.send(get("/", ""))
		c.want(200, "ok")
		for range 3 {
			if err := unix.Shutdown(fd, unix.SHUT_RDWR); err != nil { // from now on accept says EINVAL
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
			c.send(get("/", ""))
			c.want(200, "ok")
			if err := unix.Listen(fd, 16); err != nil {
				t.Fatal(err)
			}
			lab.Eventually(t, patience, "a new connection is served", func() bool {
				a, err := r.ask(t, get("/", ""))
				return err == nil && a.status == 200
			})
		}
		r.stop()
		if n := log.count("accepting is paused", r.addr, "invalid argument"); n != 1 || log.count("accepting") != 1 {
			t.Errorf("%d lines, want one:\n%s", n, log.text.String())
		}
	})
}

// A listener that is broken for good takes readiness away, what is on its way is answered, and Run ends with the reason.
func TestListenerBrokenForGood(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		unready, ended := make(chan struct{}), make(chan error, 1)
		var fd int
		r := start(t, k, setup{broken: ended, onDrain: func() { close(unready) }, listening: func(l *net.TCPListener) { fd = listenerFD(t, l) }}, at(answering(t, "ok").Addr()))
		c := r.dial(t)
		c.wait(4 * listen.BrokenAfter)
		c.send(get("/", ""))
		c.want(200, "ok")
		if err := unix.Shutdown(fd, unix.SHUT_RDWR); err != nil {
			t.Fatal(err)
		}
		select {
		case <-unready:
		case <-time.After(3 * listen.BrokenAfter):
			t.Fatal("it is ready still")
		}
		c.send(get("/", ""))
		c.want(200, "ok")
		if err := <-ended; err == nil || !strings.Contains(err.Error(), r.addr) {
			t.Errorf("ended with %v", err)
		}
	})
}
