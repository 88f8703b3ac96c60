//go:build linux

package reactor

import (
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// counted are descriptors as a test counts them.
type counted struct{ open atomic.Int64 }

func (c *counted) Add(n int64) { c.open.Add(n) }

func (*counted) Spare() bool { return true }

// rig is a running Loop, and its Tasks.
type rig struct {
	Loop
	t      *testing.T
	tasks  Tasks[func()]
	files  counted
	panics []Handler // what Options.Panic was given
	stop   func()
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t}
	told := func(_ any, h Handler) { r.panics = append(r.panics, h) }
	if err := r.Open(Options{Descriptors: &r.files, Panic: told, TurnEnds: func() {}}); err != nil {
		t.Fatal(err)
	}
	if err := r.tasks.Open(&r.Loop, func(do func()) { do() }); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); r.Run() }()
	r.stop = sync.OnceFunc(func() {
		r.tasks.Post(r.Stop)
		<-done
		r.tasks.Close()
		r.Handlers(func(h Handler) { r.CloseConn(&h.(*peer).Conn) })
		r.Close()
	})
	t.Cleanup(r.stop)
	return r
}

// do lets the loop do something, and waits for it.
func (r *rig) do(what func()) {
	r.t.Helper()
	done := make(chan struct{})
	if !r.tasks.Post(func() { defer close(done); what() }) {
		r.t.Fatal("the queue is closed")
	}
	<-done
}

// peer is a Handler made of functions; those that are nil do nothing.
type peer struct {
	Conn
	ready, expire, fail func()
}

func call(f func()) {
	if f != nil {
		f()
	}
}

func (p *peer) Ready()  { call(p.ready) }
func (p *peer) Expire() { call(p.expire) }
func (p *peer) Fail()   { call(p.fail) }

// pair joins one end of a pair of sockets to the loop as p's, and returns the other.
func (r *rig) pair(p *peer) *net.UnixConn {
	r.t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	r.do(func() {
		r.files.Add(1)
		if errno := r.Join(&p.Conn, p, fds[0], AllEvents); errno != 0 {
			r.t.Error(errno)
		}
	})
	f := os.NewFile(uintptr(fds[1]), "far end")
	defer f.Close()
	far, err := net.FileConn(f)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { far.Close() })
	return far.(*net.UnixConn)
}

// wait is long enough for what does not depend on the machine.
const wait = time.Minute

func await[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(wait):
		t.Fatalf("%s did not come", what)
	}
	return v
}
