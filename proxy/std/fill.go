package std

import (
	"time"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/sockets"
)

// watchAfter is how long an answer is waited for before the asker is watched, so that the instance hears of it when nobody wants the
// answer any more. Most answers are there by then, and cost nothing.
const watchAfter = 100 * time.Millisecond

// patience is how long an instance may take over what it has to send next.
type patience struct {
	most   time.Duration
	until  time.Time
	look   time.Time // at what it has taken of the request's body
	taking sockets.Taking
}

// patient begins it, now.
func patient(most time.Duration) patience {
	now := time.Now()
	return patience{most: most, until: now.Add(most), look: now.Add(sockets.LookAfter(most))}
}

// fill reads more of what the instance sends, for as long as p once it has the request's body. Who asked is watched when that takes long.
func (t *try) fill(p *patience) error {
	for {
		wait := max(t.untilOver(p), time.Millisecond)
		if !t.watched {
			wait = min(wait, watchAfter)
		}
		if err := t.conn.allow(wait); err != nil {
			return err
		}
		err := t.conn.in.more(proxy.AnswerBytes)
		switch {
		case !timedOut(err):
			return err
		case t.up != nil && t.up.moves():
			*p = patient(p.most)
		case t.over(p):
			return err
		default:
			t.watch()
		}
	}
}

// untilOver is how long to wait before asking whether p is over.
func (t *try) untilOver(p *patience) time.Duration {
	if t.mayHold() {
		return time.Until(p.look)
	}
	return time.Until(p.until)
}

// over says whether p is over. What the kernel still holds of a body the instance has not got: while it takes of that, its time begins
// anew.
func (t *try) over(p *patience) bool {
	now := time.Now()
	if !t.mayHold() {
		return !now.Before(p.until)
	}
	if now.Before(p.look) {
		return false
	}
	p.look = now.Add(sockets.LookAfter(p.most))
	return p.taking.Stands(sockets.Held(t.conn.below.Conn))
}

// mayHold says whether the kernel may hold some of a body that the instance was sent.
func (t *try) mayHold() bool { return t.up != nil && t.up.started }

// watch lets the instance hear of it when the asker goes away.
func (t *try) watch() {
	if !t.watched {
		t.watched = true
		t.asker.watch(t.hangUp)
	}
}

// unwatch ends that.
func (t *try) unwatch() {
	if t.watched {
		t.asker.unwatch()
		t.watched = false
	}
}
