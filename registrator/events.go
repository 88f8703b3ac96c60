package registrator

import (
	"context"
	"errors"
	"time"
)

const (
	// openDeadline bounds the time until the engine begins to answer the request for events.
	openDeadline = 5 * time.Second
	// silence is how long a stream may say nothing before it is opened anew: nothing tells a frozen stream from a quiet
	// host, and one request a minute costs nothing.
	silence = time.Minute
	// remembered events: Docker keeps 256, and repeats those asked for with since.
	remembered = 512
)

// errSilent ends a stream that said nothing for too long.
var errSilent = errors.New("docker events: silent")

// listen keeps a stream of events open until ctx ends.
func (r *Registrator) listen(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		opened, err := r.stream(ctx)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errSilent) && opened {
			continue // since covers the moment in between
		}
		r.relist.Store(true)
		r.metrics.reconnects.Inc()
		if opened {
			failures = 0
		}
		failures++
		if worthLogging(failures) { // a stream that opens and breaks again and again fails for the first time each time
			r.sayBroken(failures, err)
		}
		r.streamOpened.done()
		select {
		case <-ctx.Done():
		case <-time.After(backoff(failures)):
		}
	}
}

// sayBroken logs that the stream of events broke, now and then.
func (r *Registrator) sayBroken(tries int, err error) {
	const message = "the stream of Docker events broke, reconnecting"
	if times, due := r.failureLines.Count(message, time.Now()); due {
		r.log.Warn().Err(err).Int("tries", tries).Int("times", times).Msg(message)
	}
}

// stream reads one stream of events to its end.
func (r *Registrator) stream(ctx context.Context) (opened bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := time.AfterFunc(openDeadline, func() { cancel(errSilent) })
	defer silent.Stop()
	r.cut.set(cancel)
	err = r.docker.Events(ctx, r.recent.last, func() {
		opened = true
		silent.Reset(silence)
		r.log.Debug().Msg("connected to the stream of Docker events")
		r.streamOpened.done()
		if r.relist.Swap(false) {
			r.askForPass(true)
		}
	}, func(ev Event) {
		silent.Reset(silence)
		if r.recent.fresh(ev) {
			r.hint(ev)
		}
	})
	if cause := context.Cause(ctx); errors.Is(cause, errSilent) {
		return opened, errSilent
	}
	return opened, err
}

// recentEvents remembers which events came, since a stream opened with since repeats some. One goroutine uses it.
type recentEvents struct {
	last time.Time // of the newest event, on Docker's clock
	seen map[Event]bool
	ring []Event
	at   int
}

func (h *recentEvents) fresh(ev Event) bool {
	if h.seen == nil {
		h.seen = make(map[Event]bool, remembered)
	}
	if h.seen[ev] {
		return false
	}
	if len(h.ring) < remembered {
		h.ring = append(h.ring, ev)
	} else {
		delete(h.seen, h.ring[h.at])
		h.ring[h.at] = ev
		h.at = (h.at + 1) % remembered
	}
	h.seen[ev] = true
	if ev.Time.After(h.last) {
		h.last = ev.Time
	}
	return true
}
