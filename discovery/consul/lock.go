package consul

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/hashicorp/consul/api"
)

// ErrLockLost says that a lock is no longer held although nobody released it: Consul was away for too long, or this process stood still.
var ErrLockLost = errors.New("the lock was lost")

const (
	// sessionTTL is the shortest that Consul takes. Consul ends a session that nobody renews after twice as long, 20 s: a process that was
	// killed holds up the others no longer (https://developer.hashicorp.com/consul/docs/automate/session).
	sessionTTL = 10 * time.Second
	// renewEvery leaves room for two renewals that fail.
	renewEvery = sessionTTL / 3
	renewAgain = time.Second
	// lockDelay is how long nobody gets a lock that was lost. Consul's default of 15 s is for holders that go on writing; ours can't.
	lockDelay = time.Millisecond
	// lockWait bounds a blocking question, so that an agent that went away without a word is noticed.
	lockWait = 10 * time.Second
	// lockPause is between two tries, up to twice as long.
	lockPause = 50 * time.Millisecond
)

// lock is one that is waited for or held.
type lock struct {
	client       *client
	key, session string
	outer        *lock // that it is within, or nil
	lose         context.CancelCauseFunc
	stop, done   chan struct{} // of its renewal
}

type lockKey struct{}

// locksOf are the locks that a context is within.
func locksOf(ctx context.Context) (out []*lock) {
	l, _ := ctx.Value(lockKey{}).(*lock)
	for ; l != nil; l = l.outer {
		out = append(out, l)
	}
	return out
}

// Lock waits until nobody else holds the lock of that key. held is ctx within the lock: it ends when the lock is lost, and its cause is then
// ErrLockLost. release has to be called once; a lock that can't be released ends by itself.
//
// The lock is a key that belongs to a session with a TTL and without checks. The session's end removes the key.
func (s *Store) Lock(ctx context.Context, key string) (held context.Context, release func(context.Context) error, err error) {
	for {
		held, release, err = s.lock(ctx, storePrefix+key)
		if err == nil || !errors.Is(err, ErrLockLost) || context.Cause(ctx) != nil {
			return held, release, err
		}
		// Only its turn was lost, to a Consul that was away or by standing still: once more, if Consul answers.
	}
}

func (s *Store) lock(ctx context.Context, key string) (context.Context, func(context.Context) error, error) {
	l := &lock{client: s.client, key: key, stop: make(chan struct{}), done: make(chan struct{})}
	l.outer, _ = ctx.Value(lockKey{}).(*lock)
	began := time.Now()
	if err := l.open(ctx); err != nil {
		return nil, nil, fmt.Errorf("lock %s: %w", key, err)
	}
	held, lose := context.WithCancelCause(context.WithValue(ctx, lockKey{}, l))
	l.lose = lose
	go l.renew(held, began)
	if err := l.await(held); err != nil {
		if cause := context.Cause(held); errors.Is(cause, ErrLockLost) {
			err = cause
		}
		_ = l.release(context.WithoutCancel(ctx)) // it ends by itself
		return nil, nil, fmt.Errorf("lock %s: %w", key, err)
	}
	return held, l.release, nil
}

// open makes the session.
func (l *lock) open(ctx context.Context) error {
	ctx, cancel := within(ctx)
	defer cancel()
	id, _, err := l.client.api.Session().CreateNoChecks(&api.SessionEntry{
		Name: l.key, TTL: sessionTTL.String(), LockDelay: lockDelay, Behavior: api.SessionBehaviorDelete,
	}, (&api.WriteOptions{}).WithContext(ctx))
	l.session = id
	return denied(plainError(err), sessionRight)
}

// await tries to get the lock, and where another one has it waits until it has gone.
func (l *lock) await(ctx context.Context) error {
	var index uint64
	for {
		ok, err := l.acquire(ctx)
		if ok || err != nil {
			return err
		}
		for free := false; !free; {
			if free, index, err = l.look(ctx, index); err != nil {
				return err
			}
			select { // also when an agent sends junk
			case <-time.After(lockPause + rand.N(lockPause)):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

func (l *lock) acquire(ctx context.Context) (bool, error) {
	ctx, cancel := within(ctx)
	defer cancel()
	ok, _, err := l.client.api.KV().Acquire(&api.KVPair{Key: l.key, Session: l.session}, (&api.WriteOptions{}).WithContext(ctx))
	return ok, denied(plainError(err), keyRight)
}

// look says whether nobody holds the lock; where index is not zero, it waits for a change first.
func (l *lock) look(ctx context.Context, index uint64) (free bool, next uint64, err error) {
	owner, next, err := l.owner(ctx, index)
	return owner == "", next, err
}

// owner is the session that the key belongs to, "" for none; where index is not zero, it waits for a change first.
func (l *lock) owner(ctx context.Context, index uint64) (session string, next uint64, err error) {
	ctx, cancel := context.WithTimeout(inDatacenter(ctx, ""), lockWait+lockWait/16+callTimeout) // Consul adds a sixteenth
	defer cancel()
	var answer []struct{ Session string }
	head, err := l.client.get(ctx, "/v1/kv/"+l.key, &answer, &api.QueryOptions{WaitIndex: index, WaitTime: lockWait})
	if isStatus(err, http.StatusNotFound) {
		err = nil
	}
	if next = head.meta().Index; next < index {
		next = 0
	}
	if len(answer) > 0 {
		session = answer[0].Session
	}
	return session, next, denied(err, keyRight)
}

// renew keeps the session until the lock is released or its context ends. began is when the session can't have been made before.
func (l *lock) renew(ctx context.Context, began time.Time) {
	defer close(l.done)
	next := time.NewTimer(renewEvery)
	defer next.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-ctx.Done():
			return
		case <-next.C:
		}
		asked := time.Now()
		gone, err := l.renewOnce(ctx, began.Add(sessionTTL))
		switch {
		case err == nil && !gone:
			began = asked
			next.Reset(renewEvery)
		case gone || time.Since(began) >= sessionTTL:
			why := "its session has ended"
			if err != nil {
				why = err.Error()
			}
			l.lose(fmt.Errorf("%w: %s", ErrLockLost, why))
			return
		default:
			next.Reset(min(renewAgain, time.Until(began.Add(sessionTTL))))
		}
	}
}

func (l *lock) renewOnce(ctx context.Context, until time.Time) (gone bool, err error) {
	ctx, cancel := within(ctx)
	defer cancel()
	ctx, cancelEarlier := context.WithDeadline(ctx, until)
	defer cancelEarlier()
	entry, _, err := l.client.api.Session().Renew(l.session, (&api.WriteOptions{}).WithContext(ctx))
	return err == nil && entry == nil, plainError(err)
}

// release ends the session, and with it the lock.
func (l *lock) release(ctx context.Context) error {
	close(l.stop)
	l.lose(context.Canceled)
	<-l.done
	ctx, cancel := within(ctx)
	defer cancel()
	_, err := l.client.api.Session().Destroy(l.session, (&api.WriteOptions{}).WithContext(ctx))
	if err = plainError(err); err != nil {
		return fmt.Errorf("release %s: %w", l.key, err)
	}
	return nil
}
