package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/proxy/certs"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// clientAuthFlags say whose certificates clients show.
type clientAuthFlags struct {
	sets      namedFiles
	listeners listenerCAs
}

func (c *clientAuthFlags) register(f *flags) {
	c.sets = namedFiles{want: "NAME=FILE", files: 1}
	f.Var(&c.sets, "client-ca", "`NAME=FILE` with the certificate authorities (PEM) of clients, for client-ca=NAME of routes; read again when it changes; may be repeated; see pointsman help client-certificates")
	f.Var(&c.listeners, "tls-client-ca", "the `NAME` of -client-ca whose certificate every client of a -tls-listen has to show (NAME:optional: may show), or LISTENER=NAME for one of them; may be repeated")
}

// check refuses what could not be honoured.
func (c *clientAuthFlags) check(secure []named) error {
	if len(c.sets.list) > 0 && len(secure) == 0 {
		return errors.New("-client-ca needs -tls-listen")
	}
	for _, l := range c.listeners {
		switch {
		case !slices.Contains(c.names(), l.ca.Name):
			return fmt.Errorf("-tls-client-ca: there is no -client-ca %s", l.ca.Name)
		case l.listener != "" && !slices.ContainsFunc(secure, func(n named) bool { return n.name == l.listener }):
			return fmt.Errorf("-tls-client-ca: there is no -tls-listen %s", l.listener)
		}
	}
	return nil
}

// names are those that routes may call; never nil.
func (c *clientAuthFlags) names() []string {
	out := []string{}
	for _, s := range c.sets.list {
		out = append(out, s.name)
	}
	return out
}

// of is what a TLS listener asks of every client.
func (c *clientAuthFlags) of(listener string) (ca dialect.ClientCA, ok bool) {
	for _, l := range c.listeners {
		if l.listener == listener || l.listener == "" && !ok {
			ca, ok = l.ca, true
		}
	}
	return ca, ok
}

// authorities reads the files.
func (c *clientAuthFlags) authorities(log zerolog.Logger) (map[string]*certs.Authorities, error) {
	out := map[string]*certs.Authorities{}
	for _, s := range c.sets.list {
		a, err := certs.NewAuthorities(s.files[0], log)
		if err != nil {
			return nil, fmt.Errorf("-client-ca %s: %w", s.name, err)
		}
		out[s.name] = a
	}
	return out, nil
}

// listenerCA is what one TLS listener asks of every client; listener "" is all of them.
type listenerCA struct {
	listener string
	ca       dialect.ClientCA
}

// listenerCAs is a flag with [LISTENER=]NAME[:optional], with commas between several; it may be repeated.
type listenerCAs []listenerCA

func (l *listenerCAs) String() string {
	var out []string
	for _, one := range *l {
		text := one.ca.String()
		if one.listener != "" {
			text = one.listener + "=" + text
		}
		out = append(out, text)
	}
	return strings.Join(out, ",")
}

func (l *listenerCAs) Set(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		listener, name, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			listener, name = "", listener
		}
		ca, valid := dialect.ParseClientCA(name)
		switch {
		case !valid || ok && !dialect.IsListenerName(listener):
			return errors.New("want the NAME of a -client-ca, with :optional or not, or LISTENER=NAME")
		case slices.ContainsFunc(*l, func(o listenerCA) bool { return o.listener == listener }):
			return errors.New("a listener is given twice")
		}
		*l = append(*l, listenerCA{listener, ca})
	}
	return nil
}
