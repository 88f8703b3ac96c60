package std

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// A listener's TLS may serve a handshake with a configuration of its own: so a certificate authority sees whose a name is (RFC 8737). Its
// connection ends with the handshake; all others are as ever.
func TestHandshakesThatProveAName(t *testing.T) {
	usual, _ := fixture.Certificate(t, "usual.example")
	proof, _ := fixture.Certificate(t, "proof.example")
	r := newRig(t, rigOptions{TLS: &tls.Config{Certificates: []tls.Certificate{usual}, GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == challengeProtocol {
			return &tls.Config{Certificates: []tls.Certificate{proof}, NextProtos: []string{challengeProtocol}}, nil
		}
		return nil, nil
	}}})
	shake := func(protos ...string) *tls.Conn {
		c, err := tls.Dial("tcp", r.tlsAddr, &tls.Config{InsecureSkipVerify: true, NextProtos: protos})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	c := shake(challengeProtocol)
	state := c.ConnectionState()
	if state.NegotiatedProtocol != challengeProtocol || state.PeerCertificates[0].DNSNames[0] != "proof.example" {
		t.Errorf("%q, %v", state.NegotiatedProtocol, state.PeerCertificates[0].DNSNames)
	}
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil || timedOut(err) {
		t.Errorf("the connection goes on: %d %v", n, err)
	}
	for _, proto := range []string{"h2", "http/1.1"} {
		c := shake(proto, challengeProtocol)
		if state := c.ConnectionState(); state.NegotiatedProtocol != proto || state.PeerCertificates[0].DNSNames[0] != "usual.example" {
			t.Errorf("%s: %q", proto, state.NegotiatedProtocol)
		}
	}
}
