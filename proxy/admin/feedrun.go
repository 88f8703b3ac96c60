package admin

import (
	"context"
	"time"

	"github.com/pointsman/pointsman/proxy/routing"
)

// Run computes changes while somebody follows, and for a while after that, until ctx ends. It always returns nil. Then nobody can follow any
// more, and who does is told so.
func (f *Feed) Run(ctx context.Context) error {
	defer close(f.done)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.wanted:
		}
		if f.followed() {
			f.follow(ctx)
		}
	}
}

func (f *Feed) followed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count > 0
}

// follow takes tables until nobody has followed for a while, or ctx ends.
func (f *Feed) follow(ctx context.Context) {
	following := f.table.Follow()
	defer following.Stop()
	last := f.table.Load()
	f.begin(last)
	look := time.NewTicker(linger / 4)
	defer look.Stop()
	later := time.NewTimer(0)
	defer later.Stop()
	p := pace{tokens: paceBurst, at: time.Now()}
	w := wakeup{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			if f.ended() {
				return
			}
		case <-following.More():
			for _, t := range following.Take() {
				if last == nil || t.Number > last.Number {
					w.add(f.add(last, t))
					last = t
				}
			}
		case <-later.C:
		}
		if w.nobody() {
			continue
		}
		if wait := p.wait(time.Now(), f.interval()); wait > 0 && !w.much() {
			later.Reset(wait)
			continue
		}
		f.wake(&w)
		w = wakeup{}
	}
}

// begin makes the state of a table, from which followers may begin. t may be nil.
func (f *Feed) begin(t *routing.Table) {
	var s state
	c := s.change(nil, t)
	s.take(c)
	f.mu.Lock()
	f.state, f.base, f.active = s, s.present, true
	f.mu.Unlock()
	f.wake(&wakeup{all: true})
}

// ended lets go of everything when nobody has followed for a while.
func (f *Feed) ended() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count > 0 || time.Since(f.left) < linger {
		return false
	}
	f.active, f.state, f.changes, f.kept, f.snapshot = false, state{}, nil, 0, nil
	return true
}

// add brings the state to the next table, and keeps what it changed.
func (f *Feed) add(last, t *routing.Table) *change {
	c := f.state.change(last, t) // who reads the state holds the lock, and only this goroutine writes to it
	c.end = tableFrame(f, t, c)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state.take(c)
	f.changes = append(f.changes, c)
	f.kept += c.size
	n := 0
	for len(f.changes)-n > 1 && (len(f.changes)-n > mostKept || f.kept > mostKeptBytes) {
		f.kept -= f.changes[n].size
		f.base = f.changes[n].number
		n++
	}
	if n > 0 {
		rest := f.changes[n:]
		copy(f.changes, rest)
		clear(f.changes[len(rest):])
		f.changes = f.changes[:len(rest)]
	}
	return c
}

// Followers are woken in groups, so that a thousand of them do not take the machine from the traffic at once. To wake one and to write to it
// costs about 15 µs; with an interval of wakeCost for each follower all of them together take less than half a percent of a core, whatever the
// rate of changes: who is woken gets all that has come. Single changes, as they are usual, are told at once.
const (
	wakeGroup = 16
	wakePause = time.Millisecond
	wakeCost  = 4 * time.Millisecond
	paceBurst = 8
)

// wakeup is who has to be woken.
type wakeup struct {
	any, all bool // those who follow all; everybody
	services map[string]bool
	changes  int
	bytes    int
}

// much says that it is a good part of what is kept: who is told later might find that the rest is not kept any more.
func (w *wakeup) much() bool { return w.changes > mostKept/4 || w.bytes > mostKeptBytes/4 }

func (w *wakeup) nobody() bool { return !w.any && !w.all }

func (w *wakeup) add(c *change) {
	w.any = true
	w.changes++
	w.bytes += c.size
	for _, p := range c.parts {
		if p.kind == kindService || p.kind == kindServiceGone {
			if w.services == nil {
				w.services = map[string]bool{}
			}
			w.services[p.name] = true
		}
	}
}

// wake wakes followers.
func (f *Feed) wake(w *wakeup) {
	f.mu.Lock()
	var list []*follower
	for service, all := range f.followers {
		if w.all || service == "" || w.services[service] {
			for m := range all {
				list = append(list, m)
			}
		}
	}
	f.mu.Unlock()
	for i, m := range list {
		if i > 0 && i%wakeGroup == 0 {
			time.Sleep(wakePause)
		}
		signal(m.more)
	}
}

func (f *Feed) interval() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Duration(f.count) * wakeCost
}

// pace is a token bucket whose interval changes.
type pace struct {
	tokens float64
	at     time.Time
}

// wait takes a token, or tells how long it takes until there is one.
func (p *pace) wait(now time.Time, interval time.Duration) time.Duration {
	if interval <= 0 {
		return 0
	}
	p.tokens = min(paceBurst, p.tokens+float64(now.Sub(p.at))/float64(interval))
	p.at = now
	if p.tokens >= 1 {
		p.tokens--
		return 0
	}
	return time.Duration((1 - p.tokens) * float64(interval))
}
