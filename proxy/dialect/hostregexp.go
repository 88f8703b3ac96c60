package dialect

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strings"
)

// nameInBraces begins {name} or {name:REGEXP} of Traefik 1 and 2, and nothing of a regular expression.
var nameInBraces = regexp.MustCompile(`\{[A-Za-z_][A-Za-z0-9_-]*[:}]`)

// HasTemplate says whether a text of Traefik 1 or 2 holds {name} or {name:REGEXP}.
func HasTemplate(text string) bool { return nameInBraces.MatchString(text) }

// Template is a text of Traefik 1 or 2 as a regular expression, in which {name} stands for def. Braces may be nested.
func Template(text, def string) (string, error) {
	var out strings.Builder
	for text != "" {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			break
		}
		out.WriteString(regexp.QuoteMeta(text[:open]))
		depth, end := 0, -1
		for i := open; i < len(text) && end < 0; i++ {
			switch text[i] {
			case '{':
				depth++
			case '}':
				if depth--; depth == 0 {
					end = i
				}
			}
		}
		if end < 0 {
			return "", errors.New("the rule has a { without its }")
		}
		re := def
		if _, own, ok := strings.Cut(text[open+1:end], ":"); ok {
			re = own
		}
		out.WriteString("(?:" + re + ")")
		text = text[end+1:]
	}
	return out.String() + regexp.QuoteMeta(text), nil
}

// HostRegexp is the host pattern that takes the hosts which a regular expression, or a text with {name:REGEXP}, of Traefik takes. A line has
// patterns for hosts and no regular expressions: those are taken that say the same as a pattern.
func HostRegexp(value string) (string, error) {
	re := value
	if HasTemplate(value) {
		text, err := Template(value, `[^.]+`)
		if err != nil {
			return "", err
		}
		re = "^" + text + "$"
	}
	tree, err := syntax.Parse(re, syntax.Perl)
	if err != nil {
		return "", errors.New("HostRegexp holds no regular expression")
	}
	g := &glob{}
	if err := g.walk(tree); err != nil {
		return "", err
	}
	text := g.text
	if !g.begins {
		text = "*" + text
	}
	if !g.ends {
		text += "*"
	}
	for strings.Contains(text, "**") {
		text = strings.ReplaceAll(text, "**", "*")
	}
	host, err := ParseHost(text)
	if err != nil || host.Kind == HostAny || strings.Contains(text, "[") {
		return "", errPattern
	}
	return text, nil
}

var errPattern = errors.New("HostRegexp says what no host pattern does: .+ and .* are understood in it, beside text")

// glob is a host pattern on its way.
type glob struct {
	text         string
	begins, ends bool // it is bound to the host's begin and end
}

func (g *glob) walk(e *syntax.Regexp) error {
	switch e.Op {
	case syntax.OpConcat:
		for _, sub := range e.Sub {
			if err := g.walk(sub); err != nil {
				return err
			}
		}
		return nil
	case syntax.OpCapture:
		return g.walk(e.Sub[0])
	case syntax.OpBeginText:
		g.begins = g.begins || g.text == ""
		return okIf(g.text == "")
	case syntax.OpEndText:
		g.ends = true
		return nil
	case syntax.OpEmptyMatch:
		return nil
	}
	if g.ends { // nothing stands behind the end
		return errPattern
	}
	switch e.Op {
	case syntax.OpLiteral:
		text := strings.ToLower(string(e.Rune))
		g.text += text
		return okIf(strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == "")
	case syntax.OpPlus, syntax.OpStar:
		if sub := e.Sub[0].Op; sub != syntax.OpAnyChar && sub != syntax.OpAnyCharNotNL {
			return errPattern
		}
		if e.Op == syntax.OpPlus {
			g.text += "?"
		}
		g.text += "*"
		return nil
	}
	return errPattern
}

func okIf(ok bool) error {
	if ok {
		return nil
	}
	return errPattern
}
