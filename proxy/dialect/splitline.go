package dialect

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// split takes a line apart. Fabio's tags know no quotes.
func (l *line) split(text string) ([]string, error) {
	if l.fabio {
		return strings.Fields(text), nil
	}
	return splitWords(text, l.env.Writer != WriterTag)
}

func (l *line) checkText(text string) error {
	bound := maxTag
	if l.env.Writer == WriterOperator {
		bound = maxOperatorLine
	}
	if len(text) > bound {
		return fmt.Errorf("the line is longer than %d bytes", bound)
	}
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < ' ' && c != '\t' || c >= 0x7f {
			return fmt.Errorf("byte %#02x is not allowed in a route", c)
		}
	}
	return nil
}

// closeUnread closes the route of a line that is not read any further, where it has a restriction, be it that of all routes of its instance, and
// still names what it matches.
func (l *line) closeUnread(text string) {
	for source := range strings.FieldsSeq(text) {
		if l.checkText(source) == nil && (l.defaults.Restricts() || l.restrictsUnread(text) || Withheld(text) != "") {
			if match, err := l.source(source); err == nil {
				l.rule = Rule{Name: source, Match: match, Policy: Policy{Closed: true}}
			}
		}
		return
	}
}

// restrictsUnread says whether a line that is not read narrows who may use its route.
func (l *line) restrictsUnread(text string) bool {
	for word := range strings.FieldsSeq(text) {
		key, _, _ := strings.Cut(word, "=")
		if l.restriction(strings.TrimPrefix(strings.ToLower(key), ownPrefix)) {
			return true
		}
	}
	return false
}

// expand replaces $DC and ${DC} in a source with a slash, and any other $name by nothing, as Fabio does.
func expand(source string, env Env) string {
	if !strings.Contains(source, "/") || !strings.Contains(source, "$") {
		return source
	}
	return os.Expand(source, func(name string) string {
		if name == "DC" {
			return env.Datacenter
		}
		return ""
	})
}

// splitAuthority takes host:port apart; a trailing dot of the host is dropped.
func splitAuthority(authority string) (host, port string, err error) {
	host = authority
	// A colon inside brackets belongs to an IPv6 literal.
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && i > strings.LastIndexByte(authority, ']') {
		host, port = authority[:i], authority[i+1:]
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || port[0] == '0' {
			return "", "", fmt.Errorf("port %q is not between 1 and 65535", port)
		}
		if host == "" {
			return "", "", errors.New("a port without a host")
		}
	}
	return strings.TrimSuffix(host, "."), port, nil
}

// shown makes a tag fit for a log line or a page: quoted escapes, bounded.
func shown(tag string) string {
	tail := ""
	if len(tag) > maxShown {
		tag, tail = tag[:maxShown], "..."
	}
	quoted := strconv.QuoteToASCII(tag)
	return quoted[1:len(quoted)-1] + tail
}
