package sockets

import (
	"errors"
	"syscall"
	"time"
)

// AcceptPause is how long accepting rests where the next try would fail, too; the kernel's queue holds who comes meanwhile.
const AcceptPause = 20 * time.Millisecond

// ErrNoRoom says that what descriptors are left are for connections to instances.
var ErrNoRoom = errors.New("as many connections are open as descriptors allow")

// mostPassed is how many accepts in a row may fail with what passes: who else refuses each of them does not pass.
const mostPassed = 32

// Accepting says what follows an accept that failed. No error ends a listener: its other connections, and those of others, are worth
// more than a process that ends over what may pass. The zero value is ready; one goroutine uses it.
type Accepting struct{ failed int }

// Went notes an accept that brought a connection.
func (a *Accepting) Went() { a.failed = 0 }

// Failed says whether accepting has to pause: descriptors or memory have run out, or nobody knows what it is.
func (a *Accepting) Failed(err error) (pause bool) {
	a.failed++
	return !passes(err) || a.failed >= mostPassed
}

// passes says whether an error was about the connection that it came instead of: its client left while it was queued, a firewall
// forbids it, or the network had failed on it, which accept(2) wants treated as nothing.
func passes(err error) bool {
	for _, e := range [...]syscall.Errno{
		syscall.EAGAIN, syscall.EINTR, syscall.ECONNABORTED, syscall.EPERM, syscall.EPROTO, syscall.ENOPROTOOPT, syscall.EOPNOTSUPP,
		syscall.ENETDOWN, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.EHOSTUNREACH, syscall.ETIMEDOUT,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
