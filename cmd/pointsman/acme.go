package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/caddyserver/certmagic"

	"github.com/pointsman/pointsman/proxy/certs"
	"github.com/pointsman/pointsman/proxy/certs/acme"
	"github.com/pointsman/pointsman/proxy/certs/storage"
	"github.com/pointsman/pointsman/proxy/listen"
)

// acmeFlags say from where certificates come by themselves, for which hosts, and where they are kept.
type acmeFlags struct {
	folder, roots, eabID, eabKey string
	consul                       bool
	secret                       string
	email                        email
	ca                           authority
	hosts                        hostPatterns
}

func (c *acmeFlags) register(f *flags) {
	c.ca = "letsencrypt"
	f.StringVar(&c.folder, "acme-dir", "", "`FOLDER` that keeps certificates ordered by ACME, with their keys, for hosts of routes with tls=acme; whoever gives it agrees to the terms of the CA; see pointsman help acme")
	f.Var(&c.email, "acme-email", "`ADDRESS` to which the CA may write")
	f.Var(&c.ca, "acme-ca", "`CA` that certificates are ordered from: letsencrypt, staging (of Let's Encrypt, for trying things out), or the URL of another CA's directory")
	f.StringVar(&c.roots, "acme-roots", "", "`FILE` with certificates (PEM) that are trusted for the CA's own server, in place of the system's: for a CA of your own")
	f.StringVar(&c.eabID, "acme-eab-id", "", "`ID` of an account that the CA knows already (external account binding)")
	f.StringVar(&c.eabKey, "acme-eab-key-file", "", "`FILE` with its key, as the CA gives it (base64url)")
	f.Var(&c.hosts, "acme-hosts", "host `PATTERNS` (with commas) within which certificates are ordered: names, or *.NAME for all below; all unless given")
}

// inConsul registers what commands with Consul have beside it.
func (c *acmeFlags) inConsul(f *flags) {
	f.BoolVar(&c.consul, "acme-consul", false, "keep certificates ordered by ACME in Consul's KV below pointsman/acme/, sealed with -secret-file, in place of -acme-dir: proxies on several hosts share them; see pointsman help acme")
	f.StringVar(&c.secret, "secret-file", "", "`FILE` with the secret for -acme-consul: a line of 32 characters or more. Of several lines the first one seals, and all of them open")
}

// check refuses what could not be used.
func (c *acmeFlags) check(listens bool) error {
	if !c.on() {
		for name, value := range map[string]string{"acme-email": string(c.email), "acme-roots": c.roots, "acme-eab-id": c.eabID,
			"acme-eab-key-file": c.eabKey, "acme-hosts": c.hosts.String(), "secret-file": c.secret} {
			if value != "" {
				return fmt.Errorf("-%s needs -acme-dir or -acme-consul", name)
			}
		}
		return nil
	}
	switch {
	case c.folder != "" && c.consul:
		return errors.New("-acme-dir and -acme-consul exclude each other: certificates are kept in one place")
	case !listens:
		return errors.New("ordering certificates (-acme-dir, -acme-consul) needs -tls-listen")
	}
	if _, err := c.storage(nil); err != nil {
		return err
	}
	_, err := c.options()
	return err
}

// storage is where certificates are kept. With -acme-consul that is below a prefix in shared, which is not asked for anything yet.
func (c *acmeFlags) storage(shared storage.Shared) (certmagic.Storage, error) {
	if !c.consul {
		if c.secret != "" {
			return nil, errors.New("-secret-file needs -acme-consul: in a folder nothing is sealed")
		}
		folder, err := storage.NewFolder(c.folder)
		if err != nil {
			return nil, fmt.Errorf("-acme-dir: %w", err)
		}
		return folder, nil
	}
	if c.secret == "" {
		return nil, errors.New("-acme-consul needs -secret-file: whoever reads Consul's KV would have the keys")
	}
	text, err := os.ReadFile(c.secret)
	if err != nil {
		return nil, fmt.Errorf("-secret-file: %w", err)
	}
	secrets, err := storage.ParseSecrets(text)
	if err != nil {
		return nil, fmt.Errorf("-secret-file: %w", err)
	}
	return storage.NewSealed(shared, "acme", secrets)
}

// options are what can be said before there are listeners.
func (c *acmeFlags) options() (o acme.Options, err error) {
	o = acme.Options{Directory: c.ca.directory(), Email: string(c.email)}
	if c.roots != "" {
		if o.Roots, err = readPool(c.roots); err != nil {
			return o, fmt.Errorf("-acme-roots: %w", err)
		}
	}
	if (c.eabID == "") != (c.eabKey == "") {
		return o, errors.New("-acme-eab-id and -acme-eab-key-file go together")
	}
	if c.eabID != "" {
		key, err := os.ReadFile(c.eabKey)
		if err != nil {
			return o, fmt.Errorf("-acme-eab-key-file: %w", err)
		}
		o.EAB = acme.EAB{KeyID: c.eabID, MACKey: strings.TrimRight(strings.TrimSpace(string(key)), "=")}
	}
	if len(c.hosts) > 0 {
		o.Allowed = c.hosts.match
	}
	return o, nil
}

func readPool(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return certs.ParsePool(text)
}

// on says whether certificates are ordered at all.
func (c *acmeFlags) on() bool { return c.folder != "" || c.consul }

// order makes certificates come by themselves: they join the set, and the listeners answer what the CA asks.
func (h *dataPath) order(a *actors, set *certs.Set, secure []listen.Listener) error {
	o, err := h.flags.acme.options()
	if err != nil {
		return err
	}
	if o.Storage, err = h.flags.acme.storage(h.store); err != nil {
		return err
	}
	o.Adopt, o.HTTP, o.TLS, o.Log = set.Adopt, len(h.ports.plain) > 0, len(secure) > 0, h.log
	if h.acme, err = acme.New(o); err != nil {
		return err
	}
	for i := range secure {
		secure[i].TLS = h.acme.Guard(secure[i].TLS)
	}
	h.registry.MustRegister(h.acme.Collector())
	a.support(h.acme.Run)
	a.support(h.want)
	return nil
}

// want follows the table: for which hosts its routes ask for a certificate.
func (h *dataPath) want(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-h.table.News():
		}
		var list []acme.Wanted
		for _, n := range h.table.Load().CertificateNames() {
			list = append(list, acme.Wanted{Name: n.Host, Owners: n.Owners})
		}
		h.acme.Want(list)
	}
}

// certificates are all, those of files first.
func (h *dataPath) certificates() (out []certs.Status) {
	if h.ports.set != nil {
		out = h.ports.set.Statuses()
	}
	if h.acme != nil {
		out = append(out, h.acme.Statuses()...)
	}
	return out
}
