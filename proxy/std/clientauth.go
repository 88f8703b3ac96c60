package std

import (
	"crypto/tls"
	"slices"

	"github.com/pointsman/pointsman/proxy/listen"
)

// negotiating is the listener with the protocols that clients may choose, and with handshakes that ask for certificates where routes do.
// What the listener's own TLS says of a handshake is asked only for one that proves a name: no other gets by without what routes ask for.
// The keys of session tickets are those of this configuration, whatever a handshake is served with: crypto/tls makes a new one each day, and
// takes those of the last seven.
func (s *Server) negotiating(l listen.Listener) listen.Listener {
	if l.TLS == nil {
		return l
	}
	l.TLS = l.TLS.Clone()
	l.TLS.NextProtos = []string{"h2", "http/1.1"}
	base, name, proves := l.TLS.Clone(), l.Name, l.TLS.GetConfigForClient
	base.GetConfigForClient = nil
	l.TLS.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		f, ok := hello.Conn.(*clientConn)
		switch {
		case provesName(hello) && proves != nil: // then no request is served
			return proves(hello)
		case !ok || provesName(hello):
			return nil, nil
		}
		f.asked = s.common.Handshake(name, hello.ServerName)
		return s.common.ClientAuth.Config(base, f.asked), nil
	}
	return l
}

// provesName says whether a handshake is an authority's that looks whether we hold the name (RFC 8737 section 3): it shows no certificate,
// and sends no request.
func provesName(hello *tls.ClientHelloInfo) bool {
	return slices.Equal(hello.SupportedProtos, []string{challengeProtocol})
}
