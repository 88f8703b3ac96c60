package drain

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
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
	o       Options
	watch   discovery.StoreWatch
	news    chan map[string][]byte // the newest values
	values  map[string][]byte
	present chan error // what became of this process's own value
	bad     int        // values that can't be used, as told
	retryAt time.Time  // the Store may be written to again, after an error

	mu    sync.Mutex
	err   error // why this process can't take part; nil where it can
	drain map[string]*tracked
}

// tracked is a drain that is in effect. The lock of the Follower guards Drain, known and left, as List reads them.
type tracked struct {
	Drain
	loads   map[Load]bool
	known   bool // the loads are
	left    int64
	told    int64     // what was answered last; -1 before the first answer
	tellAt  time.Time // what is left may be written again
	drained bool      // noticed
}

// NewFollower makes a proxy's side.
func NewFollower(o Options) *Follower {
	if o.Notice == nil {
		o.Notice = func(Drain, string) {}
	}
	f := &Follower{o: o, news: make(chan map[string][]byte, 1), present: make(chan error, 1), drain: map[string]*tracked{}}
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
	// answerEvery is how often what is left is written while it changes. The end is written at once.
	answerEvery = time.Second
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

// take compares what the Store holds with what is in effect.
func (f *Follower) take(now time.Time) {
	next, bad, example := map[string]*tracked{}, 0, error(nil)
	for _, key := range slices.Sorted(maps.Keys(f.values)) {
		d, err := parse(key, f.values[key], now)
		if err == nil && len(next) >= maxDrains {
			err = errors.New("there are too many")
		}
		switch {
		case err != nil:
			bad, example = bad+1, err
		case d.Until.After(now):
			t := f.drain[key]
			if t == nil || t.ID != d.ID {
				t = &tracked{loads: map[Load]bool{}, told: -1}
			}
			f.mu.Lock()
			t.Drain = d
			f.mu.Unlock()
			next[key] = t
		}
	}
	if bad > 0 && bad != f.bad {
		f.o.Log.Warn().Int("keys", bad).AnErr("for example", example).Msg("keys below pointsman/drains can't be used: they are ignored")
	}
	f.bad = bad
	f.replace(next, now)
}

// replace puts other drains into effect.
func (f *Follower) replace(next map[string]*tracked, now time.Time) {
	f.mu.Lock()
	before := f.drain
	f.drain = next
	f.mu.Unlock()
	var list []discovery.Drain
	for _, key := range slices.Sorted(maps.Keys(next)) {
		list = append(list, next[key].of())
	}
	f.o.Set(list)
	for key, t := range next {
		if was := before[key]; was == nil || was.ID != t.ID {
			f.o.Log.Info().Str("service", t.Service).Str("instance", t.Instance).Time("until", t.Until).Str("by", t.By).Msg("draining an instance: it gets no new requests")
			f.o.Notice(t.Drain, "draining until "+t.Until.Format(time.TimeOnly)+" UTC")
		}
	}
	for key, t := range before {
		if next[key] == nil {
			f.o.Log.Info().Str("service", t.Service).Str("instance", t.Instance).Bool("at its time", !t.Until.After(now)).Msg("a drain has ended")
			f.o.Notice(t.Drain, "no longer draining")
		}
	}
}

// count counts the requests that are left, and answers.
func (f *Follower) count(ctx context.Context, now time.Time) {
	for _, t := range f.drain {
		if t.drained && t.told == 0 {
			continue
		}
		if !t.known {
			d := t.of()
			list, ok := f.o.Loads(&d)
			if !ok {
				continue
			}
			for _, l := range list {
				t.loads[l] = true
			}
		}
		left := int64(0)
		for l := range t.loads {
			left += l.InFlight()
		}
		f.mu.Lock()
		t.known, t.left = true, left
		f.mu.Unlock()
		if left == 0 && !t.drained {
			t.drained = true
			f.o.Log.Info().Str("service", t.Service).Str("instance", t.Instance).Dur("after", now.Sub(t.Since)).Msg("an instance is drained: it has no requests left")
			f.o.Notice(t.Drain, "drained: no requests are left")
		}
		if left != t.told && !now.Before(f.retryAt) && (left == 0 || !now.Before(t.tellAt)) {
			f.tell(ctx, t, left, now)
		}
	}
}

// tell writes how many requests are left. After an error nothing is written for a while, of no drain: each call may take seconds where the Store
// is away, and drains must end at their time all the same.
func (f *Follower) tell(ctx context.Context, t *tracked, left int64, now time.Time) {
	err := f.o.Store.Put(ctx, drainedAt+"/"+t.name()+"/"+f.o.Self.ID, answer{ID: t.ID, Left: left}.value())
	if err != nil {
		f.retryAt = time.Now().Add(retryEvery)
		return
	}
	t.told, t.tellAt = left, now.Add(answerEvery)
}

// expire ends drains at their time, and removes what is left of them in the Store, one proxy after the other.
func (f *Follower) expire(ctx context.Context, now time.Time) {
	var over []Drain
	for key, value := range f.values {
		d, err := parse(key, value, now)
		if err != nil || d.Until.After(now) {
			continue
		}
		if f.drain[key] != nil { // at once, and for all: the Store may be away
			f.take(now)
		}
		if now.Sub(d.Until) >= time.Second+rand.N(4*time.Second) {
			over = append(over, d)
		}
	}
	for _, d := range over {
		if time.Now().Before(f.retryAt) || !f.remove(ctx, d) {
			return
		}
	}
}

// remove removes what is left of a drain that is over, and says whether the Store answers. If not, it is tried again.
func (f *Follower) remove(ctx context.Context, d Drain) bool {
	there, err := f.o.Store.Get(ctx, d.key())
	if err == nil && bytes.Equal(there, f.values[d.key()]) { // else another one has begun meanwhile, or another proxy was here
		err = End(ctx, f.o.Store, []Drain{d})
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.retryAt = time.Now().Add(retryEvery)
		return false
	}
	return true
}

// Standing is a drain as this process sees it.
type Standing struct {
	Drain
	Left int64 // requests of this process; -1 where they are not counted yet
}

// List is the drains that are in effect, by their ends; err is why this process can't take part, nil where it can.
func (f *Follower) List() (list []Standing, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.drain {
		s := Standing{Drain: t.Drain, Left: -1}
		if t.known {
			s.Left = t.left
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Standing) int { return a.Until.Compare(b.Until) })
	return list, f.err
}
