package listen

import (
	"crypto/tls"
	"net"
)

// Protocol is what clients speak at a Listener. The zero value is HTTP.
type Protocol uint8

// ProtocolHTTP is HTTP/1.1, and HTTP/2 where the server speaks it: agreed on in the handshake, or by prior knowledge in the clear.
const ProtocolHTTP Protocol = iota

// Listener is one address that clients reach. It is copied freely; the server that runs it closes the socket.
type Listener struct {
	net.Listener
	// Name is how people and routes call it: "http", "https".
	Name string
	// Protocol is what is spoken, inside TLS where there is any.
	Protocol Protocol
	// TLS, where it is not nil, is what each connection begins with. It is not changed.
	TLS *tls.Config
	// RedirectHTTPS sends every request in plain text to the HTTPS listener.
	RedirectHTTPS bool
}

// Scheme is that of the URLs that lead here.
func (l Listener) Scheme() string {
	if l.TLS != nil {
		return "https"
	}
	return "http"
}

// Quiesce is Socket's.
func (l Listener) Quiesce() bool { return Quiesce(l.Listener) }

// Queued is Socket's.
func (l Listener) Queued() int { return Queued(l.Listener) }
