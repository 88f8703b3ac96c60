package consul

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
)

const (
	// holdFirst and holdLast are the pauses before a value that could not be had, or was lost, is tried for again.
	holdFirst, holdLast = 100 * time.Millisecond, 2 * time.Second
	// holdDenied is that where there is no right: whoever gives the right waits so long at most.
	holdDenied = 10 * time.Second
)

// errHeld is a key of another session: most likely one of this process's own that Consul has not ended yet.
var errHeld = errors.New("another session holds the key")

// Hold implements discovery.Store: the key belongs to a session with a TTL and without checks, whose end removes it
// (https://developer.hashicorp.com/consul/docs/automate/session).
func (s *Store) Hold(ctx context.Context, key string, value []byte, told func(error)) error {
	if err := outside.CheckKey(key); err != nil {
		return err
	}
	if told == nil {
		told = func(error) {}
	}
	pause := holdFirst
	for ctx.Err() == nil {
		had, err := s.holdOnce(ctx, storePrefix+key, value, told)
		if ctx.Err() != nil {
			break
		}
		told(err)
		switch {
		case had:
			pause = holdFirst
		case errors.Is(err, discovery.ErrDenied):
			pause = holdDenied
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause = min(2*pause, holdLast)
	}
	return ctx.Err()
}

// holdOnce keeps the value until its session has ended or somebody else has removed it. had says that it was there.
func (s *Store) holdOnce(ctx context.Context, key string, value []byte, told func(error)) (had bool, err error) {
	l := &lock{client: s.client, key: key, stop: make(chan struct{}), done: make(chan struct{})}
	began := time.Now()
	if err := l.open(ctx); err != nil {
		return false, fmt.Errorf("hold %s: %w", key, err)
	}
	held, lose := context.WithCancelCause(ctx)
	l.lose = lose
	go l.renew(held, began)
	defer func() { _ = l.release(context.WithoutCancel(ctx)) }() // it ends by itself
	if err := l.acquireWith(held, value); err != nil {
		return false, fmt.Errorf("hold %s: %w", key, err)
	}
	told(nil)
	err = l.keep(held)
	if cause := context.Cause(held); errors.Is(cause, ErrLockLost) {
		err = cause
	}
	return true, fmt.Errorf("hold %s: %w", key, err)
}

// acquireWith makes the key the session's, with a value.
func (l *lock) acquireWith(ctx context.Context, value []byte) error {
	ctx, cancel := within(ctx)
	defer cancel()
	ok, _, err := l.client.api.KV().Acquire(&api.KVPair{Key: l.key, Session: l.session, Value: value}, (&api.WriteOptions{}).WithContext(ctx))
	if err == nil && !ok {
		return errHeld
	}
	return denied(plainError(err), keyRight)
}

// errRemoved is a value that somebody has removed, or taken.
var errRemoved = errors.New("the key is no longer this session's")

// keep looks whether the key is still there until it is not, or ctx has ended. An error says nothing about it: the session's renewals do.
func (l *lock) keep(ctx context.Context) error {
	var index uint64
	for ctx.Err() == nil {
		owner, next, err := l.owner(ctx, index)
		if err == nil && owner != l.session {
			return errRemoved
		}
		index = next
		pause := lockPause // also when an agent sends junk
		if err != nil {
			pause, index = renewAgain, 0
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}
