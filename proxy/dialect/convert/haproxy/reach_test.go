package haproxy

import (
	"regexp"
	"strings"
	"testing"
)

func TestWhatAnExpressionCanNotMatch(t *testing.T) {
	for _, c := range []struct {
		expr, text   string
		begins, ends bool
	}{
		{"^/[0-9]+$", "/old", false, false}, {"^/[0-9]+$", "/1", true, true}, {"^/[0-9]+$", ".txt", false, false}, {"^/[0-9]+", ".txt", false, true},
		{"xt$", ".txt", true, true}, {"xt$", ".tx", true, false}, {"^/a", "/ab", true, true}, {"^/a$", "/ab", false, false}, {"(?i)^/A", "/a", true, true},
		{"", "/a", true, true}, {"(^|/)f([/?]|$)", "/g", true, true}, {"(^|/)f([/?]|$)", "/f", true, true}, {"^(/a|/b).*\\.png$", "/c", false, false},
	} {
		e := newExpression(c.expr)
		if got := e.mayBegin(c.text); got != c.begins {
			t.Errorf("%s begins with %s: %v", c.expr, c.text, got)
		}
		if got := e.mayEnd(c.text); got != c.ends {
			t.Errorf("%s ends with %s: %v", c.expr, c.text, got)
		}
	}
}

// FuzzReach: where a text matches, none of its beginnings and ends was said to be impossible.
func FuzzReach(f *testing.F) {
	f.Add("^/[0-9]+$", "/12", 1)
	f.Add("(^|/)f([/?]|$)", "/a/f/b", 3)
	f.Add("a|^b$|(?i)c+", "xCc", 2)
	f.Add("\\bx\\b", "a x b", 2)
	f.Fuzz(func(t *testing.T, expr, text string, cut int) {
		e := newExpression(expr)
		if e == nil || len(text) > 100 || strings.ContainsFunc(text, func(c rune) bool { return c > '~' }) || cut < 0 || cut > len(text) {
			return
		}
		if !regexp.MustCompile(expr).MatchString(text) {
			return
		}
		if !e.mayBegin(text[:cut]) || !e.mayEnd(text[cut:]) {
			t.Errorf("%q matches %q, of which %d bytes are the beginning: %v %v", expr, text, cut, e.mayBegin(text[:cut]), e.mayEnd(text[cut:]))
		}
	})
}
