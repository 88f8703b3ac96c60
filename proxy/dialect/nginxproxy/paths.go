package nginxproxy

import (
	"errors"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// path is where a route is, and what becomes of it upstream, as nginx's location and proxy_pass have it.
type path struct {
	text    string // begins with a slash
	options string // with a blank in front of each
}

// Among the locations of a host an exact one comes first, then regular expressions, then the longest prefix; ^~ in front of a prefix has it come before
// regular expressions.
const (
	priorityExact  = " priority=3"
	priorityPrefix = " priority=2"
	priorityRegexp = " priority=1"
)

// parsePath reads VIRTUAL_PATH, which is a location of nginx's, and VIRTUAL_DEST.
func parsePath(location, dest string) (p path, err error) {
	kind, text, ok := strings.Cut(location, " ")
	if !ok || strings.HasPrefix(location, "/") {
		kind, text = "", location
	}
	text = strings.TrimSpace(text)
	if rest, is := strings.CutPrefix(text, "~"); is && kind == "" { // nginx takes them without a blank, too
		kind, text = "~", rest
		if rest, is := strings.CutPrefix(rest, "*"); is {
			kind, text = "~*", rest
		}
	}
	if strings.ContainsAny(text+dest, " \t\"") {
		return p, errors.New("a path has neither blanks nor quotes")
	}
	switch kind {
	case "":
		p = path{text: text}
	case "=":
		p = path{text, " path=exact" + priorityExact}
	case "^~":
		p = path{text, priorityPrefix}
	case "~", "~*":
		return expression(kind, text, dest)
	default:
		return p, errors.New(dialect.Source(location) + " is no location of nginx's that is understood here")
	}
	if p.text == "" {
		p.text = "/"
	}
	switch {
	case strings.Contains(p.text+dest, "$"):
		return p, errVariable
	case !strings.HasPrefix(p.text, "/"):
		return p, errors.New("a path begins with a slash")
	}
	if _, err := dialect.ParsePath(dialect.PathPrefix, p.text); err != nil {
		return p, err
	}
	if kind == "" && p.text == "/" {
		p.options = " path=segments"
	}
	return p, p.rewrite(dest)
}

// expression is a location by a regular expression.
func expression(kind, text, dest string) (p path, err error) {
	if dest != "" {
		return p, errors.New("VIRTUAL_DEST does not go with a regular expression in VIRTUAL_PATH, in nginx-proxy neither")
	}
	if kind == "~*" {
		text = "(?i)" + text
	}
	if _, err := dialect.ParseExpression(text); err != nil {
		return p, err
	}
	return path{"/", " path=segments path-regexp=" + text + priorityRegexp}, nil
}

// rewrite puts VIRTUAL_DEST in place of the path.
func (p *path) rewrite(dest string) error {
	if dest == "" || dest == p.text {
		return nil
	}
	if _, err := dialect.ParsePath(dialect.PathPrefix, dest); err != nil {
		return errors.New("VIRTUAL_DEST: " + err.Error())
	}
	if p.text != "/" {
		p.options += " strip=" + p.text
	}
	if dest = strings.TrimSuffix(dest, "/"); dest != "" {
		p.options += " prepend=" + dest
	}
	return nil
}

// address is the begin of the line of a host's path.
func (r *reader) address(host virtualHost, p path) string {
	text := host.name + p.text + p.options + host.options
	if host.options == "" && r.orders(host.name) {
		text += " tls=acme"
	}
	return text
}
