//go:build !linux

package event

import (
	"context"
	"errors"

	"github.com/pointsman/pointsman/proxy/listen"
)

// Available says whether this system has what the package needs.
const Available = false

// Server serves nothing here.
type Server struct{}

// NewServer makes a Server.
func NewServer(Options) *Server { return &Server{} }

// Run closes the listeners and fails.
func (*Server) Run(_ context.Context, listeners ...listen.Listener) error {
	for _, l := range listeners {
		l.Close()
	}
	return errors.New("the event loop needs Linux")
}
