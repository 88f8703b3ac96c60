// Package storage keeps what certificates ordered by ACME need over restarts: accounts, certificates with their keys, and the answers to
// challenges. Both kinds are a certmagic.Storage that several processes may share: a Folder on a disk, and Sealed over a store that others can
// read, such as Consul's KV.
package storage

import (
	"context"
	"errors"
)

// Shared is what Sealed needs of a store of small values by key that several processes see alike, as discovery.Store is one. Keys are what
// outside.CheckKey lets through. It is safe for concurrent use, and gives up by itself when the store does not answer.
type Shared interface {
	// Get reads a value as it was written last. Where there is none the error is fs.ErrNotExist.
	Get(ctx context.Context, key string) ([]byte, error)
	// Put writes a value. Within a lock (see Lock) it writes only while the lock is held.
	Put(ctx context.Context, key string, value []byte) error
	// Delete removes a value, and all below the key; that there is none is success. It heeds locks as Put does.
	Delete(ctx context.Context, key string) error
	// Keys are the keys of all values below a prefix, which is a key or "".
	Keys(ctx context.Context, prefix string) ([]string, error)
	// Lock waits until nobody else holds the lock of that key. held is ctx within the lock: it ends when the lock is lost, which is then its
	// cause. release has to be called once, with a context of its own; a lock that can't be released ends by itself.
	Lock(ctx context.Context, key string) (held context.Context, release func(context.Context) error, err error)
}

var (
	// ErrCorrupt marks a value that can't be what was stored, while others may well be.
	ErrCorrupt = errors.New("the stored value is corrupt")
	// ErrOtherSecret marks a value that was sealed with a secret that is not known here. Most likely all others were, too.
	ErrOtherSecret = errors.New("the stored value was sealed with another secret")
)
