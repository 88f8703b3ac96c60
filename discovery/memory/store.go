package memory

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
)

// Store is the embedded discovery.Store: a map in this process, and a file that keeps it over a restart.
type Store struct {
	file string

	mu     sync.Mutex
	values map[string][]byte
	held   map[string][]byte // by Hold; they stand before values of the same keys
	locks  map[string]chan struct{}
	index  uint64
	wake   chan struct{} // closed and replaced at each change
}

// NewStore has what the file holds, which need not be there yet; "" keeps nothing. A file that can't be read is an error.
func NewStore(file string) (*Store, error) {
	s := &Store{file: file, held: map[string][]byte{}, locks: map[string]chan struct{}{}, index: 1, wake: make(chan struct{})}
	var err error
	if s.values, err = readStore(file); err != nil {
		return nil, err
	}
	return s, nil
}

// Get implements discovery.Store.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	if err := usable(ctx, key); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, values := range []map[string][]byte{s.held, s.values} {
		if v, ok := values[key]; ok {
			return append([]byte{}, v...), nil
		}
	}
	return nil, fmt.Errorf("read %s: %w", key, fs.ErrNotExist)
}

func usable(ctx context.Context, key string) error {
	if err := outside.CheckKey(key); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// Put implements discovery.Store. The value is on the disk when it returns.
func (s *Store) Put(ctx context.Context, key string, value []byte) error {
	if err := usable(ctx, key); err != nil {
		return err
	}
	return s.change(func(values map[string][]byte) error { values[key] = bytes.Clone(value); return nil })
}

// Delete implements discovery.Store.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := usable(ctx, key); err != nil {
		return err
	}
	return s.change(func(values map[string][]byte) error {
		maps.DeleteFunc(values, func(k string, _ []byte) bool { return k == key || below(k, key) })
		return nil
	})
}

// Swap implements discovery.Store.
func (s *Store) Swap(ctx context.Context, key string, from, to []byte) error {
	if err := usable(ctx, key); err != nil {
		return err
	}
	return s.change(func(values map[string][]byte) error {
		if now, there := values[key]; there != (from != nil) || !bytes.Equal(now, from) {
			return fmt.Errorf("write %s: %w", key, discovery.ErrChanged)
		}
		if to == nil {
			delete(values, key)
		} else {
			values[key] = bytes.Clone(to)
		}
		return nil
	})
}

// below says whether a key is below a prefix.
func below(key, prefix string) bool { return prefix == "" || strings.HasPrefix(key, prefix+"/") }

// change does all or nothing: what can't be written to the file is not in effect.
func (s *Store) change(do func(map[string][]byte) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := maps.Clone(s.values)
	if err := do(next); err != nil {
		return err
	}
	if maps.EqualFunc(next, s.values, bytes.Equal) {
		return nil
	}
	size := 0
	for _, v := range next {
		size += len(v)
	}
	if len(next) > discovery.MaxValues || size > discovery.MaxValueBytes {
		return fmt.Errorf("the store is full: it has room for %d values and %d MiB", discovery.MaxValues, discovery.MaxValueBytes>>20)
	}
	if err := writeStore(s.file, next); err != nil {
		return err
	}
	s.values = next
	s.moved()
	return nil
}

// Keys implements discovery.Store.
func (s *Store) Keys(ctx context.Context, prefix string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.all(prefix))), ctx.Err()
}

// Values implements discovery.Store. All values share one index: a question may be answered without news.
func (s *Store) Values(ctx context.Context, prefix string, q discovery.Query) (discovery.Values, error) {
	if err := usable(ctx, prefix); err != nil {
		return discovery.Values{}, err
	}
	if q.Wait <= 0 {
		q.Wait = defaultWait
	}
	over := time.NewTimer(q.Wait)
	defer over.Stop()
	s.mu.Lock()
	for late := false; q.Index == s.index && !late; s.mu.Lock() {
		wake := s.wake
		s.mu.Unlock()
		select {
		case <-wake:
		case <-over.C:
			late = true
		case <-ctx.Done():
			return discovery.Values{}, ctx.Err()
		}
	}
	defer s.mu.Unlock()
	return discovery.Values{Values: s.all(prefix), Meta: discovery.Meta{Index: s.index}}, nil
}

// all are the values below a prefix; the lock is held.
func (s *Store) all(prefix string) map[string][]byte {
	out := map[string][]byte{}
	for _, values := range []map[string][]byte{s.values, s.held} {
		for key, value := range values {
			if below(key, prefix) {
				out[key] = bytes.Clone(value)
			}
		}
	}
	return out
}

// Lock implements discovery.Store. A lock of this process is lost with it only.
func (s *Store) Lock(ctx context.Context, key string) (context.Context, func(context.Context) error, error) {
	if err := usable(ctx, key); err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	l := s.locks[key]
	if l == nil { // as many as there are names of locks, which are few
		l = make(chan struct{}, 1)
		s.locks[key] = l
	}
	s.mu.Unlock()
	select {
	case l <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, fmt.Errorf("lock %s: %w", key, ctx.Err())
	}
	held, end := context.WithCancel(ctx)
	return held, func(context.Context) error { end(); <-l; return nil }, nil
}

// Hold implements discovery.Store. What is held is in no file, and nobody can remove it.
func (s *Store) Hold(ctx context.Context, key string, value []byte, told func(error)) error {
	if err := usable(ctx, key); err != nil {
		return err
	}
	s.mu.Lock()
	s.held[key] = bytes.Clone(value)
	s.moved()
	s.mu.Unlock()
	if told != nil {
		told(nil)
	}
	<-ctx.Done()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.held, key)
	s.moved()
	return ctx.Err()
}

// moved wakes the questions that wait; the lock is held.
func (s *Store) moved() {
	s.index++
	close(s.wake)
	s.wake = make(chan struct{})
}

var _ discovery.Store = (*Store)(nil)
