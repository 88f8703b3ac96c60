package discovery

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// parallelQuestions bounds the questions about single services at the same time: with the watches they stay below the 200
	// connections that Consul's agent allows from one address.
	parallelQuestions = 16
	// askRate and askBurst pace those questions. One costs about a millisecond here and as much at the agent: a burst is a node
	// of 200 services that fails, and what then goes on for long takes a tenth of a core.
	askRate, askBurst = 100, 200
	// lagFirst is the pause before a question whose answer was older than the hint is asked again, doubled up to lagLast;
	// after lagTries the answer stands. Consul's followers are some milliseconds behind their leader.
	lagFirst, lagLast, lagTries = 20 * time.Millisecond, time.Second, 8
	// After errTries errors a service is asked for every errLast only: the topics find out when the catalogue is back.
	errTries, errLast = 6, 10 * time.Second
)

// asks is the queue of services that a hint points at. A service stands in it once, however many hints there are.
type asks struct {
	mu    sync.Mutex
	queue []*watch
	more  chan struct{} // capacity 1: something may be in the queue
	pace  *rate.Limiter
}

func newAsks() asks {
	return asks{more: make(chan struct{}, 1), pace: rate.NewLimiter(askRate, askBurst)}
}

// ask is what the queue knows of one service; the queue's lock holds for it.
type ask struct {
	waiting, asking, again bool
	floor                  uint64 // the answer's index must exceed it, or it is older than the hint
	lags                   int
}

// add puts f into the queue. A question that is under way may have been answered before the hint: it is asked again.
func (a *asks) add(f *watch, floor uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f.due.floor = max(f.due.floor, floor)
	switch {
	case f.due.asking:
		f.due.again = true
	case !f.due.waiting:
		f.due.waiting = true
		a.queue = append(a.queue, f)
		a.signal()
	}
}

func (a *asks) signal() {
	select {
	case a.more <- struct{}{}:
	default: // one is pending already
	}
}

// next waits for the first of the queue; nil when ctx has ended. Services that are no longer followed are passed over.
func (a *asks) next(ctx context.Context) *watch {
	for {
		if f := a.take(); f != nil {
			return f
		}
		select {
		case <-a.more:
		case <-ctx.Done():
			return nil
		}
	}
}

func (a *asks) take() *watch {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.queue) > 0 {
		f := a.queue[0]
		a.queue = a.queue[1:]
		f.due.waiting = false
		if f.ctx.Err() != nil {
			continue
		}
		f.due.asking = true
		if len(a.queue) > 0 {
			a.signal()
		}
		return f
	}
	a.queue = nil
	return nil
}

// finish takes note of an answer, and puts f into the queue again if it is to be asked again: at once when a hint came
// meanwhile, later after an error or an answer that is older than the hint.
func (a *asks) finish(f *watch, e event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d := &f.due
	d.asking = false
	var later time.Duration
	switch {
	case e.err != nil:
		if later = backoff(f.failures); f.failures > errTries {
			later = errLast
		}
	case e.doubt != indexFell && e.cursor.last <= d.floor && d.lags < lagTries:
		later = min(lagFirst<<d.lags, lagLast)
		d.lags++
	default:
		d.lags = 0
		if !d.again {
			d.floor = 0
			return
		}
	}
	floor := d.floor
	d.again = false
	time.AfterFunc(later, func() { a.add(f, floor) })
}

// askAll asks about one service after the other until ctx ends. Several run side by side.
func (w *Watcher) askAll(ctx context.Context) {
	for {
		f := w.asks.next(ctx)
		if f == nil {
			return
		}
		if f.answered && w.asks.pace.Wait(ctx) != nil { // the first view is not to wait for a pace
			return
		}
		f.cursor.ask = 0
		e, _ := w.question(f.ctx, f)
		f.answered = f.answered || e.err == nil
		w.send(f.ctx, e) // before the next question about the service, so that answers arrive in their order
		w.asks.finish(f, e)
	}
}
