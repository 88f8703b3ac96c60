package storage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/gofrs/flock"

	"github.com/pointsman/pointsman/discovery/outside"
)

// Folder is a certmagic.Storage in a folder: a file for each value, which only its owner can read, and which is written under another name
// and renamed, so that a full disk or a process that is killed leaves the one before.
//
// The files are certmagic.FileStorage's. Its locks are not: they are files with times in them, which the process that held a lock last keeps
// renewing for the next one, and which a full disk empties, so that two processes hold the lock. Ours are the kernel's (flock(2)): they end
// with the process, whatever ends it, and need no clocks that agree.
type Folder struct {
	files certmagic.FileStorage

	mu    sync.Mutex
	locks map[string]*flock.Flock // that are held here
}

// NewFolder makes the folder unless it is there. One that anybody may write to is refused: who can replace a key can have it used.
func NewFolder(path string) (*Folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of certificates: %w", err)
	}
	at, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("look at the folder of certificates: %w", err)
	}
	if at.Mode().Perm()&0o002 != 0 {
		return nil, fmt.Errorf("the folder of certificates %s can be written to by everybody: chmod o-w %s", path, path)
	}
	return &Folder{files: certmagic.FileStorage{Path: path}, locks: map[string]*flock.Flock{}}, nil
}

// Store implements certmagic.Storage.
func (f *Folder) Store(ctx context.Context, key string, value []byte) error {
	if err := usable(ctx, key); err != nil {
		return err
	}
	return f.files.Store(ctx, key, value)
}

// Load implements certmagic.Storage.
func (f *Folder) Load(ctx context.Context, key string) ([]byte, error) {
	if err := usable(ctx, key); err != nil {
		return nil, err
	}
	return f.files.Load(ctx, key)
}

// Delete implements certmagic.Storage.
func (f *Folder) Delete(ctx context.Context, key string) error {
	if err := usable(ctx, key); err != nil {
		return err
	}
	return f.files.Delete(ctx, key)
}

// Exists implements certmagic.Storage.
func (f *Folder) Exists(ctx context.Context, key string) bool {
	_, err := f.Stat(ctx, key)
	return err == nil
}

// List implements certmagic.Storage.
func (f *Folder) List(ctx context.Context, prefix string, recursive bool) ([]string, error) {
	if prefix != "" {
		if err := outside.CheckKey(prefix); err != nil {
			return nil, err
		}
	}
	return f.files.List(ctx, prefix, recursive)
}

// Stat implements certmagic.Storage.
func (f *Folder) Stat(ctx context.Context, key string) (certmagic.KeyInfo, error) {
	if err := usable(ctx, key); err != nil {
		return certmagic.KeyInfo{}, err
	}
	return f.files.Stat(ctx, key)
}

func usable(ctx context.Context, key string) error {
	if err := outside.CheckKey(key); err != nil {
		return err
	}
	return ctx.Err()
}

// lockPoll is how often a lock that another process holds is tried: the kernel tells nobody when it is free.
const lockPoll = 200 * time.Millisecond

// Lock implements certmagic.Locker. The file of a lock stays: to remove it would be to take it from whoever waits for it.
func (f *Folder) Lock(ctx context.Context, name string) error {
	_, err := f.lock(name, func(l *flock.Flock) (bool, error) { return l.TryLockContext(ctx, lockPoll) })
	return err
}

// TryLock implements certmagic.TryLocker.
func (f *Folder) TryLock(_ context.Context, name string) (bool, error) {
	return f.lock(name, (*flock.Flock).TryLock)
}

func (f *Folder) lock(name string, try func(*flock.Flock) (bool, error)) (bool, error) {
	if err := outside.CheckKey(name); err != nil {
		return false, err
	}
	file := filepath.Join(f.files.Path, "locks", filepath.FromSlash(name)+".lock")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return false, err
	}
	lock := flock.New(file, flock.SetPermissions(0o600))
	if ok, err := try(lock); err != nil || !ok {
		return false, errors.Join(err, lock.Close())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.locks[name] = lock
	return true, nil
}

// Unlock implements certmagic.Locker.
func (f *Folder) Unlock(_ context.Context, name string) error {
	f.mu.Lock()
	lock := f.locks[name]
	delete(f.locks, name)
	f.mu.Unlock()
	if lock == nil {
		return fmt.Errorf("the lock %s is not held", name)
	}
	return lock.Close()
}

var (
	_ certmagic.Storage   = (*Folder)(nil)
	_ certmagic.TryLocker = (*Folder)(nil)
)
