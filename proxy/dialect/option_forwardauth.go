package dialect

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// forwardAuth is what the line is about to ask another server.
func (l *line) forwardAuth() *ForwardAuth {
	f := &l.rule.Policy.Filters
	if f.ForwardAuth == nil {
		f.ForwardAuth = &ForwardAuth{}
	}
	return f.ForwardAuth
}

// setForwardAuth reads service:NAME[/PATH], or a URL.
func setForwardAuth(l *line, value string) error {
	if rest, ok := strings.CutPrefix(value, "service:"); ok {
		name, path, _ := strings.Cut(rest, "/")
		path = "/" + path
		if plain, _, _ := strings.Cut(path, "?"); name == "" || !isToken(name) || checkPath(plain) != nil {
			return fmt.Errorf("forward-auth=%s is not service:NAME/PATH", shown(value))
		}
		a := l.forwardAuth()
		a.Service, a.Path, a.Operator = name, path, l.env.Writer == WriterOperator
		return nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return fmt.Errorf("forward-auth=%s is neither service:NAME/PATH nor a URL", shown(value))
	}
	operator := l.env.Writer == WriterOperator
	if _, err := netip.ParseAddr(u.Hostname()); err != nil && !operator {
		return errors.New("only the operator may write forward-auth with a host name; tags may name IP addresses of -allow-upstreams, and services: service:NAME/PATH")
	}
	l.forwardAuth().URL, l.forwardAuth().Operator = value, operator
	return nil
}

func printForwardAuth(r *Rule) []string {
	a := r.Policy.Filters.ForwardAuth
	switch {
	case a == nil:
	case a.URL != "":
		return []string{a.URL}
	case a.Service != "":
		return []string{"service:" + a.Service + a.Path}
	}
	return nil
}

// judgeForwardAuth is judgeAuth for another server that is asked.
func judgeForwardAuth(l *line) {
	if f := &l.rule.Policy.Filters; f.ForwardAuth != nil && f.ForwardAuth.URL == "" && f.ForwardAuth.Service == "" {
		f.ForwardAuth = nil
	}
}

func setForwardAuthHeaders(l *line, value string) error {
	names, err := l.tokens("forward-auth-headers", value)
	if err != nil {
		return err
	}
	if len(names) > maxFieldChanges {
		return fmt.Errorf("forward-auth-headers may name %d fields", maxFieldChanges)
	}
	for _, name := range names {
		if err := checkRequestField(name); err != nil {
			return err
		}
	}
	l.forwardAuth().Headers = names
	return nil
}

func printForwardAuthHeaders(r *Rule) []string {
	a := r.Policy.Filters.ForwardAuth
	if a == nil || len(a.Headers) == 0 {
		return nil
	}
	return []string{strings.Join(a.Headers, ",")}
}

func setForwardAuthSends(l *line, value string) error {
	names, err := l.tokens("forward-auth-sends", value)
	if err == nil && len(names) > maxFieldChanges {
		err = fmt.Errorf("forward-auth-sends may name %d fields", maxFieldChanges)
	}
	if err == nil {
		l.forwardAuth().Sends = names
	}
	return err
}

func printForwardAuthSends(r *Rule) []string {
	a := r.Policy.Filters.ForwardAuth
	if a == nil || len(a.Sends) == 0 {
		return nil
	}
	return []string{strings.Join(a.Sends, ",")}
}

func setForwardAuthTimeout(l *line, value string) error {
	const most = time.Minute
	d, err := time.ParseDuration(value)
	if err != nil || d < time.Millisecond || d > most {
		return fmt.Errorf("forward-auth-timeout=%s is not between 1ms and %s", shown(value), most)
	}
	l.forwardAuth().Timeout = d
	return nil
}

func printForwardAuthTimeout(r *Rule) []string {
	a := r.Policy.Filters.ForwardAuth
	if a == nil || a.Timeout == 0 {
		return nil
	}
	return []string{a.Timeout.String()}
}
