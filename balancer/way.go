package balancer

import (
	"net"
	"sync/atomic"
	"time"
)

// WayKey says how an instance is spoken to. The zero value is plain HTTP.
type WayKey struct {
	// TLS speaks TLS; without it the other fields mean nothing.
	TLS bool
	// SkipVerify does not verify the instance's certificate.
	SkipVerify bool
	// ServerName is sent, and what the certificate must be for; "" means the host of the instance's address.
	ServerName string
	// Authorities are those of whom one must have issued the instance's certificate; nil means the system's.
	Authorities Authorities
	// Certificate is shown to an instance that asks for one; nil shows none.
	Certificate Certificate
}

// normal is the one form of keys that mean the same.
func (k WayKey) normal() WayKey {
	if !k.TLS {
		return WayKey{}
	}
	return k
}

// Way is one way in which an instance is spoken to: what was learnt over it, and what must end with it. Make it with Upstream.Way. All
// methods may be called from several goroutines.
type Way struct {
	upstream *Upstream
	key      WayKey
	wayTLS
	retired  atomic.Bool
	draining atomic.Bool // as the instance is
	health
	judgement
	checked
	visits
	hooks []func() // guarded by health.mu
}

func newWay(u *Upstream, key WayKey) *Way {
	w := &Way{upstream: u, key: key}
	w.Return(time.Now(), 0)
	if key.TLS {
		name := key.ServerName
		if host, _, err := net.SplitHostPort(u.address); name == "" && err == nil {
			name = host
		}
		w.setTLS(key, name)
	}
	return w
}

// Upstream is the instance.
func (w *Way) Upstream() *Upstream { return w.upstream }

// Usable says whether a request may be sent: not ejected, not backed off from, not failing its checks, not draining, not retired.
func (w *Way) Usable() bool { return w.Reachable() && !w.out() && !w.failing.Load() }

// Reachable says whether a request may be sent where no instance is left that is not ejected: connections to it are not refused, and it is
// neither draining nor retired.
func (w *Way) Reachable() bool {
	if w.retired.Load() || w.draining.Load() {
		return false
	}
	return !w.ejected.Load() || (w.upstream.reviver == nil && w.lapsed())
}

// Retire marks the way as gone for good and runs what AfterRetire collected, in the caller's goroutine, once.
func (w *Way) Retire() {
	w.mu.Lock()
	if w.retired.Swap(true) {
		w.mu.Unlock()
		return
	}
	hooks := w.hooks
	w.hooks = nil
	w.mu.Unlock()
	w.upstream.forget(w)
	for _, f := range hooks {
		f()
	}
}

// Draining says whether the instance gets no new requests; see Upstream.Drain.
func (w *Way) Draining() bool { return w.draining.Load() }

// Retired says whether Retire was called.
func (w *Way) Retired() bool { return w.retired.Load() }

// AfterRetire runs f once when the way is retired, at once if it already is. It is how a connection pool learns that it may close
// what it holds.
func (w *Way) AfterRetire(f func()) {
	w.mu.Lock()
	if !w.retired.Load() {
		w.hooks = append(w.hooks, f)
		w.mu.Unlock()
		return
	}
	w.mu.Unlock()
	f()
}
