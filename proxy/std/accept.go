package std

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/listen"
)

// accept serves a listener's connections until it is closed or broken for good.
func (s *Server) accept(l *listen.Listener) {
	var accepting listen.Accepting
	for {
		for !s.listen.Files.Room() && !s.listen.Draining() {
			s.pause(l, listen.ErrNoRoom)
		}
		c, err := l.Accept()
		if err == nil {
			accepting.Succeeded()
			s.adopt(c, nil, l)
			continue
		}
		pause, broken := accepting.Failed(err)
		if broken || errors.Is(err, net.ErrClosed) {
			s.listen.Break(fmt.Errorf("serve %s: %w", l.Addr(), err)) // while draining it is no fault
			return
		}
		if pause {
			s.pause(l, err)
		}
	}
}

// pause pauses accepting.
func (s *Server) pause(l *listen.Listener, why error) {
	s.common.Paused(l.Addr(), why)
	time.Sleep(listen.AcceptPause)
}

// TakeOver serves a connection from bytes that were read from it before. It returns at once, and owns c. l says how it was accepted. A
// connection that comes after Run has ended is closed.
func (s *Server) TakeOver(c net.Conn, read []byte, l listen.Listener) {
	l = s.negotiating(l)
	s.adopt(c, slices.Clone(read), &l)
}

func (s *Server) adopt(c net.Conn, read []byte, l *listen.Listener) {
	if f := s.open.add(c, &s.serving); f != nil {
		go s.serve(f, read, l)
		return
	}
	c.Close()
}

// serve serves a connection to its end, or to where net/http takes it over. A panic costs this connection and nothing else.
func (s *Server) serve(f *clientConn, read []byte, l *listen.Listener) {
	defer s.serving.Done()
	given := false
	defer func() {
		if fault := recover(); fault != nil {
			s.scope.Panicked(fault, "connection")
		}
		if !given {
			f.Close()
		}
	}()
	f.info = s.newClient(f, l)
	if f.admission == listen.AdmissionRefused {
		if l.TLS == nil { // a handshake costs more than many a request
			s.refuse(f, proxy.OutcomeTooManyConnections, "")
		}
		return
	}
	conn, http2, err := s.handshake(f, l)
	if err != nil {
		s.log.Debug().Err(err).Msg("the TLS handshake with a client failed")
		return
	}
	if !http2 {
		session := newSession(s, f, conn)
		session.in.load(read)
		if http2 = session.serve(); !http2 {
			return
		}
		read = slices.Clone(session.in.unread())
		session.in.drop()
	}
	given, f.info.HTTP2 = true, true
	if conn.SetDeadline(time.Time{}) == nil {
		s.http2.handOver(newHTTP2Conn(s, f, conn, read))
	} else {
		f.Close()
	}
}

func (s *Server) newClient(c net.Conn, l *listen.Listener) proxy.Client {
	var peer netip.AddrPort
	if a := c.RemoteAddr(); a != nil {
		peer, _ = netip.ParseAddrPort(a.String()) // a Unix socket's has no address
	}
	client := proxy.NewClient(peer.Addr(), l.Scheme(), &s.common.Forwarder)
	client.RedirectHTTPS, client.Listener, client.Number = l.RedirectHTTPS, l.Name, s.common.CountConnection()
	return client
}

// handshake makes TLS of a connection where its listener wants that, and says whether HTTP/2 was agreed on.
func (s *Server) handshake(f *clientConn, l *listen.Listener) (conn net.Conn, http2 bool, err error) {
	if l.TLS == nil {
		return f, false, nil
	}
	if err := f.SetReadDeadline(time.Now().Add(s.limits.ReadHead)); err != nil {
		return nil, false, err
	}
	secure := tls.Server(f, l.TLS)
	err = secure.Handshake()
	var plain tls.RecordHeaderError
	if errors.As(err, &plain) && plain.Conn != nil && looksLikeHTTP(plain.RecordHeader[:]) {
		s.refuse(f, proxy.OutcomeBadRequest, "A plain HTTP request was sent to the HTTPS port.")
	}
	if err != nil {
		return secure, false, err
	}
	state := secure.ConnectionState()
	f.info.SetTLS(state, f.asked)
	http2 = state.NegotiatedProtocol == "h2"
	if state.NegotiatedProtocol == challengeProtocol {
		err = errChallenge
	}
	if http2 && state.Version == tls.VersionTLS12 && !slices.Contains(http2Suites, state.CipherSuite) {
		err = errHTTP2Suite
	}
	return secure, http2, err
}

// http2Suites are those of TLS 1.2 that HTTP/2 does not prohibit (RFC 9113 section 9.2.2), as far as Go has them.
var http2Suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// challengeProtocol is that of handshakes by which a certificate authority sees whose a name is; they are all that there is to it (RFC 8737
// section 3).
const challengeProtocol = "acme-tls/1"

var errChallenge = errors.New("it was a challenge, and is answered")

var errHTTP2Suite = errors.New("the client chose HTTP/2 with a cipher suite that HTTP/2 prohibits")

// looksLikeHTTP says whether a connection that should begin with TLS begins with a method.
func looksLikeHTTP(begin []byte) bool {
	for _, method := range []string{"GET /", "HEAD ", "POST ", "PUT /", "OPTIO", "DELET", "PATCH"} {
		if string(begin) == method {
			return true
		}
	}
	return false
}

// refuse ends a connection with an answer to whatever it may ask.
func (s *Server) refuse(f *clientConn, o proxy.Outcome, detail string) {
	session := newSession(s, f, f)
	session.refuse(o, detail)
	session.close()
}
