package nginxproxy

import (
	"errors"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// maxPatterns is how many patterns a regular expression may become.
const maxPatterns = 16

var errPattern = errors.New("the regular expression says what no host pattern does: text, .* and .+, alternatives and single characters are understood in it; such a route is not made")

// patternsOf are the host patterns that together take what a regular expression does, or an error: a wider one would take requests that were not
// meant. nginx compares without regard to case, and anywhere in the host unless ^ and $ say otherwise.
func patternsOf(expression string) ([]string, error) {
	const longest = 256
	if len(expression) > longest {
		return nil, errPattern
	}
	tree, err := syntax.Parse(strings.TrimPrefix(expression, "*"), syntax.Perl)
	if err != nil {
		return nil, errors.New("it is no regular expression that is understood here")
	}
	list, err := expand(tree.Simplify(), []piece{{}})
	if err != nil {
		return nil, err
	}
	var out []string
	for _, p := range list {
		text := p.text
		if !p.begins {
			text = "*" + text
		}
		if !p.ends {
			text += "*"
		}
		for strings.Contains(text, "**") {
			text = strings.ReplaceAll(text, "**", "*")
		}
		if host, err := dialect.ParseHost(text); err != nil || host.Kind == dialect.HostAny {
			return nil, errPattern
		}
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out, nil
}

// piece is a pattern on its way. begins and ends say that it is bound to the host's begin and end.
type piece struct {
	text         string
	begins, ends bool
}

// expand appends an expression to each of a list.
func expand(e *syntax.Regexp, list []piece) (out []piece, err error) {
	switch e.Op {
	case syntax.OpEmptyMatch:
		return list, nil
	case syntax.OpCapture:
		return expand(e.Sub[0], list)
	case syntax.OpConcat:
		for _, sub := range e.Sub {
			if list, err = expand(sub, list); err != nil {
				return nil, err
			}
		}
		return list, nil
	case syntax.OpAlternate:
		return alternatives(e.Sub, list)
	case syntax.OpQuest:
		return alternatives([]*syntax.Regexp{{Op: syntax.OpEmptyMatch}, e.Sub[0]}, list)
	}
	for _, p := range list {
		if p, err = p.add(e); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func alternatives(subs []*syntax.Regexp, list []piece) (out []piece, err error) {
	for _, sub := range subs {
		more, err := expand(sub, list)
		if err != nil {
			return nil, err
		}
		if out = append(out, more...); len(out) > maxPatterns {
			return nil, errPattern
		}
	}
	return out, nil
}

// add appends what is one sign or a run of any.
func (p piece) add(e *syntax.Regexp) (piece, error) {
	switch e.Op {
	case syntax.OpBeginText:
		if p.text != "" {
			return p, errPattern
		}
		p.begins = true
		return p, nil
	case syntax.OpEndText:
		p.ends = true
		return p, nil
	}
	if p.ends {
		return p, errPattern
	}
	switch e.Op {
	case syntax.OpLiteral:
		text := strings.ToLower(string(e.Rune))
		if strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
			return p, errPattern
		}
		p.text += text
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		p.text += "?"
	case syntax.OpPlus, syntax.OpStar:
		if sub := e.Sub[0].Op; sub != syntax.OpAnyChar && sub != syntax.OpAnyCharNotNL {
			return p, errPattern
		}
		if e.Op == syntax.OpPlus {
			p.text += "?"
		}
		p.text += "*"
	default:
		return p, errPattern
	}
	return p, nil
}
