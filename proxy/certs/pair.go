package certs

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

// checkEvery is how often the files are looked at, on a handshake: renewals take effect within a second and cost two stats.
const checkEvery = time.Second

// Pair is a certificate and its key, which are read again when the files change. What can't be read later leaves the last good pair in
// use, and one line in the log. Make it with NewPair; it is safe for concurrent use.
type Pair struct {
	certFile, keyFile string
	log               zerolog.Logger

	mu      sync.Mutex
	present *tls.Certificate
	stamp   [2]fileStamp
	checked time.Time
}

// NewPair reads the two files, in PEM. The certificate's file may have the chain up to its authority after it.
func NewPair(certFile, keyFile string, log zerolog.Logger) (*Pair, error) {
	p := &Pair{certFile: certFile, keyFile: keyFile, log: log}
	if err := p.load(); err != nil {
		return nil, err
	}
	return p, nil
}

// Reload reads both files at once, whether or not they look changed, and says whether the certificate is another one now. With an error
// the last good pair stays in use.
func (p *Pair) Reload() (changed bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.present
	if err := p.load(); err != nil {
		return false, err
	}
	return !slices.EqualFunc(before.Certificate, p.present.Certificate, bytes.Equal), nil
}

type fileStamp struct {
	modified time.Time
	size     int64
}

// load reads both files. The stamp is taken first: a write in between shows as a change next time.
func (p *Pair) load() error {
	stamp, err := p.stat()
	if err != nil {
		return fmt.Errorf("read certificate: %w", err)
	}
	p.stamp = stamp
	pair, err := tls.LoadX509KeyPair(p.certFile, p.keyFile)
	if err != nil {
		return fmt.Errorf("read certificate %s: %w", p.certFile, err)
	}
	p.present = &pair
	return nil
}

func (p *Pair) stat() (stamp [2]fileStamp, err error) {
	for i, name := range [...]string{p.certFile, p.keyFile} {
		if stamp[i], err = stampOf(name); err != nil {
			return stamp, err
		}
	}
	return stamp, nil
}

func stampOf(name string) (fileStamp, error) {
	stat, err := os.Stat(name)
	if err != nil {
		return fileStamp{}, err
	}
	return fileStamp{stat.ModTime(), stat.Size()}, nil
}
