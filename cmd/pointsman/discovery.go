package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/proxy/admin"
	"github.com/pointsman/pointsman/proxy/admin/crowd"
	"github.com/pointsman/pointsman/proxy/certs"
)

// discoveryFlags say where the discovery API is, and who may ask there.
type discoveryFlags struct {
	listen              address
	cert, key, clientCA string
}

func (d *discoveryFlags) register(f *flags) {
	f.Var(&d.listen, "discovery-listen", "`ADDRESS` of the discovery API over TLS, for clients with a certificate; without -discovery-client-ca on loopback only; see pointsman help discovery-api")
	f.StringVar(&d.cert, "discovery-cert", "", "`FILE` with its certificate chain (PEM); read again when it changes")
	f.StringVar(&d.key, "discovery-key", "", "`FILE` with its private key (PEM); read again when it changes")
	f.StringVar(&d.clientCA, "discovery-client-ca", "", "`FILE` with the authorities (PEM) of which a client has to show a certificate; read again when it changes")
}

// errOpen is an address that everybody could reach who reaches this host.
var errOpen = errors.New("-discovery-listen needs -discovery-client-ca: only a loopback address, such as 127.0.0.1:8091, may go without")

// check refuses what would be more open than it looks, and files that can't be read.
func (d *discoveryFlags) check() error {
	switch {
	case d.listen == "" && (d.cert != "" || d.key != "" || d.clientCA != ""):
		return errors.New("-discovery-cert, -discovery-key and -discovery-client-ca need -discovery-listen")
	case d.listen == "":
		return nil
	case (d.cert == "") != (d.key == ""):
		return errors.New("-discovery-cert and -discovery-key go together")
	case d.clientCA != "" && d.cert == "":
		return errors.New("-discovery-client-ca needs -discovery-cert and -discovery-key")
	case d.clientCA == "" && !isLoopback(string(d.listen)):
		return errOpen
	}
	_, _, err := d.tls(zerolog.Nop())
	return err
}

// checkBound refuses a listener, which may be nil, that a name has led to another address than it should.
func (d *discoveryFlags) checkBound(l net.Listener) error {
	if l != nil && d.clientCA == "" && !isLoopback(l.Addr().String()) {
		return errOpen
	}
	return nil
}

func isLoopback(where string) bool {
	host, _, err := net.SplitHostPort(where)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// tls reads the files; nil where there is none.
func (d *discoveryFlags) tls(log zerolog.Logger) (pair *certs.Pair, clients *certs.Authorities, err error) {
	if d.cert != "" {
		if pair, err = certs.NewPair(d.cert, d.key, log); err != nil {
			return nil, nil, fmt.Errorf("-discovery-cert, -discovery-key: %w", err)
		}
	}
	if d.clientCA != "" {
		if clients, err = certs.NewAuthorities(d.clientCA, log); err != nil {
			return nil, nil, fmt.Errorf("-discovery-client-ca: %w", err)
		}
	}
	return pair, clients, nil
}

// discovery adds the address of the discovery API.
func (h *dataPath) discovery(a *actors, o admin.Options) error {
	if h.ports.discovery == nil {
		return nil
	}
	pair, clients, err := h.flags.discovery.tls(h.log)
	if err != nil {
		return err
	}
	var config *tls.Config
	if pair != nil {
		a.reread("the certificate "+h.flags.discovery.cert, pair.Reload)
		config = certs.Config(pair)
	}
	if clients != nil {
		a.reread("the authorities "+h.flags.discovery.clientCA, clients.Reload)
		config, o.Admits = certs.Mutual(pair, clients), clients.Admits
	}
	handler := admin.Discovery(o, clients == nil)
	a.support(func(ctx context.Context) error { return crowd.ServeTLS(ctx, h.ports.discovery, config, handler, h.log) })
	return nil
}
