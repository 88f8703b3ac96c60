package haproxy

import (
	"regexp"
	"regexp/syntax"
)

// expression is a regular expression that was compiled.
type expression struct {
	*regexp.Regexp
	prog *syntax.Prog
}

// newExpression compiles one; nil where RE2 does not have it.
func newExpression(text string) *expression {
	if len(text) > maxExpression {
		return nil
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil || len(prog.Inst) > maxInstructions {
		return nil
	}
	return &expression{re, prog}
}

// maxInstructions bounds what an expression compiles to.
const maxInstructions = 1024

// mayBegin says whether a text that begins with prefix can match. False is certain.
func (e *expression) mayBegin(prefix string) bool {
	states := map[uint32]bool{}
	if e.follow(states, uint32(e.prog.Start), true, prefix == "") {
		return true
	}
	if e.prog.StartCond()&syntax.EmptyBeginText == 0 {
		return true // it may begin to match anywhere
	}
	return e.consume(states, prefix, false)
}

// mayEnd says whether a text that ends with suffix can match. False is certain.
func (e *expression) mayEnd(suffix string) bool {
	if suffix == "" {
		return true
	}
	states := map[uint32]bool{}
	if e.follow(states, uint32(e.prog.Start), true, false) {
		return true
	}
	for i := range e.prog.Inst { // whatever was read before
		in := &e.prog.Inst[i]
		if !reads(in) {
			continue
		}
		if e.follow(map[uint32]bool{}, in.Out, false, false) {
			return true // it may have matched before
		}
		states[uint32(i)] = true
	}
	return e.consume(states, suffix, true)
}

// consume reads a text from states. Whole says that nothing follows: the expression has to have matched.
func (e *expression) consume(states map[uint32]bool, text string, whole bool) bool {
	for i, c := range text {
		next := map[uint32]bool{}
		last := i+len(string(c)) == len(text)
		for at := range states {
			if in := &e.prog.Inst[at]; in.MatchRune(c) && e.follow(next, in.Out, false, last) {
				return true
			}
		}
		if e.prog.StartCond()&syntax.EmptyBeginText == 0 && e.follow(next, uint32(e.prog.Start), false, last) {
			return true
		}
		if states = next; len(states) == 0 {
			return false
		}
	}
	return !whole
}

// follow adds the states that read a letter, from one on, and says whether a match is among what follows.
func (e *expression) follow(states map[uint32]bool, at uint32, begin, end bool) bool {
	seen := map[uint32]bool{}
	list := []uint32{at}
	for len(list) > 0 {
		at, list = list[len(list)-1], list[:len(list)-1]
		if seen[at] {
			continue
		}
		seen[at] = true
		switch in := &e.prog.Inst[at]; in.Op {
		case syntax.InstMatch:
			return true
		case syntax.InstAlt, syntax.InstAltMatch:
			list = append(list, in.Out, in.Arg)
		case syntax.InstCapture, syntax.InstNop:
			list = append(list, in.Out)
		case syntax.InstEmptyWidth:
			op := syntax.EmptyOp(in.Arg)
			if (begin || op&syntax.EmptyBeginText == 0) && (end || op&syntax.EmptyEndText == 0) {
				list = append(list, in.Out)
			}
		default:
			if reads(in) {
				states[at] = true
			}
		}
	}
	return false
}

// reads says whether an instruction reads a letter.
func reads(in *syntax.Inst) bool {
	return in.Op == syntax.InstRune || in.Op == syntax.InstRune1 || in.Op == syntax.InstRuneAny || in.Op == syntax.InstRuneAnyNotNL
}
