package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/caddyserver/certmagic"

	"github.com/pointsman/pointsman/discovery/outside"
)

// Sealed is a certmagic.Storage over a store that others can read and write: its values are sealed with a secret, each for its own key. Who
// can write to the store can still remove values, or bring back older ones.
type Sealed struct {
	shared  Shared
	prefix  string
	secrets *Secrets

	mu    sync.Mutex
	locks map[string]func(context.Context) error // that are held here, by Lock
}

// NewSealed keeps everything below a prefix, which is a key.
func NewSealed(shared Shared, prefix string, secrets *Secrets) (*Sealed, error) {
	if secrets == nil {
		return nil, errors.New("a store that others can read needs a secret")
	}
	if err := outside.CheckKey(prefix); err != nil {
		return nil, err
	}
	return &Sealed{shared: shared, prefix: prefix, secrets: secrets, locks: map[string]func(context.Context) error{}}, nil
}

// locksBelow is where locks stand; no value can.
const locksBelow = "locks"

func (s *Sealed) key(key string) (string, error) {
	if err := outside.CheckKey(key); err != nil {
		return "", err
	}
	if key == locksBelow || strings.HasPrefix(key, locksBelow+"/") {
		return "", fmt.Errorf("%q is for locks", key)
	}
	return path.Join(s.prefix, key), nil
}

// Store implements certmagic.Storage. Within a context of Hold it is refused when the lock is lost.
func (s *Sealed) Store(ctx context.Context, key string, value []byte) error {
	full, err := s.key(key)
	if err != nil {
		return err
	}
	return s.shared.Put(ctx, full, s.secrets.seal(full, value))
}

// Load implements certmagic.Storage. Errors are also ErrCorrupt and ErrOtherSecret.
func (s *Sealed) Load(ctx context.Context, key string) ([]byte, error) {
	full, err := s.key(key)
	if err != nil {
		return nil, err
	}
	sealed, err := s.shared.Get(ctx, full)
	if err != nil {
		return nil, err
	}
	value, err := s.secrets.open(full, sealed)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", full, err)
	}
	return value, nil
}

// Delete implements certmagic.Storage.
func (s *Sealed) Delete(ctx context.Context, key string) error {
	full, err := s.key(key)
	if err != nil {
		return err
	}
	return s.shared.Delete(ctx, full)
}

// Exists implements certmagic.Storage.
func (s *Sealed) Exists(ctx context.Context, key string) bool {
	_, err := s.Stat(ctx, key)
	return err == nil
}

// List implements certmagic.Storage.
func (s *Sealed) List(ctx context.Context, prefix string, recursive bool) ([]string, error) {
	full := s.prefix
	if prefix != "" {
		var err error
		if full, err = s.key(prefix); err != nil {
			return nil, err
		}
	}
	all, err := s.shared.Keys(ctx, full)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, key := range all {
		rest := strings.TrimPrefix(key, s.prefix+"/")
		if rest == key || strings.HasPrefix(rest, locksBelow+"/") {
			continue
		}
		below := strings.Split(strings.TrimPrefix(strings.TrimPrefix(rest, prefix), "/"), "/")
		for n := range below {
			if n == 0 || recursive {
				out = append(out, path.Join(prefix, path.Join(below[:n+1]...)))
			}
		}
	}
	if len(out) == 0 {
		return nil, fs.ErrNotExist
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Stat implements certmagic.Storage. It tells the size of what was stored, and not when.
func (s *Sealed) Stat(ctx context.Context, key string) (certmagic.KeyInfo, error) {
	value, err := s.Load(ctx, key)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return certmagic.KeyInfo{Key: key, Size: int64(len(value)), IsTerminal: true}, err
	}
	if _, err := s.List(ctx, key, false); err != nil {
		return certmagic.KeyInfo{}, err
	}
	return certmagic.KeyInfo{Key: key}, nil
}

// Hold waits for a lock. What is stored with the context that it returns, which is ctx within the lock, is refused once the lock is lost; the
// context ends then, too. release has to be called once, with a context of its own.
func (s *Sealed) Hold(ctx context.Context, name string) (held context.Context, release func(context.Context) error, err error) {
	if err := outside.CheckKey(name); err != nil {
		return nil, nil, err
	}
	return s.shared.Lock(ctx, path.Join(s.prefix, locksBelow, name))
}

// Lock implements certmagic.Locker, which knows no lock that is lost: Hold does.
func (s *Sealed) Lock(ctx context.Context, name string) error {
	_, release, err := s.Hold(ctx, name)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locks[name] = release
	return nil
}

// Unlock implements certmagic.Locker.
func (s *Sealed) Unlock(ctx context.Context, name string) error {
	s.mu.Lock()
	release := s.locks[name]
	delete(s.locks, name)
	s.mu.Unlock()
	if release == nil {
		return fmt.Errorf("the lock %s is not held", name)
	}
	return release(ctx)
}

var _ certmagic.Storage = (*Sealed)(nil)
