package certs

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// Authorities are those whose certificates clients may show, in a file that is read again when it changes. What can't be read later leaves
// the last good ones in use, and one line in the log. Make it with NewAuthorities; it is safe for concurrent use.
type Authorities struct {
	file string
	log  zerolog.Logger

	mu      sync.Mutex
	present *x509.CertPool
	stamp   fileStamp
	checked time.Time
}

// NewAuthorities reads a file with one or more certificates in PEM.
func NewAuthorities(file string, log zerolog.Logger) (*Authorities, error) {
	a := &Authorities{file: file, log: log}
	if err := a.load(); err != nil {
		return nil, err
	}
	return a, nil
}

// Mutual is a listener's TLS over the certificates of a Chooser, to which only those get that show a certificate of one of the authorities,
// made out for clients (RFC 5280 section 4.2.1.12): TLS 1.2 and later, HTTP/1.1. No session is resumed, as that would let in who showed a
// certificate of an authority that has been taken out since.
func Mutual(c Chooser, a *Authorities) *tls.Config {
	config := Config(c)
	config.NextProtos, config.ClientAuth, config.SessionTicketsDisabled = []string{"http/1.1"}, tls.RequireAndVerifyClientCert, true
	base := config.Clone()
	config.ClientCAs = x509.NewCertPool() // nobody, were it ever asked
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		one := base.Clone()
		one.ClientCAs = a.Pool()
		return one, nil
	}
	return config
}

// Admits says why who showed these certificates in a handshake is not let in now, or nil: their time may be over, and their authority may
// have been taken out of the file. A connection may be much older than that.
func (a *Authorities) Admits(shown []*x509.Certificate) error {
	if len(shown) == 0 {
		return errors.New("no client certificate")
	}
	o := x509.VerifyOptions{Roots: a.Pool(), Intermediates: x509.NewCertPool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	for _, c := range shown[1:] {
		o.Intermediates.AddCert(c)
	}
	_, err := shown[0].Verify(o)
	return err
}

// Pool are the present ones: another pool when the file has changed. At most once a second it looks whether the file has changed.
func (a *Authorities) Pool() *x509.CertPool {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if now.Sub(a.checked) < checkEvery {
		return a.present
	}
	a.checked = now
	if stamp, err := stampOf(a.file); err != nil || stamp == a.stamp {
		return a.present
	}
	if err := a.load(); err != nil {
		a.log.Warn().Err(err).Msg("the changed certificate authorities can't be used, keeping the last ones")
	} else {
		a.log.Info().Str("file", a.file).Msg("certificate authorities read again")
	}
	return a.present
}

// Reload reads the file at once, whether or not it looks changed, and says whether the authorities are others now. With an error the last
// good ones stay in use.
func (a *Authorities) Reload() (changed bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before := a.present
	if err := a.load(); err != nil {
		return false, err
	}
	return !before.Equal(a.present), nil
}

// load reads the file. The stamp is taken first: a write in between shows as a change next time.
func (a *Authorities) load() error {
	stamp, err := stampOf(a.file)
	if err != nil {
		return fmt.Errorf("read certificate authorities: %w", err)
	}
	a.stamp = stamp
	text, err := os.ReadFile(a.file)
	if err != nil {
		return fmt.Errorf("read certificate authorities: %w", err)
	}
	pool, err := ParsePool(text)
	if err != nil {
		return fmt.Errorf("read certificate authorities %s: %w", a.file, err)
	}
	a.present = pool
	return nil
}

// ParsePool reads certificates in PEM. A block that is none, or can't be read, is an error: half of a file is not the file.
func ParsePool(text []byte) (*x509.CertPool, error) {
	pool, found := x509.NewCertPool(), false
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		text = rest
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("there is a PEM block of type %q, want certificates only", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		pool.AddCert(c)
		found = true
	}
	if !found {
		return nil, errors.New("there is no certificate in PEM")
	}
	return pool, nil
}
