package browser

import (
	"fmt"
	"io"
	"net"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// apart is a network of a browser's own: a namespace that has a loopback and nothing else. A browser ends all its requests when an interface of
// its network comes or goes, as those of the machine do whenever a container starts or stops. What a page asks for there is forwarded to the same
// address of the machine.
type apart struct {
	nsenter string // the program's path
	path    string // of the namespace
	listen  chan func()

	mu        sync.Mutex
	forwarded map[string]bool // addresses
	listeners []net.Listener
}

// keepApart makes such a network; nil where only root may, and the test is not root's.
func keepApart(t testing.TB) *apart {
	t.Helper()
	nsenter, err := exec.LookPath("nsenter")
	if err != nil {
		t.Logf("the browser shares the machine's network, whose changes end its requests: %v", err)
		return nil
	}
	a := &apart{nsenter: nsenter, listen: make(chan func()), forwarded: map[string]bool{}}
	made := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine, and with it the namespace
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			err = upLoopback()
		}
		a.path = fmt.Sprintf("/proc/%d/task/%d/ns/net", unix.Getpid(), unix.Gettid())
		made <- err
		for f := range a.listen { // what is made on this thread is made in the namespace
			f()
		}
	}()
	if err := <-made; err != nil {
		close(a.listen)
		t.Logf("the browser shares the machine's network, whose changes end its requests: %v", err)
		return nil
	}
	t.Cleanup(a.close)
	return a
}

// upLoopback starts the loopback of the thread's namespace.
func upLoopback() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	r, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, r)
}

// enter makes a command run within the network, and end with the test's process, as it would by itself.
func (a *apart) enter(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if a != nil {
		cmd.Args = append([]string{a.nsenter, "--net=" + a.path, cmd.Path}, cmd.Args[1:]...)
		cmd.Path = a.nsenter
	}
}

// forward forwards connections to a loopback address of the network to the same address of the machine.
func (a *apart) forward(address string) error {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.forwarded[address] {
		return nil
	}
	var l net.Listener
	var err error
	done := make(chan struct{})
	a.listen <- func() {
		l, err = net.Listen("tcp", address)
		close(done)
	}
	<-done
	if err != nil {
		return err
	}
	a.forwarded[address] = true
	a.listeners = append(a.listeners, l)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed
			}
			go forwardOne(c.(*net.TCPConn), address)
		}
	}()
	return nil
}

// forwardOne forwards one connection until either side ends it; as one that is refused or reset does not end well, its other side is reset.
func forwardOne(inner *net.TCPConn, address string) {
	defer inner.Close()
	dialled, err := net.Dial("tcp", address)
	if err != nil {
		_ = inner.SetLinger(0)
		return
	}
	outer := dialled.(*net.TCPConn)
	defer outer.Close()
	var both sync.WaitGroup
	one := func(to, from *net.TCPConn) {
		if _, err := io.Copy(to, from); err != nil {
			_ = to.SetLinger(0)
			_ = to.Close()
			return
		}
		_ = to.CloseWrite()
	}
	both.Go(func() { one(inner, outer) })
	both.Go(func() { one(outer, inner) })
	both.Wait()
}

func (a *apart) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, l := range a.listeners {
		_ = l.Close()
	}
	close(a.listen)
}
