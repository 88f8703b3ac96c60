package main

import (
	"os"
	"strings"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/certs"
	"github.com/pointsman/pointsman/proxy/dialect/traefik"
)

// checkTraefikFile finds out at the start that the file can't be read.
func checkTraefikFile(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	_, err = traefik.Certificates(path, string(content))
	return err
}

// present has the TLS listeners show the certificates that Traefik's file names. A file that can't be read changes nothing.
func (p *ports) present(t *discovery.Text, log zerolog.Logger) {
	list, err := traefik.Certificates(t.Name, strings.Join(t.Lines, "\n"))
	if err != nil {
		log.Error().Err(err).Str("file", t.Name).Msg("Traefik's file can't be used; what was read before stays in effect")
		return
	}
	p.tls.named = nil
	for _, c := range list {
		p.tls.named = append(p.tls.named, certs.Files{Cert: c.Cert, Key: c.Key})
	}
	if p.set != nil {
		p.set.Name(p.tls.named)
	}
}
