package main

import (
	"io"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"
)

// In a terminal a page has its width, and headings stand out, unless it takes no more than text.
func TestHelpInATerminal(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"xterm", "dumb"} {
		outer, inner := pseudoTerminal(t, 60)
		c := exec.Command(binary, "help", "drain")
		c.Stdout, c.Env = inner, []string{"TERM=" + kind}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		inner.Close()
		raw, _ := io.ReadAll(outer) // EIO when the inner side is closed
		if err := c.Wait(); err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(raw), "\r\n", "\n")
		if bold := strings.HasPrefix(text, "\x1b[1mpointsman drain\x1b[m\n"); bold != (kind == "xterm") || !bold && strings.Contains(text, "\x1b") {
			t.Errorf("%s: %.100q", kind, text)
		}
		for line := range strings.Lines(strings.NewReplacer("\x1b[1m", "", "\x1b[m", "").Replace(text)) {
			if utf8.RuneCountInString(line) > 61 {
				t.Errorf("%s: wider than the terminal: %q", kind, line)
			}
		}
		if !strings.Contains(text, "Takes an instance out of traffic") {
			t.Errorf("%s: %q", kind, text)
		}
	}
}
