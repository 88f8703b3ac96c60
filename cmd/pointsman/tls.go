package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/proxy/certs"
)

// tlsFlags say which certificates the TLS listeners show.
type tlsFlags struct {
	certs, keys paths
	folder      string
	unknown     choice
	named       []certs.Files // by -traefik-file
	clients     clientAuthFlags
}

func (c *tlsFlags) register(f *flags) {
	c.unknown = choice{"default", []string{"default", "alert"}}
	f.Var(&c.certs, "tls-cert", "`FILE` with a certificate chain (PEM), for the names in it; the first one is the default; read again when it changes; may be repeated")
	f.Var(&c.keys, "tls-key", "`FILE` with its private key (PEM), in the order of -tls-cert; may be repeated")
	f.StringVar(&c.folder, "tls-dir", "", "`FOLDER` with more certificates and keys: NAME.crt with NAME.key, or NAME/fullchain.pem with NAME/privkey.pem; it is followed; see pointsman help certificates")
	f.Var(&c.unknown, "tls-unknown", "`WHAT` clients see that ask for a name without a certificate: default (the default certificate), or alert (the handshake is refused)")
	c.clients.register(f)
}

// check refuses, before anything is bound, what could not be served.
func (c *tlsFlags) check(listens, ordered, mayName bool) error {
	given := len(c.certs) > 0 || c.folder != "" || ordered
	switch {
	case len(c.certs) != len(c.keys):
		return errors.New("-tls-cert and -tls-key go together: as many of the one as of the other")
	case listens && !given && !mayName, !listens && given:
		return errors.New("-tls-listen and certificates (-tls-cert and -tls-key, -tls-dir, -acme-dir or -acme-consul) go together")
	case !listens:
		return nil
	}
	if _, err := c.set(zerolog.Nop()); err != nil {
		return err
	}
	_, err := c.clients.authorities(zerolog.Nop())
	return err
}

// set reads the certificates.
func (c *tlsFlags) set(log zerolog.Logger) (*certs.Set, error) {
	o := certs.Options{More: c.named, Folder: c.folder, Alert: c.unknown.value == "alert", Log: log}
	for i, cert := range c.certs {
		o.Pairs = append(o.Pairs, certs.Files{Cert: cert, Key: c.keys[i]})
	}
	set, err := certs.NewSet(o)
	if err != nil {
		return nil, fmt.Errorf("-tls-cert, -tls-key, -tls-dir: %w", err)
	}
	return set, nil
}

// paths is a flag with the names of files, with commas between them; it may be repeated.
type paths []string

func (p *paths) String() string { return strings.Join(*p, ",") }

func (p *paths) Set(s string) error {
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part == "" {
			return errors.New("want the name of a file")
		}
		*p = append(*p, part)
	}
	return nil
}
