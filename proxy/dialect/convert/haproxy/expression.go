package haproxy

import (
	"regexp"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// expression is the atom in RE2's syntax, over the whole text.
func (a atom) expression() string {
	text := regexp.QuoteMeta(a.text)
	switch a.how {
	case howExact:
		text = "^" + text + "$"
	case howBegin:
		text = "^" + text
	case howEnd:
		text += "$"
	case howRegexp:
		text = a.text
	case howFound:
		text = ""
	}
	if a.fold {
		text = "(?i)" + text
	}
	return text
}

// readable says whether a regular expression is one in our syntax too.
func readable(text string) bool {
	if len(text) > maxExpression {
		return false
	}
	_, err := regexp.Compile(text)
	return err == nil
}

// maxExpression bounds a regular expression. People write some tens of bytes.
const maxExpression = 512

// compile compiles the atom's expression. It is false for one that RE2 does not have.
func (r *reader) compile(a *atom) bool {
	text := a.expression()
	if a.how != howRegexp {
		return len(text) <= maxExpression
	}
	if _, ok := r.regexps[text]; !ok {
		r.regexps[text] = newExpression(text)
	}
	a.compiled = r.regexps[text]
	return a.compiled != nil
}

// fromPCRE writes what only PCRE has in the way of RE2: a slash that is escaped.
func fromPCRE(text string) string { return strings.ReplaceAll(text, `\/`, "/") }

// hostGlob is a host atom as a host of a line: "" where there is none.
func (a atom) hostGlob() string {
	text := strings.ToLower(a.text)
	switch a.how {
	case howExact:
	case howBegin:
		text += "*"
	case howEnd:
		text = "*" + text
	case howWithin:
		text = "*" + text + "*"
	case howRegexp:
		text = globOf(text)
	default:
		text = ""
	}
	if _, err := dialect.ParseHost(text); err != nil {
		return ""
	}
	return text
}

// globOf is a regular expression over a host as a pattern, where one says the same: letters, escaped dots, .*, .+, [a-z], (a|b). "" where none
// does.
func globOf(text string) string {
	var b strings.Builder
	rest, anchored := strings.CutPrefix(text, "^")
	if !anchored {
		b.WriteByte('*')
	}
	end := strings.HasSuffix(rest, "$") && !strings.HasSuffix(rest, `\$`)
	rest = strings.TrimSuffix(rest, "$")
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '\\' && i+1 < len(rest) && strings.IndexByte(".-_", rest[i+1]) >= 0:
			i++
			b.WriteByte(rest[i])
		case c == '.' && i+1 < len(rest) && rest[i+1] == '*':
			i++
			b.WriteByte('*')
		case c == '.' && i+1 < len(rest) && rest[i+1] == '+':
			i++
			b.WriteString("?*")
		case c == '.':
			b.WriteByte('?')
		case c == '(' || c == ')' || c == '|':
			b.WriteByte(c)
		case strings.IndexByte("abcdefghijklmnopqrstuvwxyz0123456789-_", c) >= 0:
			b.WriteByte(c)
		default:
			return ""
		}
		if i+1 < len(rest) && strings.IndexByte("*+?{", rest[i+1]) >= 0 {
			return ""
		}
	}
	if !end {
		b.WriteByte('*')
	}
	return alternatives(b.String())
}

// alternatives writes (a|b) as {a,b}. A | outside of parentheses is about the whole text, and has no pattern.
func alternatives(text string) string {
	var b strings.Builder
	inside := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '(' && !inside:
			b.WriteByte('{')
			inside = true
		case c == ')' && inside:
			b.WriteByte('}')
			inside = false
		case c == '|' && inside:
			b.WriteByte(',')
		case c == '(' || c == ')' || c == '|':
			return ""
		default:
			b.WriteByte(c)
		}
	}
	if inside {
		return ""
	}
	return b.String()
}

func quoteMeta(text string) string { return regexp.QuoteMeta(text) }
