package std

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// certificateCheck is how often the files are looked at, on a handshake: renewals take effect within a second and cost two stats.
const certificateCheck = time.Second

// Certificates is a certificate and its key, which are read again when the files change. What can't be read later leaves the last
// good pair in use, and one line in the log. Make it with NewCertificates; it is safe for concurrent use.
type Certificates struct {
	certFile, keyFile string
	log               zerolog.Logger

	mu      sync.Mutex
	pair    *tls.Certificate
	stamp   [2]fileStamp
	checked time.Time
}

// NewCertificates reads the two files, in PEM.
func NewCertificates(certFile, keyFile string, log zerolog.Logger) (*Certificates, error) {
	c := &Certificates{certFile: certFile, keyFile: keyFile, log: log}
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// Config is a server's TLS over the present pair: TLS 1.2 and later.
func (c *Certificates) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
}

// Reload reads both files at once, whether or not they look changed, and says whether the certificate is another one now. With an error
// the last good pair stays in use.
func (c *Certificates) Reload() (changed bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.pair
	if err := c.load(); err != nil {
		return false, err
	}
	return !slices.EqualFunc(before.Certificate, c.pair.Certificate, bytes.Equal), nil
}

type fileStamp struct {
	modified time.Time
	size     int64
}

func (c *Certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Sub(c.checked) < certificateCheck {
		return c.pair, nil
	}
	c.checked = now
	if stamp, err := c.stat(); err != nil || stamp == c.stamp {
		return c.pair, nil
	}
	if err := c.load(); err != nil {
		c.log.Warn().Err(err).Msg("the changed certificate can't be used, keeping the last one")
	} else {
		c.log.Info().Str("file", c.certFile).Msg("certificate read again")
	}
	return c.pair, nil
}

// load reads both files. The stamp is taken first: a write in between shows as a change next time.
func (c *Certificates) load() error {
	stamp, err := c.stat()
	if err != nil {
		return fmt.Errorf("read certificate: %w", err)
	}
	c.stamp = stamp
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("read certificate %s: %w", c.certFile, err)
	}
	c.pair = &pair
	return nil
}

func (c *Certificates) stat() (stamp [2]fileStamp, err error) {
	for i, name := range [...]string{c.certFile, c.keyFile} {
		stat, err := os.Stat(name)
		if err != nil {
			return stamp, err
		}
		stamp[i] = fileStamp{stat.ModTime(), stat.Size()}
	}
	return stamp, nil
}
