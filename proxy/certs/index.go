package certs

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strings"
	"time"

	"github.com/pointsman/pointsman/discovery/outside"
)

// index is which certificates a name has. It is not modified after it was published.
type index struct {
	exact map[string][]*tls.Certificate // by name, in lower case; those that are valid longest first
	below map[string][]*tls.Certificate // for *.NAME, by NAME: one label stands for the asterisk (RFC 6125 section 6.4.3)
	other *tls.Certificate              // the default; nil where there is none
}

// maxNameBytes is the longest host name (RFC 1035 section 2.3.4).
const maxNameBytes = 253

// build makes the index of what the files hold, and of what was adopted.
func (s *Set) build(files []Files) *index {
	i := &index{exact: map[string][]*tls.Certificate{}, below: map[string][]*tls.Certificate{}}
	for n, f := range files {
		c := s.held[f].pair
		if c == nil {
			continue
		}
		if n == 0 && len(s.o.Pairs)+len(s.more) > 0 || i.other == nil && f.isDefault() {
			i.other = c
		}
		i.add(c)
	}
	for _, c := range s.adopted {
		i.add(c)
	}
	for _, of := range []map[string][]*tls.Certificate{i.exact, i.below} {
		for name, list := range of {
			slices.SortStableFunc(list, func(a, b *tls.Certificate) int { return b.Leaf.NotAfter.Compare(a.Leaf.NotAfter) })
			of[name] = slices.Clip(list)
		}
	}
	if i.other == nil && !s.unnamed {
		s.unnamed = true
		s.o.Log.Warn().Msg("there is no default certificate (-tls-cert, or default.crt in -tls-dir): clients that ask for no name, or for one without a certificate, are refused")
	}
	return i
}

// add adds a certificate for its names.
func (i *index) add(c *tls.Certificate) {
	for _, name := range namesOf(c.Leaf) {
		if below, ok := strings.CutPrefix(name, "*."); ok {
			i.below[below] = append(i.below[below], c)
		} else {
			i.exact[name] = append(i.exact[name], c)
		}
	}
}

// namesOf are the names that a certificate is for, in lower case: its DNS names, and where it has none its common name, as many that people
// make for themselves.
func namesOf(leaf *x509.Certificate) []string {
	var out []string
	names := leaf.DNSNames
	if len(names) == 0 && len(leaf.IPAddresses) == 0 {
		names = []string{leaf.Subject.CommonName}
	}
	for _, name := range names {
		name = strings.ToLower(strings.TrimSuffix(name, "."))
		if outside.IsHostName(strings.TrimPrefix(name, "*.")) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// shown are the first names of a certificate, for people.
func shown(c *tls.Certificate) []string {
	const most = 5
	names := namesOf(c.Leaf)
	return names[:min(len(names), most)]
}

// Choose is the Chooser's: the certificate for the name that the client asks for: that of the name itself, else one for a pattern; of
// several the one that is valid longest and that the client can verify. An expired one is chosen only where no other covers the name.
func (s *Set) Choose(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	i := s.index.Load()
	if c := i.find(hello, time.Now()); c != nil {
		return c, nil
	}
	if s.o.Alert && hello.ServerName != "" {
		return nil, nil // crypto/tls sends unrecognized_name
	}
	return i.other, nil
}

func (i *index) find(hello *tls.ClientHelloInfo, now time.Time) *tls.Certificate {
	if hello.ServerName == "" || len(hello.ServerName) > maxNameBytes {
		return nil
	}
	var room [maxNameBytes]byte
	name := lower(room[:0], hello.ServerName)
	c := best(i.exact[string(name)], hello)
	if c != nil && !expired(c, now) {
		return c
	}
	for k, b := range name {
		if b != '.' {
			continue
		}
		if of := best(i.below[string(name[k+1:])], hello); of != nil && (c == nil || !expired(of, now)) {
			return of
		}
		break
	}
	return c
}

// Covers says whether a certificate that is not expired covers a host, in lower case.
func (s *Set) Covers(host string) bool {
	i, now := s.index.Load(), time.Now()
	if good(i.exact[host], now) {
		return true
	}
	first, below, _ := strings.Cut(host, ".")
	return first != "" && good(i.below[below], now)
}

// good says whether any of a name's certificates is not expired; the one that is valid longest comes first.
func good(list []*tls.Certificate, now time.Time) bool {
	return len(list) > 0 && !expired(list[0], now)
}

// lower appends a name in lower case.
func lower(to []byte, name string) []byte {
	for k := range len(name) {
		b := name[k]
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		to = append(to, b)
	}
	return to
}

// best is the first that the client can verify, or the first. Where there is no choice, nothing is asked.
func best(list []*tls.Certificate, hello *tls.ClientHelloInfo) *tls.Certificate {
	switch len(list) {
	case 0:
		return nil
	case 1:
		return list[0]
	}
	for _, c := range list {
		if hello.SupportsCertificate(c) == nil {
			return c
		}
	}
	return list[0]
}
