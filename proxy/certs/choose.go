// Package certs keeps the certificates that TLS listeners show, and chooses one for each handshake.
//
// A Pair is one certificate with its key, in two files, for every name. It is read again when the files change, without a restart and
// without a handshake that fails: what can't be read leaves the last good pair in use. Authorities, whose certificates clients may show, are
// likewise.
package certs

import (
	"crypto/tls"
	"time"
)

// Chooser chooses the certificate of a handshake by what the client says first: the name that it wants to reach (SNI, RFC 6066
// section 3), which is empty where it names none, and what it can verify. It is asked in each handshake, by many goroutines at once. An
// error ends the handshake.
type Chooser interface {
	Choose(hello *tls.ClientHelloInfo) (*tls.Certificate, error)
}

// Config is a listener's TLS over the certificates of a Chooser: TLS 1.2 and later.
func Config(c Chooser) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.Choose}
}

// Choose is the Chooser's: the pair, whatever name the client asks for.
func (p *Pair) Choose(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.Present(), nil }

// Present is the pair as the files have it: another one when they have changed. At most once a second it looks whether they have.
func (p *Pair) Present() *tls.Certificate {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if now.Sub(p.checked) < checkEvery {
		return p.present
	}
	p.checked = now
	if stamp, err := p.stat(); err != nil || stamp == p.stamp {
		return p.present
	}
	if err := p.load(); err != nil {
		p.log.Warn().Err(err).Msg("the changed certificate can't be used, keeping the last one")
	} else {
		p.log.Info().Str("file", p.certFile).Msg("certificate read again")
	}
	return p.present
}
