package outside

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clip bounds a foreign text, in bytes; "..." stands for the rest. A rune that does not fit goes as a whole.
func Clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	end := most
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "..."
}

// Printable bounds a foreign text as Clip does, and makes it one line of valid UTF-8 that does nothing to a terminal: a mark stands in the place of
// each character that can't be seen.
func Printable(s string, most int) string {
	plain := len(s) <= most
	for i := 0; plain && i < len(s); i++ {
		plain = s[i] >= ' ' && s[i] < 0x7f
	}
	if plain {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, Clip(s, most))
}
