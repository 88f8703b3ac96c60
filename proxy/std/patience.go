package std

import (
	"errors"
	"time"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/listen"
)

// watchAfter is how long an answer is waited for before the client is watched, so that the instance hears of it when nobody wants the
// answer any more. Most answers are there by then, and cost nothing.
const watchAfter = 100 * time.Millisecond

// patience is how long an instance may take over what it has to send next.
type patience struct {
	most   time.Duration
	begun  time.Time
	until  time.Time
	ask    time.Time // whether another instance is to be asked; zero is never
	look   time.Time // at what it has taken of the request's body
	taking listen.Taking
}

// patient begins it, now.
func patient(most time.Duration) patience {
	now := time.Now()
	return patience{most: most, begun: now, until: now.Add(most), look: now.Add(listen.LookAfter(most))}
}

// fill reads more of what the instance sends, for as long as p once it has the request's body. The client is watched when that takes long.
func (a *attempt) fill(p *patience) error {
	for arrived := false; ; {
		wait := max(a.untilOver(p), time.Millisecond)
		if !a.watched {
			wait = min(wait, watchAfter)
		}
		if !p.ask.IsZero() {
			wait = min(wait, max(time.Until(p.ask), time.Millisecond))
		}
		if arrived {
			wait = arrivedWait
		}
		if err := a.conn.allow(wait); err != nil {
			return err
		}
		err := a.conn.in.fill(proxy.AnswerBytes)
		if !timedOut(err) {
			return err
		}
		if arrived = a.conn.arrived(); arrived {
			continue
		}
		switch {
		case a.exchange.upload != nil && a.exchange.upload.moves():
			*p = patient(p.most)
		case a.late(p):
			return errLate
		case a.expired(p):
			return err
		default:
			a.watch()
		}
	}
}

// arrivedWait is how long a read may take whose bytes are there already: over TLS they may be a part of a record, which the next look finds
// gone.
const arrivedWait = 20 * time.Millisecond

// errLate says that another instance is asked instead of waiting for this one.
var errLate = errors.New("the instance is silent")

// late says whether the time has come to ask another instance.
func (a *attempt) late(p *patience) bool {
	now := time.Now()
	if p.ask.IsZero() || now.Before(p.ask) {
		return false
	}
	e, waited := a.exchange, now.Sub(p.begun)
	if f, over := e.x.Late(waited, e.replayable() && len(a.conn.in.unread()) == 0, now); over {
		return f == proxy.FailedLate
	}
	p.ask = now.Add(e.x.AnswerWait(waited))
	return false
}

// untilOver is how long to wait before asking whether p is over.
func (a *attempt) untilOver(p *patience) time.Duration {
	if a.mayBuffer() {
		return time.Until(p.look)
	}
	return time.Until(p.until)
}

// expired says whether p is over. What the kernel still holds of a body the instance has not got: while it takes of that, its time begins
// anew.
func (a *attempt) expired(p *patience) bool {
	now := time.Now()
	if !a.mayBuffer() {
		return !now.Before(p.until)
	}
	if now.Before(p.look) {
		return false
	}
	p.look = now.Add(listen.LookAfter(p.most))
	return p.taking.Stands(listen.Held(a.conn.below.Conn))
}

// mayBuffer says whether the kernel may hold some of a body that the instance was sent.
func (a *attempt) mayBuffer() bool { return a.exchange.upload != nil && a.exchange.upload.started }

// watch lets the instance hear of it when the client goes away.
func (a *attempt) watch() {
	if !a.watched {
		a.watched = true
		a.exchange.client.watch(a.exchange.cancel, nil)
	}
}

// unwatch ends that.
func (a *attempt) unwatch() {
	if a.watched {
		a.exchange.client.unwatch()
		a.watched = false
	}
}
