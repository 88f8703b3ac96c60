//go:build !linux

package event

import (
	"context"
	"errors"
	"net"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/listen"
)

// Available says whether this system has what the package needs.
const Available = false

// Options are what a Server needs.
type Options struct {
	Common   *proxy.Shared
	Files    *listen.Files
	Loops    int
	OnDrain  func()
	HandOver func(c net.Conn, read []byte, l Listener)
}

// Listener is one address to serve.
type Listener struct {
	net.Listener
	RedirectHTTPS string
}

// Server serves nothing here.
type Server struct{}

// NewServer makes a Server.
func NewServer(Options) *Server { return &Server{} }

// Connections is 0.
func (*Server) Connections() int { return 0 }

// Run closes the listeners and fails.
func (*Server) Run(_ context.Context, listeners ...Listener) error {
	for _, l := range listeners {
		l.Close()
	}
	return errors.New("the event loop needs Linux")
}
