package listen

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

// BrokenAfter is how long a listener may fail before it counts as broken for good: longer than any fault that passes by itself, and soon
// enough for a load balancer and an operator to learn of it.
const BrokenAfter = 10 * time.Second

// Accepting says what follows an accept that failed. No single error ends a listener: its other connections, and those of others, are
// worth more than a process that ends over what may pass. The zero value is ready; one goroutine uses it.
type Accepting struct {
	failed int
	faulty time.Time // since when it has brought nothing but faults of its own; zero where it has not
}

// Went notes an accept that brought a connection.
func (a *Accepting) Went() { *a = Accepting{} }

// Broken says, after Failed, whether the listener is broken for good: it has failed for BrokenAfter, and neither for want of descriptors
// or memory nor over its clients.
func (a *Accepting) Broken() bool { return !a.faulty.IsZero() && time.Since(a.faulty) >= BrokenAfter }

// lacks says whether an error is a want of descriptors or memory.
func lacks(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM)
}

// Failed says whether accepting has to pause: descriptors or memory have run out, or nobody knows what it is.
func (a *Accepting) Failed(err error) (pause bool) {
	switch {
	case passes(err), lacks(err):
		a.faulty = time.Time{}
	case a.faulty.IsZero():
		a.faulty = time.Now()
	}
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
