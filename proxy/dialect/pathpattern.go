package dialect

import (
	"fmt"
	"regexp"
	"regexp/syntax"
)

// PathPattern is a regular expression over a path, in RE2's syntax: its time goes with the length of the path, whatever that holds.
// Immutable.
type PathPattern struct {
	// Text is as written.
	Text string
	// Cost is how many steps each byte of a path takes at most: the instructions that Text was compiled to.
	Cost int

	compiled *regexp.Regexp
}

// ParsePathPattern reads a regular expression. It matches anywhere in a path unless it has ^ and $, as nginx's do.
func ParsePathPattern(text string) (*PathPattern, error) {
	if text == "" || len(text) > maxExpression {
		return nil, fmt.Errorf("a regular expression has 1 to %d bytes", maxExpression)
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, err
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, err
	}
	if n := len(program.Inst); n > maxInstructions {
		return nil, fmt.Errorf("the regular expression needs %d instructions, and %d is the limit", n, maxInstructions)
	}
	compiled, err := regexp.Compile(text)
	if err != nil {
		return nil, err
	}
	return &PathPattern{Text: text, Cost: len(program.Inst), compiled: compiled}, nil
}

// Match says whether a path, normalised and still encoded, fits. It takes at most Cost steps for each byte.
func (p *PathPattern) Match(path string) bool { return p.compiled.MatchString(path) }
