package haproxy

import (
	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// step is a rule with one conjunct as its condition; one with several alternatives is as many steps.
type step struct {
	con    conjunct
	act    act
	remark *convert.Remark
}

// act is what a rule does.
type act struct {
	kind actKind
	// effect is that of actEffect.
	effect effect
	// status and text answer; of a redirect, text is its target.
	status int
	text   string
	// to is the backend of actUse and actServers.
	to *section
	// skip is how many steps actSkip leaves out.
	skip int
	// why is the reason of actClose.
	why string
}

type actKind uint8

const (
	actEffect actKind = iota
	actClose          // nobody is let in
	actRespond
	actRedirect
	actUse
	actServers
	actSkip
)

// effect is what a rule changes about what comes after it.
type effect struct {
	// word is an option of the route.
	word convert.Word
	// restricts says that without it the route would be more open than written.
	restricts bool
	// path is a change of the path; nil is none.
	path *rewrite
	// field is a header field that HAProxy would change here, and the route does not; "" is none.
	field  string
	remark *convert.Remark
}

// leaf is a place where the rules end: what is known of the requests that get there, and what becomes of them.
type leaf struct {
	context
	act     act
	effects []effect
	remark  *convert.Remark
}

// compiler walks through the rules of a section for one host and listener.
type compiler struct {
	r      *reader
	leaves []leaf
	depth  int
	over   bool // the bounds are exceeded
}

// Bounds on what the rules of one section become for one host, and on the comparisons for all of them. What people write has some tens of the former.
const (
	maxLeaves = 256
	maxWork   = 1_000_000
	maxNested = 1000
)

// run goes through steps. Each leaf takes the requests that none before it takes.
func (c *compiler) run(steps []step, ctx context, effects []effect) {
	c.depth++
	defer func() { c.depth-- }()
	for i := 0; i < len(steps); i++ {
		if c.r.spend(1+len(steps[i].con)*len(ctx.atoms)) || len(c.leaves) > maxLeaves || c.depth > maxNested {
			c.over = true
			return
		}
		s, rest := &steps[i], steps[i+1:]
		next, negs, why, impossible := ctx.restricted(s.con)
		if impossible {
			continue
		}
		all := len(negs) == 0 && len(next.atoms) == len(ctx.atoms)
		if s.act.kind == actEffect {
			ctx, effects = c.effect(s, rest, ctx, next, negs, why, effects)
			if all && why != "" && s.act.effect.restricts {
				return
			}
			continue
		}
		if allow, ok := allowed(s, negs, why, effects); ok {
			s.remark.Mark(convert.Carried, "allow="+allow.word.Value, "")
			c.run(rest, next, with(effects, allow))
		} else {
			for _, n := range negs {
				c.run(rest, next.with(n), effects)
			}
			c.end(s, rest, next, why, effects)
		}
		if len(next.atoms) == len(ctx.atoms) {
			return
		}
	}
	c.leaf(leaf{context: ctx, act: act{kind: actClose, why: "no backend is named for these requests"}, effects: effects})
}

func with(list []effect, e effect) []effect { return append(list[:len(list):len(list)], e) }

// effect applies one to the requests that it is for, and returns what holds for those that come after.
func (c *compiler) effect(s *step, rest []step, ctx, next context, negs []atom, why string, effects []effect) (context, []effect) {
	e := s.act.effect
	if e.field != "" { // whatever its condition
		return ctx.alters(e), effects
	}
	if why != "" {
		if e.restricts {
			s.remark.Mark(convert.Unsupported, why+": the requests that it may be about are refused", "")
			c.leaf(leaf{context: next, act: act{kind: actClose, why: why}, effects: effects})
		} else {
			s.remark.Mark(convert.Unsupported, why, "")
		}
		return ctx, effects
	}
	s.remark.Mark(convert.Carried, "", "")
	next = next.alters(e)
	if len(negs) == 0 && len(next.atoms) == len(ctx.atoms) {
		return next, with(effects, e)
	}
	for _, n := range negs {
		c.run(rest, next.with(n), effects)
	}
	c.run(rest, next, with(effects, e))
	return ctx, effects
}

// end ends the rules for the requests that a step is for.
func (c *compiler) end(s *step, rest []step, next context, why string, effects []effect) {
	if (why != "" || s.act.kind == actClose) && len(next.atoms) == 0 && c.r.refuser == nil {
		c.r.refuser = s.remark
	}
	switch {
	case why != "":
		s.remark.Mark(convert.Unsupported, why+": the requests that it may be about are refused", "say what they have in common by path, host or a header field")
		c.leaf(leaf{context: next, act: act{kind: actClose, why: why}, effects: effects})
		return
	case s.act.kind == actSkip:
		c.run(rest[min(s.act.skip, len(rest)):], next, effects)
	case s.act.kind == actUse:
		c.run(c.r.stepsOf(s.act.to, true), next, effects)
	case s.act.kind == actClose:
		s.remark.Mark(convert.Unsupported, s.act.why, "")
		c.leaf(leaf{context: next, act: s.act, effects: effects})
		return
	default:
		c.leaf(leaf{context: next, act: s.act, effects: effects, remark: s.remark})
	}
	s.remark.Mark(convert.Carried, "", "")
}

// allowed is a refusal of all but some clients as an option of the route.
func allowed(s *step, negs []atom, why string, effects []effect) (e effect, ok bool) {
	if !allowedOnly(s, negs, why, effects) {
		return e, false
	}
	list := ""
	for _, n := range negs {
		list += "," + n.text
	}
	return effect{word: convert.Word{Name: "allow", Value: list[1:]}, restricts: true, remark: s.remark}, true
}

func allowedOnly(s *step, negs []atom, why string, effects []effect) bool {
	if s.act.kind != actRespond || s.act.status != 403 || s.act.text != "" || why != "" || len(negs) == 0 {
		return false
	}
	for _, n := range negs {
		if n.kind != kindClient {
			return false
		}
	}
	for _, e := range effects {
		if e.word.Name == "allow" {
			return false
		}
	}
	return true
}

// spend counts comparisons, of which a configuration has a number. It is true where there are none left.
func (r *reader) spend(n int) bool {
	r.work += n
	return r.work > maxWork
}

// leaf adds one, unless those before it leave nothing for it.
func (c *compiler) leaf(l leaf) {
	for _, before := range c.leaves {
		if c.r.spend(1 + len(before.atoms)*len(l.atoms)) {
			c.over = true
			return
		}
		if before.covers(l.context) {
			return
		}
	}
	c.leaves = append(c.leaves, l)
}
