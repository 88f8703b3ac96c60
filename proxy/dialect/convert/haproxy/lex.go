package haproxy

import (
	"fmt"
	"github.com/pointsman/pointsman/proxy/dialect/convert"
	"strings"
)

// statement is one line of a configuration that says something.
type statement struct {
	line   int
	words  []string
	text   string // as written, without blanks around it and without a remark
	remark *convert.Remark
}

// word is the i-th word, or "".
func (s *statement) word(i int) string {
	if i < len(s.words) {
		return s.words[i]
	}
	return ""
}

// from is the words from the i-th on.
func (s *statement) from(i int) []string { return s.words[min(i, len(s.words)):] }

// lex takes a text apart into statements: words with blanks between, a # outside of quotes begins a remark, quotes hold blanks, and a
// backslash takes what follows for itself. What can't be read is a problem with its line.
func lex(text string) (out []statement, problems []problem) {
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		words, end, err := lexLine(line)
		if err != nil {
			problems = append(problems, problem{line: number, text: strings.TrimSpace(line), why: err.Error()})
			continue
		}
		if len(words) > 0 {
			out = append(out, statement{line: number, words: words, text: strings.TrimSpace(line[:end])})
		}
	}
	return out, problems
}

// problem is a line that can't be read.
type problem struct {
	line      int
	text, why string
}

// lexLine is the words of one line, and where its remark begins.
func lexLine(line string) (words []string, end int, err error) {
	var word strings.Builder
	open := false // a word has begun, be it an empty one in quotes
	quote := byte(0)
	flush := func() {
		if open {
			words = append(words, word.String())
		}
		word.Reset()
		open = false
	}
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quote == '\'' && c != '\'':
			word.WriteByte(c)
		case c == quote && quote != 0:
			quote = 0
		case c == '\\' && i+1 < len(line):
			n := escape(line[i:], quote != 0, &word)
			i, open = i+n, true
		case quote != 0:
			word.WriteByte(c)
		case c == '"' || c == '\'':
			quote, open = c, true
		case c == ' ' || c == '\t':
			flush()
		case c == '#':
			flush()
			return words, i, nil
		default:
			word.WriteByte(c)
			open = true
		}
	}
	if quote != 0 {
		return nil, 0, fmt.Errorf("a quote (%c) that does not end", quote)
	}
	flush()
	return words, len(line), nil
}

// escape writes what a backslash at the front of text stands for, and says how many bytes behind it were taken. One before any other letter
// stays: regular expressions have them.
func escape(text string, quoted bool, to *strings.Builder) int {
	switch c := text[1]; {
	case c == ' ' || c == '\\' || c == '#' || c == '"' || c == '\'' || quoted && c == '$':
		to.WriteByte(c)
	case c == 'r':
		to.WriteByte('\r')
	case c == 'n':
		to.WriteByte('\n')
	case c == 't':
		to.WriteByte('\t')
	case c == 'x' && len(text) > 3 && hexadecimal(text[2]) >= 0 && hexadecimal(text[3]) >= 0:
		to.WriteByte(byte(hexadecimal(text[2])<<4 | hexadecimal(text[3])))
		return 3
	default:
		to.WriteByte('\\')
		return 0
	}
	return 1
}

// hexadecimal is the value of a digit, or -1.
func hexadecimal(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
