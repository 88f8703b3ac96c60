package dialect

import (
	"cmp"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// Expression is a regular expression over something that a request has, in RE2's syntax: its time goes with the length of the text, whatever
// that holds. Immutable.
type Expression struct {
	// Text is as written.
	Text string
	// Cost is how many steps each byte of a text takes at most: the instructions that Text was compiled to.
	Cost int

	compiled *regexp.Regexp
}

// ParseExpression reads a regular expression. It matches anywhere in a text unless it has ^ and $, as nginx's do.
func ParseExpression(text string) (*Expression, error) {
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
	return &Expression{Text: text, Cost: len(program.Inst), compiled: compiled}, nil
}

// Match says whether a text fits. It takes at most Cost steps for each byte.
func (e *Expression) Match(text string) bool { return e.compiled.MatchString(text) }

// MatchBytes is Match for bytes.
func (e *Expression) MatchBytes(text []byte) bool { return e.compiled.Match(text) }

// Expressed is a regular expression that a text has to match or, with Not, has not to.
type Expressed struct {
	*Expression
	Not bool
}

// withExpressed is a list with one more, sorted and each once.
func withExpressed(list []Expressed, e Expressed) []Expressed {
	at, found := slices.BinarySearchFunc(list, e, func(a, b Expressed) int { return cmp.Or(compareNot(a.Not, b.Not), strings.Compare(a.Text, b.Text)) })
	if found {
		return list
	}
	return slices.Insert(list, at, e)
}

// compareNot orders what has to hold before what has not to.
func compareNot(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
