package nginx

import "regexp/syntax"

// decidedByEnd says whether an expression may match a path that ends so, by what stands in the end, and not the path without it. It asks for all
// states that any path leads to, so it says yes rather too often. Of folders, the path ends in a slash.
func decidedByEnd(expression, end string, folder bool) bool {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return true
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return true
	}
	m := machine{prog}
	states := m.anywhere()
	states = m.unmatched(states, folder)
	for _, c := range end {
		m.enter(states, uint32(prog.Start), false)
		if states = m.step(states, c); m.matched(states, false) {
			return true
		}
	}
	return m.matched(states, true)
}

// machine runs an expression on all of its states at once.
type machine struct{ prog *syntax.Prog }

// enter adds a state, with those that no letter stands before. begin says that the text begins here. What asserts something else holds.
func (m machine) enter(states map[uint32]bool, pc uint32, begin bool) {
	if states[pc] {
		return
	}
	in := &m.prog.Inst[pc]
	if in.Op == syntax.InstEmptyWidth && syntax.EmptyOp(in.Arg)&syntax.EmptyBeginText != 0 && !begin {
		return
	}
	states[pc] = true
	switch in.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		m.enter(states, in.Out, begin)
		m.enter(states, in.Arg, begin)
	case syntax.InstCapture, syntax.InstNop:
		m.enter(states, in.Out, begin)
	case syntax.InstEmptyWidth:
		if syntax.EmptyOp(in.Arg)&syntax.EmptyEndText == 0 {
			m.enter(states, in.Out, begin)
		}
	}
}

// anywhere are the states that any text leads to.
func (m machine) anywhere() map[uint32]bool {
	states := map[uint32]bool{}
	m.enter(states, uint32(m.prog.Start), true)
	for before := -1; before != len(states); {
		before = len(states)
		for pc := range states {
			if consumes(m.prog.Inst[pc].Op) {
				m.enter(states, m.prog.Inst[pc].Out, false)
			}
		}
	}
	return states
}

// unmatched are the states behind one more letter, a slash with folder, of what has not matched by then: what has took the path without the end.
func (m machine) unmatched(states map[uint32]bool, folder bool) map[uint32]bool {
	out := map[uint32]bool{}
	for pc := range states {
		next := m.step(map[uint32]bool{pc: true}, '/')
		if in := &m.prog.Inst[pc]; !folder && consumes(in.Op) {
			m.enter(next, in.Out, false)
		}
		if m.matched(next, false) {
			continue
		}
		for n := range next {
			out[n] = true
		}
	}
	return out
}

// step are the states behind a letter.
func (m machine) step(states map[uint32]bool, c rune) map[uint32]bool {
	out := map[uint32]bool{}
	for pc := range states {
		if in := &m.prog.Inst[pc]; consumes(in.Op) && (in.Op == syntax.InstRuneAny || in.Op == syntax.InstRuneAnyNotNL || in.MatchRune(c)) {
			m.enter(out, in.Out, false)
		}
	}
	return out
}

// matched says whether a state matches, at the end of the text too.
func (m machine) matched(states map[uint32]bool, atEnd bool) bool {
	seen := map[uint32]bool{}
	var follow func(pc uint32) bool
	follow = func(pc uint32) bool {
		if seen[pc] {
			return false
		}
		seen[pc] = true
		switch in := &m.prog.Inst[pc]; in.Op {
		case syntax.InstMatch:
			return true
		case syntax.InstAlt, syntax.InstAltMatch:
			return follow(in.Out) || follow(in.Arg)
		case syntax.InstCapture, syntax.InstNop:
			return follow(in.Out)
		case syntax.InstEmptyWidth:
			return atEnd && follow(in.Out)
		}
		return false
	}
	for pc := range states {
		if follow(pc) {
			return true
		}
	}
	return false
}

func consumes(op syntax.InstOp) bool {
	return op == syntax.InstRune || op == syntax.InstRune1 || op == syntax.InstRuneAny || op == syntax.InstRuneAnyNotNL
}
