package dialect

import (
	"errors"
	"regexp"
	"strings"
)

// parseGlob reads host[:port][/path], of which the path is one that Fabio's matcher glob takes: * is any text, slashes too, ? one sign,
// [a-z] and [!a-z] one sign of a class, {a,b} one of several texts, and \ takes the meaning from the sign behind it. A path without them is
// taken alone.
func parseGlob(source string) (m Match, err error) {
	host, glob, ok := strings.Cut(source, "/")
	if glob = "/" + glob; !ok {
		glob = "/"
	}
	at := strings.IndexAny(glob, `*?[{\`)
	if at < 0 {
		return parseSource(source, PathExact)
	}
	if m, err = parseSource(host+glob[:at], PathPrefix); err != nil || glob[at:] == "*" {
		return m, err
	}
	text, err := globExpression(glob)
	if err != nil {
		return m, err
	}
	e, err := ParseExpression(text)
	if err != nil {
		return m, err
	}
	c := m.conditions()
	c.Paths = []Expressed{{Expression: e}}
	c.seal()
	return m, nil
}

// globExpression is the regular expression that takes what a glob does.
func globExpression(glob string) (string, error) {
	var out strings.Builder
	out.WriteString("^")
	depth := 0
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; {
		case c == '*':
			if !strings.HasSuffix(out.String(), ".*") {
				out.WriteString(".*")
			}
		case c == '?':
			out.WriteString(".")
		case c == '[':
			class, n, err := globClass(glob[i:])
			if err != nil {
				return "", err
			}
			out.WriteString(class)
			i += n - 1
		case c == '{':
			depth++
			out.WriteString("(?:")
		case c == '}' && depth > 0:
			depth--
			out.WriteString(")")
		case c == ',' && depth > 0:
			out.WriteString("|")
		case c == '\\':
			if i++; i == len(glob) {
				return "", errors.New("the path ends in a backslash")
			}
			out.WriteString(regexp.QuoteMeta(glob[i : i+1]))
		default:
			out.WriteString(regexp.QuoteMeta(glob[i : i+1]))
		}
	}
	if depth > 0 {
		return "", errors.New("a { in the path has no }")
	}
	return out.String() + "$", nil
}

// globClass is the regular expression of the class at the front of a text, and the class's length.
func globClass(text string) (string, int, error) {
	end := strings.IndexByte(text, ']')
	if end < 0 {
		return "", 0, errors.New("a [ in the path has no ]")
	}
	inner, not := strings.CutPrefix(text[1:end], "!")
	if inner == "" || strings.ContainsAny(inner, `\[^`) {
		return "", 0, errors.New("a class in the path is not [a-z], [abc] or either with ! at its front")
	}
	if not {
		return "[^" + inner + "]", end + 1, nil
	}
	return "[" + inner + "]", end + 1, nil
}
