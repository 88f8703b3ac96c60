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

// mostPassing is how many accepts in a row may fail over their clients before accepting rests. A fault of one client is gone with the next
// accept; one that meets every client, such as a firewall's, is not, and trying again at once would only burn a core.
const mostPassing = 32

// BrokenAfter is how long a listener may fail before it counts as broken for good: longer than any fault that passes by itself, and soon
// enough for a load balancer and an operator to learn of it.
const BrokenAfter = 10 * time.Second

// Accepting says what follows an accept that failed. No single error ends a listener: its other connections, and those of others, are
// worth more than a process that ends over what may pass. The zero value is ready; one goroutine uses it.
type Accepting struct {
	failed int
	faulty time.Time // since when it has brought nothing but faults of its own; zero where it has not
}

// Succeeded notes an accept that brought a connection.
func (a *Accepting) Succeeded() { *a = Accepting{} }

// lacks says whether an error is a want of descriptors or memory.
func lacks(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM)
}

// Failed notes an accept that failed. It says whether accepting has to pause, as descriptors or memory have run out or nobody knows what it
// is, and whether the listener is broken for good: it has failed for BrokenAfter, and neither for want of descriptors or memory nor over
// its clients.
func (a *Accepting) Failed(err error) (pause, broken bool) {
	switch {
	case passes(err), lacks(err):
		a.faulty = time.Time{}
	case a.faulty.IsZero():
		a.faulty = time.Now()
	}
	a.failed++
	return !passes(err) || a.failed >= mostPassing, !a.faulty.IsZero() && time.Since(a.faulty) >= BrokenAfter
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
