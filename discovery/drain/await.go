package drain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pointsman/pointsman/discovery"
)

// Progress is how far drains are.
type Progress struct {
	Pending []Pending
	// Gone are proxies whose keys have gone before they had answered: they have ended, or are cut off from the Store.
	Gone []Proxy
	// Away is why the Store does not answer, so that the rest is as it was before; nil where it does.
	Away error
}

// Pending is a proxy that is waited for.
type Pending struct {
	Proxy    Proxy
	Instance string
	Left     int64 // requests; -1 where it has not answered yet
}

var (
	// ErrNoProxy says that there is nobody to wait for.
	ErrNoProxy = errors.New("no proxy has its key in the store: none runs, or none has the right to write there")
	// ErrOver says that the time of a drain is over, so that what was answered no longer holds.
	ErrOver = errors.New("the drain has ended at its time before all proxies had answered")
	// ErrEnded says that somebody else has ended a drain.
	ErrEnded = errors.New("somebody has ended the drain")
)

const (
	// goneGrace is how long a proxy is waited for whose key has gone without an answer: one whose session was ended under it has another within
	// moments.
	goneGrace = 5 * time.Second
	// look is how often what follows from time alone is looked at.
	look = 250 * time.Millisecond
)

// Await waits until each proxy that lives has no request left on the instances, or ctx ends. told, called from here and often, gets how far that
// is, and once more what it is in the end.
func Await(ctx context.Context, s discovery.Store, list []Drain, told func(Progress)) error {
	ctx, stop := context.WithCancel(ctx)
	news := make(chan func(), 16)
	w := newWaiting(list)
	watches := w.watches(s, func(do func()) {
		select {
		case news <- do:
		case <-ctx.Done():
		}
	})
	ended := make(chan struct{}, len(watches))
	for _, one := range watches {
		go func() { _ = one.Run(ctx); ended <- struct{}{} }()
	}
	defer func() {
		stop()
		for range watches {
			<-ended
		}
	}()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			if err := health(watches); err != nil {
				return fmt.Errorf("%w: %w", context.Cause(ctx), err)
			}
			return context.Cause(ctx)
		case do := <-news:
			do()
		case <-tick.C:
		}
		away := health(watches)
		if errors.Is(away, discovery.ErrDenied) {
			return away
		}
		p, done, err := w.look(time.Now())
		p.Away = away
		told(p)
		if done || err != nil {
			return err
		}
	}
}

// health is why one of them has no answer, nil where all have.
func health(list []*discovery.StoreWatch) error {
	for _, one := range list {
		if _, err := one.Health(); err != nil {
			return err
		}
	}
	return nil
}
