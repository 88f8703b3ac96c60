package nginx

import "strings"

// kind is what a token is.
type kind uint8

const (
	kindWord kind = iota
	kindSemicolon
	kindOpen
	kindClose
	kindEnd
)

// token is a word or a sign. The text of a word is without its quotes.
type token struct {
	kind   kind
	text   string
	quoted bool
	line   int
}

// lexer takes nginx's configuration apart: words, quotes, ; { } and remarks. {{...}} of a template is a part of a word. It never fails: what
// is not closed ends with the text.
type lexer struct {
	text string
	at   int
	line int
}

// next is the next token.
func (l *lexer) next() token {
	l.blanks()
	t := token{kind: kindEnd, line: l.line}
	if l.at == len(l.text) {
		return t
	}
	switch c := l.text[l.at]; {
	case l.template():
		t.kind, t.text = kindWord, l.word()
	case c == ';':
		t.kind = kindSemicolon
		l.at++
	case c == '{':
		t.kind = kindOpen
		l.at++
	case c == '}':
		t.kind = kindClose
		l.at++
	case c == '"' || c == '\'':
		t.kind, t.quoted, t.text = kindWord, true, l.quoted(c)
	default:
		t.kind, t.text = kindWord, l.word()
	}
	return t
}

// blanks passes over blanks and remarks.
func (l *lexer) blanks() {
	for ; l.at < len(l.text); l.at++ {
		switch l.text[l.at] {
		case '\n':
			l.line++
		case ' ', '\t', '\r':
		case '#':
			for l.at+1 < len(l.text) && l.text[l.at+1] != '\n' {
				l.at++
			}
		default:
			return
		}
	}
}

func (l *lexer) template() bool { return strings.HasPrefix(l.text[l.at:], "{{") }

// word reads a word without quotes. As in nginx, a quote inside of one is a letter, and so is a } .
func (l *lexer) word() string {
	var b strings.Builder
	for l.at < len(l.text) {
		c := l.text[l.at]
		switch {
		case l.template():
			b.WriteString(l.action())
			continue
		case c == '$' && l.at+1 < len(l.text) && l.text[l.at+1] == '{':
			b.WriteString("${")
			l.at += 2
			continue
		case strings.IndexByte(" \t\r\n;{", c) >= 0:
			return b.String()
		case c == '\\' && l.at+1 < len(l.text):
			l.escape(&b)
			continue
		}
		b.WriteByte(c)
		l.at++
	}
	return b.String()
}

// quoted reads a word in quotes.
func (l *lexer) quoted(quote byte) string {
	var b strings.Builder
	for l.at++; l.at < len(l.text); {
		c := l.text[l.at]
		switch {
		case l.template():
			b.WriteString(l.action())
			continue
		case c == quote:
			l.at++
			return b.String()
		case c == '\\' && l.at+1 < len(l.text):
			l.escape(&b)
			continue
		case c == '\n':
			l.line++
		}
		b.WriteByte(c)
		l.at++
	}
	return b.String()
}

// escape reads a backslash and what follows. Before a letter that means nothing here the backslash stays, as expressions need it.
func (l *lexer) escape(b *strings.Builder) {
	c := l.text[l.at+1]
	switch c {
	case '"', '\'', '\\':
		b.WriteByte(c)
	case 't':
		b.WriteByte('\t')
	case 'r':
		b.WriteByte('\r')
	case 'n':
		b.WriteByte('\n')
	default:
		if c == '\n' {
			l.line++
		}
		b.WriteString(l.text[l.at : l.at+2])
	}
	l.at += 2
}

// action reads {{...}}.
func (l *lexer) action() string {
	rest := l.text[l.at:]
	end := strings.Index(rest, "}}")
	if end < 0 {
		end = len(rest)
	} else {
		end += 2
	}
	l.at += end
	l.line += strings.Count(rest[:end], "\n")
	return rest[:end]
}

// raw passes over a block of another language, behind its {, up to the } that ends it.
func (l *lexer) raw() {
	for depth := 1; l.at < len(l.text); l.at++ {
		switch l.text[l.at] {
		case '\n':
			l.line++
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				l.at++
				return
			}
		}
	}
}
