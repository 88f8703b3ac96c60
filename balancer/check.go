package balancer

import (
	"sync/atomic"
	"time"
)

// Check is a request that a way is asked again and again whether its instance is well. The zero value asks nothing.
type Check struct {
	// Path is what is asked for, with its query.
	Path string
	// Host is the Host field; "" is the address.
	Host string
	// Interval is the time from the end of one to the beginning of the next, Timeout is that for the whole answer. Both must be positive.
	Interval, Timeout time.Duration
}

// checkFails is how many checks in a row have to fail once one has passed: a single one may be lost to anything.
const checkFails = 2

// checked is what checks say of a way.
type checked struct {
	failing atomic.Bool
	check   atomic.Pointer[Check]  // nil while none is asked
	outcome atomic.Pointer[string] // why the last one failed, "" where it passed; nil before the first
	lost    atomic.Int32           // in a row
}

// Checked tells, for people, whether the way is checked, whether requests keep away from it, and why the last check failed; "" where it
// passed, or there was none yet.
func (c *checked) Checked() (is, failing bool, why string) {
	if text := c.outcome.Load(); text != nil {
		why = *text
	}
	return c.check.Load() != nil, c.failing.Load(), why
}

// noteCheck takes the outcome of a check, and says whether that changes whether requests go there.
func (w *Way) noteCheck(err error) (changed bool) {
	if err == nil {
		w.lost.Store(0)
		w.outcome.Store(new(string))
		if changed = w.failing.Swap(false); changed {
			w.Return(time.Now(), 0)
		}
		return changed
	}
	text, first := err.Error(), w.outcome.Load() == nil
	w.outcome.Store(&text)
	return (w.lost.Add(1) >= checkFails || first) && !w.failing.Swap(true)
}

// stopCheck forgets a check, and its outcome, unless another one has taken its place.
func (w *Way) stopCheck(c *Check) {
	if w.check.CompareAndSwap(c, nil) {
		w.failing.Store(false)
		w.outcome.Store(nil)
		w.lost.Store(0)
	}
}
