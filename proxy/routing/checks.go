package routing

import (
	"cmp"
	"time"

	"github.com/pointsman/pointsman/balancer"
)

// checkInterval is the time between two checks where nothing else is asked for, as in nginx's health_check.
const checkInterval = 5 * time.Second

// wayCheck is a check that a rule asks for.
type wayCheck struct {
	way   *balancer.Way
	check balancer.Check
}

// checksOf are the checks that claims ask for; nil where there is none.
func checksOf(claims []*claim) (out map[wayCheck]bool) {
	for _, cl := range claims {
		for i := range cl.members {
			m := &cl.members[i]
			asked := &m.Rule.Options.Upstream.Check
			if asked.Path == "" {
				continue
			}
			if out == nil {
				out = map[wayCheck]bool{}
			}
			c := balancer.Check{Path: asked.Path, Host: m.Rule.Options.Host, Interval: cmp.Or(asked.Interval, checkInterval)}
			if c.Host == "" {
				c.Host = m.Authority
			}
			c.Timeout = cmp.Or(asked.Timeout, c.Interval)
			out[wayCheck{m.Way, c}] = true
		}
	}
	return out
}

// recheck notes which checks end and which begin where claims are replaced.
func (d *derivation) recheck(old, now []*claim) {
	was, is := checksOf(old), checksOf(now)
	for c := range was {
		if !is[c] {
			d.next.unchecked = append(d.next.unchecked, c)
		}
	}
	for c := range is {
		if !was[c] {
			d.next.checked = append(d.next.checked, c)
		}
	}
}

// followChecks has what the table asks for checked, and no longer what only the table before did.
func (t *Table) followChecks() {
	for _, c := range t.checked {
		t.options.Checker.Follow(c.way, c.check)
	}
	for _, c := range t.unchecked {
		t.options.Checker.Unfollow(c.way, c.check)
	}
}
