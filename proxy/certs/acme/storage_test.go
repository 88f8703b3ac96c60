package acme

import (
	"context"
	"crypto/tls"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/caddyserver/certmagic"
	"github.com/rs/zerolog"
)

// held is a Storage in memory that counts what it is asked, and may fail.
type held struct {
	mu     sync.Mutex
	values map[string][]byte
	bad    map[string]error // by key, what loading it ends with
	locks  map[string]chan struct{}
	loads  atomic.Int64
	fault  atomic.Pointer[error]
}

func newHeld() *held { return &held{values: map[string][]byte{}, locks: map[string]chan struct{}{}} }

func (h *held) fails(err error) { h.fault.Store(&err) } // nil ends it

func (h *held) err() error {
	if e := h.fault.Load(); e != nil {
		return *e
	}
	return nil
}

func (h *held) Store(_ context.Context, key string, value []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err() == nil {
		h.values[key] = value
	}
	return h.err()
}

func (h *held) Load(_ context.Context, key string) ([]byte, error) {
	h.loads.Add(1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.err(); err != nil {
		return nil, err
	}
	if err := h.bad[key]; err != nil {
		return nil, err
	}
	v, ok := h.values[key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return v, nil
}

func (h *held) Delete(_ context.Context, key string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.values, key)
	return h.err()
}

func (h *held) Exists(ctx context.Context, key string) bool {
	_, err := h.Load(ctx, key)
	return err == nil
}

func (h *held) List(_ context.Context, prefix string, _ bool) (out []string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key := range h.values {
		if strings.HasPrefix(key, prefix+"/") {
			out = append(out, key)
		}
	}
	return out, h.err()
}

func (h *held) Stat(ctx context.Context, key string) (certmagic.KeyInfo, error) {
	v, err := h.Load(ctx, key)
	return certmagic.KeyInfo{Key: key, Size: int64(len(v)), IsTerminal: true}, err
}

func (h *held) Lock(ctx context.Context, name string) error {
	h.mu.Lock()
	lock := h.locks[name]
	if lock == nil {
		lock = make(chan struct{}, 1)
		h.locks[name] = lock
	}
	h.mu.Unlock()
	if err := h.err(); err != nil {
		return err
	}
	select {
	case lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *held) Unlock(_ context.Context, name string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	<-h.locks[name]
	return nil
}

// adopted are the certificates that were put to use.
type adopted struct {
	mu sync.Mutex
	of map[string]*tls.Certificate
}

func (a *adopted) adopt(list map[string]*tls.Certificate) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, c := range list {
		a.of[name] = c
	}
}

// newCertificates are those of a CA that is not there.
func newCertificates(t *testing.T, change func(*Options)) (*Certificates, *held, *adopted) {
	t.Helper()
	h, a := newHeld(), &adopted{of: map[string]*tls.Certificate{}}
	o := Options{Directory: "https://ca.invalid/dir", Storage: h, Adopt: a.adopt, HTTP: true, TLS: true, Log: zerolog.Nop()}
	if change != nil {
		change(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c, h, a
}
