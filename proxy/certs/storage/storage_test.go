package storage

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
)

// shared is a store in memory.
type shared struct {
	mu     sync.Mutex
	values map[string][]byte
	locks  map[string]chan struct{}
}

func newShared() *shared {
	return &shared{values: map[string][]byte{}, locks: map[string]chan struct{}{}}
}

func (s *shared) Get(_ context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.values[key]; ok {
		return v, nil
	}
	return nil, fs.ErrNotExist
}

func (s *shared) Put(_ context.Context, key string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[key] = bytes.Clone(value)
	return nil
}

func (s *shared) Delete(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.values {
		if k == key || strings.HasPrefix(k, key+"/") {
			delete(s.values, k)
		}
	}
	return nil
}

func (s *shared) Keys(_ context.Context, prefix string) (out []string, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.values {
		if strings.HasPrefix(k, prefix+"/") {
			out = append(out, k)
		}
	}
	return out, nil
}

func (s *shared) Lock(ctx context.Context, key string) (context.Context, func(context.Context) error, error) {
	s.mu.Lock()
	l := s.locks[key]
	if l == nil {
		l = make(chan struct{}, 1)
		s.locks[key] = l
	}
	s.mu.Unlock()
	select {
	case l <- struct{}{}:
		return ctx, func(context.Context) error { <-l; return nil }, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

const (
	oneSecret   = "correct-horse-battery-staple-0001"
	otherSecret = "correct-horse-battery-staple-0002"
)

func secrets(t testing.TB, text string) *Secrets {
	t.Helper()
	s, err := ParseSecrets([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sealed(t testing.TB, over Shared, text string) *Sealed {
	t.Helper()
	s, err := NewSealed(over, "acme", secrets(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func folder(t testing.TB, path string) *Folder {
	t.Helper()
	f, err := NewFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Both are what certmagic.Storage asks of a storage, and two of each over the same place see the same.
func TestStorages(t *testing.T) {
	place, path := newShared(), filepath.Join(t.TempDir(), "new", "acme")
	for name, make := range map[string]func() certmagic.Storage{
		"sealed": func() certmagic.Storage { return sealed(t, place, oneSecret) },
		"folder": func() certmagic.Storage { return folder(t, path) },
	} {
		t.Run(name, func(t *testing.T) { testStorage(t, make(), make()) })
	}
}

func testStorage(t *testing.T, one, other certmagic.Storage) {
	ctx := t.Context()
	absent := func(key string) {
		t.Helper()
		_, err := one.Load(ctx, key)
		_, statErr := one.Stat(ctx, key)
		if !errors.Is(err, fs.ErrNotExist) || !errors.Is(statErr, fs.ErrNotExist) || one.Exists(ctx, key) {
			t.Errorf("%s: %v, %v", key, err, statErr)
		}
	}
	absent("a")
	absent("a/b/c.pem")
	if err := one.Delete(ctx, "a/b/c.pem"); err != nil {
		t.Errorf("remove nothing: %v", err)
	}
	for key, value := range map[string]string{"a/b/c.pem": "old", "a/b/d.pem": "", "a/e": "e", "ab/f@x-y_z": "f"} {
		if err := one.Store(ctx, key, []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	if err := other.Store(ctx, "a/b/c.pem", []byte("new")); err != nil {
		t.Fatal(err)
	}
	if v, err := one.Load(ctx, "a/b/c.pem"); err != nil || string(v) != "new" {
		t.Errorf("%q %v", v, err)
	}
	if v, err := other.Load(ctx, "a/b/d.pem"); err != nil || len(v) != 0 {
		t.Errorf("an empty value: %q %v", v, err)
	}
	if at, err := one.Stat(ctx, "a/b/c.pem"); err != nil || at.Size != 3 || !at.IsTerminal || at.Key != "a/b/c.pem" {
		t.Errorf("%+v %v", at, err)
	}
	if at, err := one.Stat(ctx, "a/b"); err != nil || at.IsTerminal {
		t.Errorf("%+v %v", at, err)
	}
	for _, c := range []struct {
		prefix    string
		recursive bool
		want      string
	}{{"a", false, "a/b a/e"}, {"a", true, "a/b a/b/c.pem a/b/d.pem a/e"}, {"a/b", false, "a/b/c.pem a/b/d.pem"}} {
		list, err := one.List(ctx, c.prefix, c.recursive)
		slices.Sort(list)
		if got := strings.Join(list, " "); err != nil || got != c.want {
			t.Errorf("%s: %s %v, want %s", c.prefix, got, err, c.want)
		}
	}
	if _, err := one.List(ctx, "nothing", false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if err := one.Delete(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	absent("a/b/c.pem")
	absent("a/e")
	if !other.Exists(ctx, "ab/f@x-y_z") || !other.Exists(ctx, "ab") {
		t.Error("more was removed than what is below the key")
	}
	for _, key := range []string{"", ".", "..", "/a", "a/", "a//b", "../a", "a/../../b", "a b", "a?b", "a%2fb", "a\x00", `a\b`} {
		if err := one.Store(ctx, key, nil); err == nil {
			t.Errorf("%q was stored", key)
		}
		if err := one.Delete(ctx, key); err == nil {
			t.Errorf("%q was removed", key)
		}
		if _, err := one.Load(ctx, key); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v", key, err)
		}
		if err := one.Lock(ctx, key); err == nil {
			t.Errorf("%q was locked", key)
		}
	}
	testLocks(t, one, other)
}

func testLocks(t *testing.T, one, other certmagic.Storage) {
	if err := one.Unlock(t.Context(), "x"); err == nil {
		t.Error("a lock was released that nobody held")
	}
	if err := one.Lock(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	if err := other.Lock(t.Context(), "y"); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]certmagic.Storage{"the same": one, "another": other} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if err := s.Lock(ctx, "x"); err == nil {
			t.Errorf("%s got a lock that is held", name)
		}
		cancel()
	}
	got := make(chan error)
	go func() { got <- other.Lock(t.Context(), "x") }()
	if err := one.Unlock(t.Context(), "x"); err != nil {
		t.Error(err)
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
	for _, name := range []string{"x", "y"} {
		if err := other.Unlock(t.Context(), name); err != nil {
			t.Error(err)
		}
	}
}
