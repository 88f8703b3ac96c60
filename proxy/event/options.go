package event

import (
	"net"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/listen"
)

// Options are what a Server needs.
type Options struct {
	// Common is what the servers of the process share of HTTP. It must not be nil; it is not changed.
	Common *proxy.Shared
	// Listen is what the servers of the process share below HTTP. It must not be nil.
	Listen *listen.Shared
	// Loops is how many there are; 0 is one per core. A busy loop keeps a thread without telling the scheduler, for milliseconds at a
	// time: see reactor.ReserveProcs.
	Loops int
	// HandOver takes a connection over for good, with the bytes that were read and not answered, from a loop's goroutine: it must not
	// block. It gets what a loop can't serve: HTTP/2, and routes whose serving may block. Without it these are answered as what they
	// are to HTTP/1.1, and such routes are served here. Nil is without.
	HandOver func(c net.Conn, read []byte, l listen.Listener)
}
