package drain

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery"
)

// Load is the live side of an instance: how many requests it has.
type Load interface{ InFlight() int64 }

// Options configure a Follower. All but Notice and Log must be set.
type Options struct {
	Store discovery.Store
	Self  Proxy
	// Rights are what the Store needs of the catalogue's access control, for people; "" where there is none.
	Rights string
	// Set gets all drains that are in effect: it is discovery.Watcher's SetDrains.
	Set func([]discovery.Drain)
	// Loads are the live sides of the instances that a drain means; ok says that they get no new requests. It is called from Run's goroutine,
	// and must not block.
	Loads func(d *discovery.Drain) (list []Load, ok bool)
	// Notice tells people that a drain began, is complete here, or has ended.
	Notice func(d Drain, text string)
	Log    zerolog.Logger
}

// Follower is a proxy's side. Make it with NewFollower. Run does the work; List may be called at any time.
type Follower struct {
	o        Options
	watch    discovery.StoreWatch
	news     chan map[string][]byte // the newest values
	values   map[string][]byte
	present  chan error // what became of this process's own value
	bad      int        // values that can't be used, as told
	retryAt  time.Time  // the Store may be written to again, after an error
	leftover map[string]bool

	mu    sync.Mutex
	err   error // why this process can't take part; nil where it can
	drain map[string]*tracked
}

// NewFollower makes a proxy's side.
func NewFollower(o Options) *Follower {
	if o.Notice == nil {
		o.Notice = func(Drain, string) {}
	}
	f := &Follower{o: o, news: make(chan map[string][]byte, 1), present: make(chan error, 1), leftover: map[string]bool{}, drain: map[string]*tracked{}}
	f.watch = discovery.StoreWatch{Store: o.Store, Prefix: drainsAt, Changed: func(v map[string][]byte) { latest(f.news, v) }}
	return f
}

// latest makes v the newest in a channel of capacity one. One sender.
func latest[T any](to chan T, v T) {
	select {
	case <-to:
	default:
	}
	to <- v
}

const (
	// presentLimit is how long drains are not read as this process's own value is not there yet. Without it they are read all the same.
	presentLimit = 3 * time.Second
	// countEvery is how often requests are counted while there are some left.
	countEvery = 20 * time.Millisecond
	// retryEvery is how long it is not written after an error.
	retryEvery = 500 * time.Millisecond
)

// Run follows until ctx ends, and returns its error.
func (f *Follower) Run(ctx context.Context) error {
	var both sync.WaitGroup
	defer both.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	self, err := json.Marshal(f.o.Self)
	if err != nil {
		return err
	}
	both.Go(func() {
		_ = f.o.Store.Hold(ctx, proxiesAt+"/"+f.o.Self.ID, self, func(err error) { latest(f.present, err) })
	})
	var presence error
	select { // before drains are read: see the package's comment
	case presence = <-f.present:
	case <-time.After(presentLimit):
	case <-ctx.Done():
	}
	both.Go(func() { _ = f.watch.Run(ctx) })
	first, tick := f.watch.First(), time.NewTicker(countEvery)
	defer tick.Stop()
	slow := time.Now()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case presence = <-f.present:
		case <-first:
			first = nil
			if _, err := f.watch.Health(); err != nil { // nobody will tell: the first view waits for no more
				f.o.Set(nil)
			}
		case f.values = <-f.news:
			f.take(time.Now())
		case now := <-tick.C:
			f.count(ctx, now)
			if now.Sub(slow) < time.Second {
				continue
			}
			slow = now
			f.expire(ctx, now)
			_, err := f.watch.Health()
			f.report(errors.Join(presence, err))
		}
	}
}

// report tells once that this process can't take part, and once that it can again.
func (f *Follower) report(err error) {
	f.mu.Lock()
	before := f.err
	f.err = err
	f.mu.Unlock()
	switch {
	case err == nil && before != nil:
		f.o.Log.Info().Msg("the store answers again: drains are followed")
	case err == nil || before != nil && errors.Is(before, discovery.ErrDenied) == errors.Is(err, discovery.ErrDenied):
	case errors.Is(err, discovery.ErrDenied):
		f.o.Log.Warn().Str("needs", f.o.Rights).Msg("access to the store is denied: pointsman drain and stop do not reach this proxy, and do not wait for it")
	default:
		f.o.Log.Warn().Err(err).Msg("the store does not answer: drains that are in effect stay so until their end, and no others begin here")
	}
}
