package ctmpl

import (
	"regexp"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// control finds actions that decide what is rendered, and are nothing of a directive themselves.
var control = regexp.MustCompile(`\{\{-?\s*(?:if|else|end|range|with|define|block|template|/\*)\b?[^}]*\}\}`)

// isDirective says whether a text has a word of a directive in it.
func isDirective(text string) bool {
	return strings.Trim(text, "{}; \t") != "" && text[0] != '#'
}

// unseen reports what was not rendered: a line of the template once, with the actions in it. Where any of it may restrict nothing is served.
func (c *converter) unseen(seen map[int]bool) {
	type line struct {
		number  int
		forNone bool // what stands there is for a service without an instance
	}
	written, rendered, told := strings.Split(c.tree.source, "\n"), map[int]bool{}, map[line]bool{}
	c.eachLine(func(i, n int, _ string) { rendered[n] = rendered[n] || seen[i] })
	c.eachLine(func(i, n int, text string) {
		if seen[i] {
			return
		}
		shown := text
		if n <= len(written) {
			shown = strings.TrimSpace(written[n-1])
		}
		if !rendered[n] {
			shown = strings.TrimSpace(control.ReplaceAllString(shown, " "))
			text = shown
		}
		forNone := c.tree.pieces[i].forNone
		if !forNone && restricts.MatchString(text) {
			c.refused = "whether " + convert.Shown(shown) + " is in effect depends on values that are not known here"
		}
		if at := (line{n, forNone}); !told[at] {
			told[at] = true
			c.tellUnseen(shown, n, forNone)
		}
	})
}

// eachLine calls f for each line of each text in which a directive stands: with the number of the piece, the line's, and what stands there.
func (c *converter) eachLine(f func(piece, line int, text string)) {
	for i, p := range c.tree.pieces {
		line := p.line
		for text := range strings.Lines(p.text) {
			if text = strings.TrimSpace(text); text != "" && isDirective(text) {
				f(i, line, text)
			}
			line++
		}
	}
}

// tellUnseen reports a directive that was not rendered.
func (c *converter) tellUnseen(directive string, line int, forNone bool) {
	m := c.result.Report.Add(c.file.Name, c.file.Line(line), directive)
	if !forNone {
		m.Mark(convert.Unsupported, "it stands in a block that depends on values which are not known here: it is not carried over", "render the template where its values are known, and convert what it becomes")
		return
	}
	why := "where a service has no instance that passes its checks, the response is 503 with Retry-After"
	if c.ofNginx {
		why += " instead of 502"
	}
	m.Mark(convert.Implied, why, "")
}
