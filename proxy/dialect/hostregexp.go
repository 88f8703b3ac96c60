package dialect

import (
	"errors"
	"regexp"
	"strings"
)

// nameInBraces begins {name} or {name:REGEXP} of Traefik 1 and 2, and nothing of a regular expression.
var nameInBraces = regexp.MustCompile(`\{[A-Za-z_][A-Za-z0-9_-]*[:}]`)

// HasTemplate says whether a text of Traefik 1 or 2 holds {name} or {name:REGEXP}.
func HasTemplate(text string) bool { return nameInBraces.MatchString(text) }

// Template is a text of Traefik 1 or 2 as a regular expression, in which {name} stands for def. Braces may be nested.
func Template(text, def string) (string, error) {
	var out strings.Builder
	for text != "" {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			break
		}
		out.WriteString(regexp.QuoteMeta(text[:open]))
		depth, end := 0, -1
		for i := open; i < len(text) && end < 0; i++ {
			switch text[i] {
			case '{':
				depth++
			case '}':
				if depth--; depth == 0 {
					end = i
				}
			}
		}
		if end < 0 {
			return "", errors.New("the rule has a { without its }")
		}
		re := def
		if _, own, ok := strings.Cut(text[open+1:end], ":"); ok {
			re = own
		}
		out.WriteString("(?:" + re + ")")
		text = text[end+1:]
	}
	return out.String() + regexp.QuoteMeta(text), nil
}

// HostRegexp reads a regular expression over hosts, or a text with {name:REGEXP}, of Traefik.
func HostRegexp(value string) (HostExpression, error) {
	if !HasTemplate(value) {
		h, err := ParseHostExpression(value)
		return h.nearer(), err
	}
	text, err := Template(value, `[^.]+`)
	if err != nil {
		return HostExpression{}, err
	}
	if text = "^" + text + "$"; strings.ToLower(text) != text { // the case of hosts does not count in those versions
		text = "(?i)" + text
	}
	h, err := ParseHostExpression(text)
	return h.nearer(), err
}
