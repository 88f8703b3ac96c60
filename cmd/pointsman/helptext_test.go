package main

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/pointsman/pointsman/examples/lab"
)

// What is Markdown's alone: where links lead, pictures' files, the kinds of fences, and the line below the head of a table.
var markup = regexp.MustCompile("(?m)\\]\\([^)]*\\)|^```.*$|^\\|[-|]+\\|$|^<!--.*-->$")

// heads are those of tables, which lists have no place for.
var heads = regexp.MustCompile(`(?m)^\|.*\|\n\|[-|]+\|$`)

// Pages lose nothing on their way to a terminal, and fit its width; code stays as it is.
func TestPagesFitATerminal(t *testing.T) {
	for _, name := range lab.PageNames(t) {
		page, _ := topic(name)
		whole := layOut(page, 100_000, false)
		if missing := lacks(whole, markup.ReplaceAllString(page, "")); missing != "" {
			t.Errorf("%s lacks what begins with %q:\n%s", name, missing, whole)
		}
		for _, width := range []int{leastWidth, 80, widestPage} {
			text := layOut(page, width, false)
			have := letters(text)
			for r, n := range letters(markup.ReplaceAllString(heads.ReplaceAllString(page, ""), "")) {
				if have[r] < n {
					t.Errorf("%s, %d columns wide, has %d of %d %q:\n%s", name, width, have[r], n, r, text)
				}
			}
			for line := range strings.Lines(text) {
				line = strings.TrimRight(line, "\n")
				if n := len([]rune(line)); n > width && !strings.HasPrefix(line, "      ") && strings.Contains(line, " ") && width > leastWidth {
					t.Errorf("%s: %d columns instead of %d: %s", name, n, width, line)
				}
				if strings.ContainsAny(line, "\x00\x01\x02\x03\x1b") || line != strings.TrimRight(line, " ") {
					t.Errorf("%s: %q", name, line)
				}
			}
		}
	}
}

// letters are how often a text has each letter and digit: columns have them in another order than rows.
func letters(text string) map[rune]int {
	all := map[rune]int{}
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			all[unicode.ToLower(r)]++
		}
	}
	return all
}

// lacks is the beginning of what text does not have of want's letters and digits, in their order.
func lacks(text, want string) string {
	rest, want := []rune(strings.ToLower(text)), strings.ToLower(want)
	for i, r := range want {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			continue
		}
		for len(rest) > 0 && rest[0] != r {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			return want[i:min(len(want), i+60)]
		}
		rest = rest[1:]
	}
	return ""
}

func TestPageAsText(t *testing.T) {
	const page = "# A *page*\n\nTo [drain](drain.md) or [stop it](stop.md#x), see <http://localhost/> and\n[the RFC](https://rfc.example), **now** with `-x y`.\n\n" +
		"* one\n  more of it\n* two\n\n1. first\n\n```sh\ncurl  -s   http://x/ | sort\n\nend\n```\n\n| option | meaning |\n|---|---|\n| `-a\\|b` | does this and that, and something else |\n| `-c` | |\n"
	const want = `A page

  To [drain] or stop it [stop], see
  http://localhost/ and the RFC
  (https://rfc.example), now with ` + "`-x" + `
  ` + "y`" + `.

  * one more of it
  * two

  1. first

      curl  -s   http://x/ | sort

      end

  option  meaning
  ` + "`-a|b`" + `  does this and that, and
          something else
  ` + "`-c`" + `
`
	if got := layOut(page, 40, false); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	bold := layOut(page, 40, true)
	for _, want := range []string{"\x1b[1mA ", "with \x1b[1m-x y\x1b[m.", "\x1b[1moption\x1b[m  \x1b[1mmeaning\x1b[m\n  \x1b[1m-a|b\x1b[m    does"} {
		if !strings.Contains(bold, want) {
			t.Errorf("%q is missing in %q", want, bold)
		}
	}
	if got := layOut("a very `long code span` here", 12, true); got != "  a very\n  \x1b[1mlong code\x1b[m\n  \x1b[1mspan\x1b[m here\n" {
		t.Errorf("%q", got)
	}
}
