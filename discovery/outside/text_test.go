package outside

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestForeignTextIsBoundedAndHarmless(t *testing.T) {
	for _, c := range []struct {
		in   string
		most int
		want string
	}{
		{"web-1", 5, "web-1"},
		{"web-12", 5, "web-1..."},
		{"ééé", 5, "éé..."},
		{"a\nb\x1b[31m\x00\u202e", 20, "a\ufffdb\ufffd[31m\ufffd\ufffd"},
		{"\xff\xfe<b>", 20, "\ufffd\ufffd<b>"},
	} {
		if got := Printable(c.in, c.most); got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("a\nb\x1b[31m", 4)
	f.Add(strings.Repeat("\xf0\x9f\x98\x80", 100), 7)
	f.Fuzz(func(t *testing.T, s string, most int) {
		if most < 0 || most > 1<<16 {
			return
		}
		got := Printable(s, most)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return r != ' ' && !unicode.IsPrint(r) }) || len(got) > 3*most+3 {
			t.Errorf("%q: %q", s, got)
		}
	})
}
