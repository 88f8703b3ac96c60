package dialect

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// maxUsers bounds the users of a line; more belong in a file.
const maxUsers = 64

// auth is what the line is about to ask of users.
func (l *line) auth() *BasicAuth {
	f := &l.rule.Policy.Filters
	if f.Auth == nil {
		f.Auth = &BasicAuth{}
	}
	return f.Auth
}

// setAuth reads basic:NAME:HASH and more of them, or file:PATH. No error holds a hash.
func setAuth(l *line, value string) error {
	if l.fabio {
		scheme, ok := l.schemes[value]
		if !ok {
			return errors.New("auth names no scheme of -auth: the route is refused rather than served to everybody") // the value may be a secret
		}
		*l.auth() = scheme
		return nil
	}
	kind, rest, _ := strings.Cut(value, ":")
	switch kind {
	case "basic":
		var users []User
		for _, text := range l.list(rest) {
			u, err := ParseUser(text)
			if err != nil {
				return err
			}
			if l.env.Writer != WriterOperator {
				if err := u.tooSlow(); err != nil {
					return err
				}
			}
			if slices.ContainsFunc(users, func(o User) bool { return o.Name == u.Name }) {
				return errors.New(u.shown() + " is given twice")
			}
			users = append(users, u)
		}
		if len(users) > maxUsers {
			return fmt.Errorf("auth=basic may name %d users; the operator can name a file", maxUsers)
		}
		l.auth().Users = users
		return nil
	case "file":
		if l.env.Writer != WriterOperator {
			return errors.New("only the operator may write auth=file: in the routes file")
		}
		if !filepath.IsAbs(rest) {
			return errors.New("auth=file: needs the whole path of an htpasswd file")
		}
		l.auth().File = rest
		return nil
	}
	return errors.New("auth is neither basic:NAME:HASH, as htpasswd writes it, nor file:PATH")
}

func printAuth(r *Rule) []string {
	a := r.Policy.Filters.Auth
	switch {
	case a == nil:
	case a.File != "":
		return []string{"file:" + a.File}
	case len(a.Users) > 0:
		texts := make([]string, len(a.Users))
		for i, u := range a.Users {
			texts[i] = u.Name + ":" + u.Hash
		}
		return []string{"basic:" + strings.Join(texts, ",")}
	}
	return nil
}

// judgeAuth comes with each of its options: those that all routes of the instance have are nothing where a route has no auth, see headless.
func judgeAuth(l *line) {
	if f := &l.rule.Policy.Filters; f.Auth != nil && len(f.Auth.Users) == 0 && f.Auth.File == "" {
		f.Auth = nil
	}
}

func setAuthRealm(l *line, value string) error {
	const most = 128
	if value == "" || len(value) > most || !isFieldValue(value) {
		return fmt.Errorf("auth-realm=%s is not a text of up to %d characters", shown(value), most)
	}
	l.auth().Realm = value
	return nil
}

func printAuthRealm(r *Rule) []string {
	a := r.Policy.Filters.Auth
	if a == nil || a.Realm == "" {
		return nil
	}
	return []string{a.Realm}
}

func setAuthPass(l *line, value string) error {
	switch value {
	case "", "true", "false":
		l.auth().Pass = value != "false"
		return nil
	}
	return fmt.Errorf("auth-pass=%s is neither true nor false", shown(value))
}

func printAuthPass(r *Rule) []string {
	a := r.Policy.Filters.Auth
	return printIf(a != nil && a.Pass, "true")
}
