package dialect

import (
	"errors"
	"fmt"
	"strings"
)

// splitWords takes a line apart at blanks. A value that holds blanks stands in double quotes (name="a value"), in which \" is a quote and \\
// a backslash; outside of quotes a backslash is one. With remarks, a word that begins with # ends the line. The words come without
// quotes.
func splitWords(text string, remarks bool) (out []string, err error) {
	for {
		text = strings.TrimLeft(text, " \t")
		if text == "" || remarks && text[0] == '#' {
			return out, nil
		}
		end := strings.IndexAny(text, " \t\"")
		switch {
		case end < 0:
			end = len(text)
		case text[end] == '"':
			if end == 0 || text[end-1] != '=' || strings.IndexByte(text, '=') != end-1 {
				return out, fmt.Errorf("a quote inside of %s: quotes stand around a whole value, as in name=\"a value\"", shown(concealed(text[:end+1], false)))
			}
			value, rest, err := unquote(text[end:])
			if err != nil {
				return out, err
			}
			out, text = append(out, text[:end]+value), rest
			continue
		}
		out, text = append(out, text[:end]), text[end:]
	}
}

// unquote reads a quoted value at the front of text, and what stands behind it.
func unquote(text string) (value, rest string, err error) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			rest = text[i+1:]
			if rest != "" && rest[0] != ' ' && rest[0] != '\t' {
				return "", "", errors.New("text stands right behind a quoted value")
			}
			return b.String(), rest, nil
		case c == '\\' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\'):
			i++
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", errors.New("a quote without its second one")
}

// quoted is an option as splitWords reads it.
func quoted(name, value string) string {
	switch {
	case value == "":
		return name
	case strings.ContainsAny(value, " \t\""):
		return name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
	}
	return name + "=" + value
}

// Word is an option as it stands in a line, whatever its value holds. The value must have no control characters.
func Word(name, value string) string { return quoted(name, value) }
