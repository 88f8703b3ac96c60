package dialect

import (
	"errors"
	"slices"
	"strings"
)

// source reads the first word of a line.
func (l *line) source(text string) (Match, error) {
	text = expand(text, l.env)
	if l.globs {
		return parseGlob(text)
	}
	match, err := parseSource(text, l.paths)
	if l.fabio && strings.Contains(match.Path.Text, "*") {
		l.note("* in a path stands for itself; with -matcher glob it stands for any text")
	}
	return match, err
}

// parseSource reads host[:port][/path].
func parseSource(source string, paths PathKind) (m Match, err error) {
	authority, path := source, "/"
	if i := strings.IndexByte(source, '/'); i >= 0 {
		authority, path = source[:i], source[i:]
	}
	if m.Path, err = ParsePath(paths, path); err != nil {
		return m, err
	}
	host, port, err := splitAuthority(strings.ToLower(authority))
	if err != nil {
		return m, err
	}
	m.Port = port
	m.Host, err = ParseHost(host)
	return m, err
}

// foreign is why a line is for no HTTP proxy, or nil. Where it restricts and names what it matches, its route is closed: it was never to be left
// to a wider one.
func (l *line) foreign(list []word) error {
	proto := strings.ToLower(lastValue(list, "proto"))
	var err error
	switch {
	case strings.HasPrefix(l.rule.Name, ":"), strings.HasPrefix(proto, "tcp"):
		err = errors.New("a TCP route: this proxy serves HTTP, and TCP routes are to come later")
	case proto == "grpc", proto == "grpcs":
		err = errors.New("a gRPC route: this proxy serves HTTP to instances that speak HTTP/1.1, and gRPC is to come later")
	default:
		return nil
	}
	l.final = true
	if !l.defaults.Restricts() && !slices.ContainsFunc(list, func(w word) bool { return l.restriction(w.key) || Withheld(w.value) != "" }) {
		return err
	}
	if match, bad := l.source(l.rule.Name); bad == nil {
		l.rule.Match = match
		l.rule = *l.rule.closed()
	}
	return err
}
