package record

import (
	"errors"
	"fmt"
	"strings"
)

// LineFormat is how the lines of an access log look, in the words of nginx's log_format. Immutable.
type LineFormat struct {
	parts []linePart
	json  bool // texts are escaped for JSON, and what is not there is nothing rather than a hyphen
}

// linePart is a text, and the variable that follows it.
type linePart struct {
	text     string
	variable variable
	field    string // of varHeadField and varSentField, in nginx's spelling: lower case, with underscores
}

// maxLineFormat bounds a format, in bytes: longer ones are mistakes, and each line costs as much.
const maxLineFormat = 8 << 10

// ParseLineFormat reads a format as nginx has it: text with $variables or ${variables} between, which "escape=json " or "escape=default "
// may stand in front of. "combined" is nginx's own format of that name. An unknown variable is an error that lists those there are.
func ParseLineFormat(s string) (*LineFormat, error) {
	const combined = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`
	f := &LineFormat{}
	rest, escapes := strings.CutPrefix(s, "escape=json ")
	f.json = escapes
	if !escapes {
		rest, _ = strings.CutPrefix(s, "escape=default ")
	}
	switch {
	case strings.TrimSpace(rest) == "":
		return nil, errors.New("the format is empty")
	case len(s) > maxLineFormat:
		return nil, fmt.Errorf("the format has more than %d bytes", maxLineFormat)
	case strings.ContainsAny(s, "\r\n\x00"):
		return nil, errors.New("the format has a line break in it: a request is one line")
	case s == "combined":
		rest = combined
	}
	for rest != "" {
		part, after, err := cutPart(rest)
		if err != nil {
			return nil, err
		}
		f.parts, rest = append(f.parts, part), after
	}
	return f, nil
}

// cutPart reads a text and the variable behind it.
func cutPart(s string) (part linePart, rest string, err error) {
	at := strings.IndexByte(s, '$')
	if at < 0 {
		return linePart{text: s}, "", nil
	}
	part.text, s = s[:at], s[at+1:]
	braced := strings.HasPrefix(s, "{")
	s = strings.TrimPrefix(s, "{")
	n := 0
	for n < len(s) && (s[n] == '_' || '0' <= s[n] && s[n] <= '9' || 'a' <= s[n]|0x20 && s[n]|0x20 <= 'z') {
		n++
	}
	name := s[:n]
	rest = s[n:]
	if braced {
		var closed bool
		if rest, closed = strings.CutPrefix(rest, "}"); !closed {
			return part, "", fmt.Errorf("${%s is not closed", name)
		}
	}
	if name == "" {
		return part, "", errors.New("a $ has no name of a variable behind it")
	}
	for v := varHeadField; v < variables; v++ {
		if field, ok := strings.CutPrefix(strings.ToLower(name), v.name()); ok && field != "" {
			part.variable, part.field = v, field
			return part, rest, nil
		}
	}
	for v := noVariable + 1; v < varHeadField; v++ {
		if v.name() == name {
			part.variable = v
			return part, rest, nil
		}
	}
	return part, "", fmt.Errorf("there is no variable $%s; there are %s", name, variableNames())
}

// variableNames are all of them, for people.
func variableNames() string {
	var b strings.Builder
	for v := noVariable + 1; v < varHeadField; v++ {
		b.WriteString("$" + v.name() + ", ")
	}
	return b.String() + "$http_NAME for any field of the request, $sent_http_NAME for any of the response"
}

// sentFields are the fields of responses that lines have, in nginx's spelling; nil where there are none.
func (f *LineFormat) sentFields() (names []string) {
	for i := range f.parts {
		if f.parts[i].variable == varSentField {
			names = append(names, f.parts[i].field)
		}
	}
	return names
}

// appendLine appends a request's line.
func (f *LineFormat) appendLine(dst []byte, a *Access, s *stamps) []byte {
	w := lineWriter{access: a, stamps: s, json: f.json}
	for i := range f.parts {
		part := &f.parts[i]
		dst = append(dst, part.text...)
		if part.variable == noVariable {
			continue
		}
		w.field = part.field
		before := len(dst)
		if dst = w.value(dst, part.variable); len(dst) == before && !f.json {
			dst = append(dst, '-')
		}
	}
	return append(dst, '\n')
}
