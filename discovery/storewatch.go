package discovery

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/time/rate"
)

// StoreWatch follows all values below a prefix of a Store. Its fields must not change once Run was called.
//
// What holds for other watches holds here: an error, and a store that answers with an older index and without values that were there
// (restored, or wiped), take nothing away. Such values stay until a younger answer has been without them for a minute; those of a store that
// holds nothing any more stay until somebody writes there again.
type StoreWatch struct {
	Store  Store
	Prefix string
	// Changed gets all values: once when the first answer is there, and then at each change. It is called from Run's goroutine only, and owns
	// the map but not the values, which must not be modified.
	Changed func(map[string][]byte)
	// Log gets a line when there is no right or no answer, and one when there is again. The zero Logger is silent.
	Log zerolog.Logger

	mu       sync.Mutex
	answered time.Time
	err      error
	first    chan struct{} // made on demand; closed when the first question has been answered or denied
	revealed bool

	values map[string][]byte
	known  bool
	held   bool // some of values are kept that the last answer did not have
	since  time.Time
}

// Health says when the last good answer came (zero: never), and why the last question had none; nil where it had.
func (w *StoreWatch) Health() (answered time.Time, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.answered, w.err
}

// First is closed once it is known what the Store holds, or that this process may not know.
func (w *StoreWatch) First() <-chan struct{} { return w.ready() }

func (w *StoreWatch) ready() chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.first == nil {
		w.first = make(chan struct{})
	}
	return w.first
}

// Run follows until ctx ends, and returns its error.
func (w *StoreWatch) Run(ctx context.Context) error {
	bucket := rate.NewLimiter(watchRate, watchBurst)
	size := newBytes()
	var at cursor
	for failures := 0; ctx.Err() == nil; {
		wait := listWait - time.Duration(rand.Int64N(int64(listWait)/8))
		began := time.Now()
		answer, err := w.ask(ctx, Query{Index: at.ask, Wait: wait})
		if ctx.Err() != nil {
			break
		}
		w.note(err)
		var pause time.Duration
		switch {
		case err == nil:
			failures = 0
			d, slow := at.advance(answer.Meta)
			w.take(answer.Values, d == indexFell || answer.IndexBad)
			if slow {
				pause = slowInterval - time.Since(began)
			}
		case errors.Is(err, ErrDenied):
			at.fail()
			pause = deniedPause
		default:
			at.fail()
			failures++
			pause = backoff(failures)
		}
		if !sleep(ctx, pause) || bucket.Wait(ctx) != nil || size.WaitN(ctx, min(answer.Bytes, bytesBurst)) != nil {
			break
		}
	}
	return ctx.Err()
}

// ask asks once, within the deadline of its question.
func (w *StoreWatch) ask(ctx context.Context, q Query) (Values, error) {
	ctx, cancel := context.WithTimeout(ctx, questionLimit(q, false))
	defer cancel()
	return w.Store.Values(ctx, w.Prefix, q)
}

// note keeps what Health tells, and logs what changes in it.
func (w *StoreWatch) note(err error) {
	w.mu.Lock()
	before := w.err
	w.err = err
	if err == nil {
		w.answered = time.Now()
	}
	w.mu.Unlock()
	switch {
	case err != nil && (before == nil || errorKind(before) != errorKind(err)):
		w.Log.Warn().Err(err).Str("prefix", w.Prefix).Msg("the store does not tell what it holds: what is known stays in effect")
	case err == nil && before != nil:
		w.Log.Info().Str("prefix", w.Prefix).Msg("the store tells again what it holds")
	}
	if errors.Is(err, ErrDenied) {
		w.reveal()
	}
}

func (w *StoreWatch) reveal() {
	if !w.revealed {
		w.revealed = true
		close(w.ready())
	}
}

// take compares an answer with what is known, and tells of a change.
func (w *StoreWatch) take(next map[string][]byte, doubtful bool) {
	next = w.keep(next, doubtful)
	if w.known && maps.EqualFunc(next, w.values, bytes.Equal) {
		return
	}
	w.known, w.values = true, next
	w.Changed(maps.Clone(next))
	w.reveal()
}

// keep is next with those of the values before that are missing in it while that is in doubt.
func (w *StoreWatch) keep(next map[string][]byte, doubtful bool) map[string][]byte {
	missing := map[string][]byte{}
	for key, value := range w.values {
		if _, has := next[key]; !has {
			missing[key] = value
		}
	}
	switch {
	case len(missing) == 0, !w.held && !doubtful:
		w.held = false
		return next
	case doubtful:
		if !w.held {
			w.Log.Warn().Int("keys", len(missing)).Str("prefix", w.Prefix).Msg("the store's index fell, and keys are gone from it: they stay in effect")
		}
		w.held, w.since = true, time.Now()
	case len(next) == 0:
		w.since = time.Now()
	case time.Since(w.since) >= retentionLimit:
		w.held = false
		return next
	}
	maps.Copy(missing, next)
	return missing
}
