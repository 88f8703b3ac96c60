package dialect

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// PathReplacement replaces a part of a path. Immutable; make it with ParsePathReplacement.
type PathReplacement struct {
	// Text is the expression, a blank, and the replacement, in which $1 is what the first group took.
	Text string

	pattern *regexp.Regexp
	with    string // as regexp.Expand has it
}

// maxProgram bounds a compiled expression: what a path costs grows with both.
const maxProgram = 256

// ParsePathReplacement reads "REGEXP REPLACEMENT" (RE2). The replacement may hold what a path may.
func ParsePathReplacement(text string) (*PathReplacement, error) {
	fields := strings.Fields(text)
	if len(fields) != 2 {
		return nil, errors.New(`replace-path needs an expression and a replacement: replace-path="REGEXP REPLACEMENT"`)
	}
	tree, err := syntax.Parse(fields[0], syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("replace-path: %s is not a regular expression: %w", shown(fields[0]), err)
	}
	if p, err := syntax.Compile(tree.Simplify()); err != nil || len(p.Inst) > maxProgram {
		return nil, fmt.Errorf("replace-path: the expression is too large; at most %d steps", maxProgram)
	}
	pattern, err := regexp.Compile(fields[0])
	if err != nil {
		return nil, err
	}
	r := &PathReplacement{Text: fields[0] + " " + fields[1], pattern: pattern}
	if r.with, err = template(fields[1], pattern.NumSubexp()); err != nil {
		return nil, err
	}
	return r, nil
}

// template makes $1 stand for a group whatever follows it, as in nginx.
func template(text string, groups int) (string, error) {
	var out, plain strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] != '$':
			out.WriteByte(text[i])
			plain.WriteByte(text[i])
		case i+1 < len(text) && text[i+1] >= '0' && text[i+1] <= '9':
			i++
			if int(text[i]-'0') > groups {
				return "", fmt.Errorf("replace-path: $%c is no group of the expression", text[i])
			}
			out.WriteString("${" + text[i:i+1] + "}")
		default:
			return "", errors.New("replace-path: $ stands before the number of a group")
		}
	}
	if err := checkPath("/" + plain.String()); err != nil {
		return "", fmt.Errorf("replace-path: %w", err)
	}
	return out.String(), nil
}

// Apply is a path with the first match replaced; what does not match stays as it is.
func (r *PathReplacement) Apply(path string) string {
	at := r.pattern.FindStringSubmatchIndex(path)
	if at == nil {
		return path
	}
	out := append(make([]byte, 0, len(path)+len(r.with)), path[:at[0]]...)
	out = r.pattern.ExpandString(out, r.with, path, at)
	return string(append(out, path[at[1]:]...))
}
