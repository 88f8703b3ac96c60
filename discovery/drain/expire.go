package drain

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/pointsman/pointsman/discovery"
)

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
		if time.Now().Before(f.retryAt) || !f.wrote(f.remove(ctx, d)) {
			return
		}
	}
	f.clean(ctx)
}

// remove removes what is left of a drain that is over, unless it is another one that stands there by now.
func (f *Follower) remove(ctx context.Context, d Drain) error {
	err := f.o.Store.Swap(ctx, d.key(), f.values[d.key()], nil)
	if errors.Is(err, discovery.ErrChanged) { // another one has begun meanwhile, or another proxy was here
		return nil
	}
	if err == nil {
		err = f.o.Store.Delete(ctx, d.answers())
	}
	return err
}

// clean removes this process's own answers to drains that are no longer in effect. Whoever ends a drain removes all answers to it, but the last one
// may come after that.
func (f *Follower) clean(ctx context.Context) {
	for _, key := range slices.Sorted(maps.Keys(f.leftover)) {
		if time.Now().Before(f.retryAt) || !f.wrote(f.o.Store.Delete(ctx, key)) {
			return
		}
		delete(f.leftover, key)
	}
}

// wrote says whether the Store has taken a change. If not, nothing is written for a while.
func (f *Follower) wrote(err error) bool {
	if err != nil {
		f.retryAt = time.Now().Add(retryEvery)
	}
	return err == nil
}
