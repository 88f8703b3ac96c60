package balancer

import (
	"crypto/tls"
	"crypto/x509"
	"sync/atomic"
)

// Authorities are certificate authorities that may change while the process lives. They are told apart by identity, so an implementation is a
// pointer.
type Authorities interface {
	// Pool is the present ones: the same pool for as long as they stay the same. Many goroutines call it.
	Pool() *x509.CertPool
}

// Certificate is one with its key that may change while the process lives. It is told apart by identity, so an implementation is a pointer.
type Certificate interface {
	// Present is the present one: the same for as long as it stays the same. Many goroutines call it.
	Present() *tls.Certificate
}

// wayTLS is the TLS of a way; the zero value is none.
type wayTLS struct {
	authorities Authorities
	certificate Certificate
	made        atomic.Pointer[madeTLS]
}

// madeTLS is how handshakes are made with what the authorities and the certificate were at one time.
type madeTLS struct {
	config      *tls.Config
	certificate *tls.Certificate
}

// setTLS has the way speak TLS, under a server name.
func (t *wayTLS) setTLS(key WayKey, name string) {
	t.authorities, t.certificate = key.Authorities, key.Certificate
	t.made.Store(&madeTLS{config: &tls.Config{
		ServerName: name, InsecureSkipVerify: key.SkipVerify, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
	}})
	t.TLS()
}

// TLS is how a handshake with the instance is made; nil where none is to be made. It must not be changed. It is another one once the
// authorities or the certificate have changed: what was connected by the one before should carry no more requests.
func (t *wayTLS) TLS() *tls.Config {
	made := t.made.Load()
	if made == nil {
		return nil
	}
	var pool *x509.CertPool
	var certificate *tls.Certificate
	if t.authorities != nil {
		pool = t.authorities.Pool()
	}
	if t.certificate != nil {
		certificate = t.certificate.Present()
	}
	if made.config.RootCAs == pool && made.certificate == certificate {
		return made.config
	}
	next := &madeTLS{config: made.config.Clone(), certificate: certificate}
	next.config.RootCAs, next.config.GetClientCertificate = pool, nil
	if certificate != nil { // shown whichever authorities the instance names, as nginx and HAProxy do
		next.config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	if t.made.CompareAndSwap(made, next) {
		return next.config
	}
	return t.TLS()
}
