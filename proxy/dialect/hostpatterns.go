package dialect

import (
	"errors"
	"regexp/syntax"
	"slices"
	"strings"
)

// maxHostPatterns is how many patterns a regular expression may become.
const maxHostPatterns = 16

var errHostPattern = errors.New("the regular expression says what no host pattern does")

// HostPatterns are the host patterns that together take what a regular expression does, at most 16, or an error: a wider one would take requests
// that were not meant. It is compared without regard to case, and anywhere in the host unless ^ and $ say otherwise.
func HostPatterns(expression string) ([]string, error) {
	const longest = 256
	if len(expression) > longest {
		return nil, errHostPattern
	}
	tree, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil, errors.New("it is no regular expression that is understood here")
	}
	list, err := appendHost(tree.Simplify(), []hostPiece{{}})
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
		if host, err := ParseHost(text); err != nil || host.Kind == HostAny {
			return nil, errHostPattern
		}
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out, nil
}

// hostPiece is a pattern on its way. begins and ends say that it is bound to the host's begin and end.
type hostPiece struct {
	text         string
	begins, ends bool
}

// appendHost appends an expression to each of a list.
func appendHost(e *syntax.Regexp, list []hostPiece) (out []hostPiece, err error) {
	switch e.Op {
	case syntax.OpEmptyMatch:
		return list, nil
	case syntax.OpCapture:
		return appendHost(e.Sub[0], list)
	case syntax.OpConcat:
		for _, sub := range e.Sub {
			if list, err = appendHost(sub, list); err != nil {
				return nil, err
			}
		}
		return list, nil
	case syntax.OpAlternate:
		return eitherHost(e.Sub, list)
	case syntax.OpQuest:
		return eitherHost([]*syntax.Regexp{{Op: syntax.OpEmptyMatch}, e.Sub[0]}, list)
	}
	for _, p := range list {
		if p, err = p.add(e); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func eitherHost(subs []*syntax.Regexp, list []hostPiece) (out []hostPiece, err error) {
	for _, sub := range subs {
		more, err := appendHost(sub, list)
		if err != nil {
			return nil, err
		}
		if out = append(out, more...); len(out) > maxHostPatterns {
			return nil, errHostPattern
		}
	}
	return out, nil
}

// add appends what is one sign or a run of any.
func (p hostPiece) add(e *syntax.Regexp) (hostPiece, error) {
	switch e.Op {
	case syntax.OpBeginText:
		if p.text != "" {
			return p, errHostPattern
		}
		p.begins = true
		return p, nil
	case syntax.OpEndText:
		p.ends = true
		return p, nil
	}
	if p.ends {
		return p, errHostPattern
	}
	switch e.Op {
	case syntax.OpLiteral:
		text := strings.ToLower(string(e.Rune))
		if strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
			return p, errHostPattern
		}
		p.text += text
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		p.text += "?"
	case syntax.OpPlus, syntax.OpStar:
		if sub := e.Sub[0].Op; sub != syntax.OpAnyChar && sub != syntax.OpAnyCharNotNL {
			return p, errHostPattern
		}
		if e.Op == syntax.OpPlus {
			p.text += "?"
		}
		p.text += "*"
	default:
		return p, errHostPattern
	}
	return p, nil
}
