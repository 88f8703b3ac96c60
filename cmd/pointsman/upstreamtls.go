package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/certs"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// upstreamTLSFlags say whom the proxy trusts as instances, and what it shows to them.
type upstreamTLSFlags struct {
	cas   namedFiles
	certs namedFiles
}

func (c *upstreamTLSFlags) register(f *flags) {
	c.cas, c.certs = namedFiles{want: "NAME=FILE", files: 1}, namedFiles{want: "NAME=CERT,KEY", files: 2}
	f.Var(&c.cas, "upstream-ca", "`NAME=FILE` with certificate authorities (PEM) of instances, for ca=NAME of routes; read again when it changes; may be repeated; see pointsman help upstream-tls")
	f.Var(&c.certs, "upstream-cert", "`NAME=CERT,KEY`, files (PEM) with a certificate that is shown to instances and its key, for client-cert=NAME of routes; read again when they change; may be repeated; see pointsman help upstream-tls")
}

// check refuses files that can't be used.
func (c *upstreamTLSFlags) check() error {
	_, _, err := c.load(new(actors), zerolog.Nop())
	return err
}

// load reads the files, and adds them to those that SIGHUP has read again.
func (c *upstreamTLSFlags) load(a *actors, log zerolog.Logger) (map[string]balancer.Authorities, map[string]balancer.Certificate, error) {
	cas, shown := map[string]balancer.Authorities{}, map[string]balancer.Certificate{}
	for _, n := range c.cas.list {
		ca, err := certs.NewAuthorities(n.files[0], log)
		if err != nil {
			return nil, nil, fmt.Errorf("-upstream-ca %s: %w", n.name, err)
		}
		a.reread("the authorities of -upstream-ca "+n.name, ca.Reload)
		cas[n.name] = ca
	}
	for _, n := range c.certs.list {
		pair, err := certs.NewPair(n.files[0], n.files[1], log)
		if err != nil {
			return nil, nil, fmt.Errorf("-upstream-cert %s: %w", n.name, err)
		}
		a.reread("the certificate of -upstream-cert "+n.name, pair.Reload)
		shown[n.name] = pair
	}
	return cas, shown, nil
}

// namedFiles is a flag with files by name; it may be repeated.
type namedFiles struct {
	want  string // its form
	files int    // of one name
	list  []namedFile
}

type namedFile struct {
	name  string
	files []string
}

func (n *namedFiles) String() string {
	var out []string
	for _, one := range n.list {
		out = append(out, one.name+"="+strings.Join(one.files, ","))
	}
	return strings.Join(out, " ")
}

// Set takes one, or several with blanks between them, as they stand in an environment variable.
func (n *namedFiles) Set(text string) error {
	for part := range strings.FieldsSeq(text) {
		name, rest, _ := strings.Cut(part, "=")
		files := strings.Split(rest, ",")
		switch {
		case !dialect.IsListenerName(name) || len(files) != n.files || slices.Contains(files, ""):
			return fmt.Errorf("want %s; a name has letters in lower case, digits, - and _, 63 at most", n.want)
		case slices.ContainsFunc(n.list, func(o namedFile) bool { return o.name == name }):
			return fmt.Errorf("%s is given twice", name)
		}
		n.list = append(n.list, namedFile{name, files})
	}
	if len(n.list) == 0 {
		return errors.New("want " + n.want)
	}
	return nil
}
