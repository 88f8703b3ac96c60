package discovery

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Store is the small shared store beside the catalogue: values by key that several processes see alike. Implementations are discovery/consul
// (the keys below pointsman/ in Consul's KV) and discovery/memory. Keys are what outside.CheckKey lets through; KeyOf makes parts of them. All
// methods may be called from several goroutines. A call gives up by itself when the store does not answer, and its error is
// ErrDenied where the right to it is missing.
type Store interface {
	// Get reads a value as it was written last, and never nil. Where there is none the error is fs.ErrNotExist.
	Get(ctx context.Context, key string) ([]byte, error)
	// Put writes a value. With a context of Lock it does so only while the lock is held.
	Put(ctx context.Context, key string, value []byte) error
	// Swap writes a value in the place of the one that is known to stand there, and nothing where another one does: its error is then ErrChanged.
	// from is nil where there is none yet, and to is nil to remove it; what is below the key stays. It heeds locks as Put does.
	Swap(ctx context.Context, key string, from, to []byte) error
	// Delete removes a value, and all below the key; that there is none is success. It heeds locks as Put does.
	Delete(ctx context.Context, key string) error
	// Keys are the keys of all values below a prefix, which is a key or "".
	Keys(ctx context.Context, prefix string) ([]string, error)
	// Values answers a blocking question with all values below a prefix, which is a key. StoreWatch asks it again and again.
	Values(ctx context.Context, prefix string, q Query) (Values, error)
	// Lock waits until nobody else holds the lock of that key. held is ctx within the lock: it ends when the lock is lost, which is then its
	// cause. release has to be called once, with a context of its own; a lock that can't be released ends by itself.
	Lock(ctx context.Context, key string) (held context.Context, release func(context.Context) error, err error)
	// Hold keeps a value that is there as long as this process: until ctx ends, whose error it returns, or some 20 s after the process was
	// killed or stood still. What is lost, or can't be had, is tried again. told, which may be nil, is called with nil each time the value is
	// there, and with an error each time it is not. Nobody else may hold that key.
	Hold(ctx context.Context, key string, value []byte, told func(error)) error
}

// ErrChanged is the error of Swap where another value stands than was thought.
var ErrChanged = errors.New("another value stands there by now")

// Values is the complete set of values below a prefix.
type Values struct {
	// Values are by key, as Get takes them. The caller owns them.
	Values map[string][]byte
	// Bytes is the answer's size, 0 where unknown.
	Bytes int
	Meta
}

// Bounds on what is taken of a Store at once. What is beyond them is an error, and never a part of the whole.
const (
	MaxValues     = 10_000
	MaxValueBytes = 4 << 20 // of all of them
)

// KeyOf makes a part of a key out of any name: what a key can't have, and "_", becomes _XX, its bytes in hexadecimal. Different names make
// different parts; NameOfKey is the way back.
func KeyOf(name string) string {
	var out strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.' && i > 0:
			out.WriteByte(c)
		default:
			fmt.Fprintf(&out, "_%02X", c)
		}
	}
	return out.String()
}

// NameOfKey is the name that KeyOf made a part of. Whoever can write to the Store can write other parts: those are errors.
func NameOfKey(part string) (string, error) {
	var out strings.Builder
	for i := 0; i < len(part); i++ {
		if part[i] != '_' {
			out.WriteByte(part[i])
			continue
		}
		if i+3 > len(part) {
			return "", fmt.Errorf("%.100q is no name's key", part)
		}
		c, err := strconv.ParseUint(part[i+1:i+3], 16, 8)
		if err != nil {
			return "", fmt.Errorf("%.100q is no name's key", part)
		}
		out.WriteByte(byte(c))
		i += 2
	}
	if name := out.String(); name != "" && KeyOf(name) == part {
		return name, nil
	}
	return "", fmt.Errorf("%.100q is no name's key", part)
}
