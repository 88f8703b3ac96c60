package drain

import (
	"context"
	"slices"
	"time"
)

// tracked is a drain that is in effect. The lock of the Follower guards Drain, known and left, as List reads them.
type tracked struct {
	Drain
	loads   map[Load]bool
	known   bool // the loads are
	left    int64
	told    int64     // what was answered last; -1 before the first answer
	wrote   bool      // an answer, or has tried
	tellAt  time.Time // what is left may be written again
	drained bool      // noticed
}

// answerEvery is how often what is left is written while it changes. The end is written at once.
const answerEvery = time.Second

// count counts the requests that are left, and answers.
func (f *Follower) count(ctx context.Context, now time.Time) {
	for _, t := range f.drain {
		if t.drained && t.told == 0 || !f.find(t) {
			continue
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

// find finds out what a drain's requests are counted of, and says whether it has.
func (f *Follower) find(t *tracked) bool {
	if t.known {
		return true
	}
	d := t.of()
	list, ok := f.o.Loads(&d)
	for _, l := range list {
		t.loads[l] = true
	}
	return ok
}

// tell writes how many requests are left. After an error nothing is written for a while, of no drain: each call may take seconds where the Store
// is away, and drains must end at their time all the same.
func (f *Follower) tell(ctx context.Context, t *tracked, left int64, now time.Time) {
	t.wrote = true
	if f.wrote(f.o.Store.Put(ctx, f.o.Self.key(&t.Drain), answer{ID: t.ID, Left: left}.value())) {
		t.told, t.tellAt = left, now.Add(answerEvery)
	}
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
