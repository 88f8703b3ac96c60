package main

import (
	"errors"
	"net/mail"
	"net/url"
	"strings"

	"github.com/pointsman/pointsman/proxy/certs/acme"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// authority is a CA by a name, or by the URL of its directory.
type authority string

func (a *authority) String() string { return string(*a) }

func (a *authority) Set(s string) error {
	u, err := url.Parse(s)
	if s != "letsencrypt" && s != "staging" && (err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil) {
		return errors.New("want letsencrypt, staging, or the https:// URL of a directory")
	}
	*a = authority(s)
	return nil
}

func (a *authority) directory() string {
	switch *a {
	case "letsencrypt":
		return acme.LetsEncrypt
	case "staging":
		return acme.LetsEncryptStaging
	}
	return string(*a)
}

// email is an address without a name.
type email string

func (e *email) String() string { return string(*e) }

func (e *email) Set(s string) error {
	if a, err := mail.ParseAddress(s); s != "" && (err != nil || a.Address != s) {
		return errors.New("want an address such as ops@example.com")
	}
	*e = email(s)
	return nil
}

// hostPatterns are host names and *.NAME, with commas.
type hostPatterns []dialect.Host

func (h *hostPatterns) String() string {
	var out []string
	for _, p := range *h {
		out = append(out, p.Text)
	}
	return strings.Join(out, ",")
}

func (h *hostPatterns) Set(s string) error {
	var out hostPatterns
	for part := range strings.SplitSeq(s, ",") {
		p, err := dialect.ParseHost(strings.ToLower(strings.TrimSpace(part)))
		if err != nil || p.Kind != dialect.HostExact && p.Kind != dialect.HostWildcard {
			return errors.New("want host names or *.NAME, with commas")
		}
		out = append(out, p)
	}
	*h = out
	return nil
}

func (h hostPatterns) match(name string) bool {
	for _, p := range h {
		if p.Kind == dialect.HostExact && name == p.Text || p.Kind == dialect.HostWildcard && strings.HasSuffix(name, p.Text[1:]) {
			return true
		}
	}
	return false
}
