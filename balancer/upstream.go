// Package balancer holds the live side of instances and routes, and the policies that choose among instances.
//
// An Upstream is an instance: its load and its life. It lives as long as the instance. A Way is one way in which that instance is spoken
// to (plain or TLS, for which server name, verified or not): its health and what its connections hang on, since what is learnt over
// one way says nothing about another. It lives as long as a route speaks that way. A Lane is the live side of a route: rotation and
// retry budget. All are carried over table swaps by identity. A Picker is built over a fixed set of Ways and then only read.
//
// A Reviver brings back the Ways that were ejected.
package balancer

import (
	"sync"
	"sync/atomic"
	"time"
)

// Upstream is the live side of one instance: its load, its life, and its ways. All methods may be called from several goroutines. Make
// it with NewUpstream or Reviver.NewUpstream.
type Upstream struct {
	service, address string
	reviver          *Reviver

	life
	conns atomic.Int32 // open, over all ways

	mu   sync.Mutex
	ways []*Way // guarded by mu; those in use
	timing
	container string
	_         [48]byte // the cells begin on a cache line of their own

	load
}

// NewUpstream makes the live side of an instance that no Reviver looks after: its ways are back as soon as their back-off has passed.
// address is host:port as dialled, with brackets around IPv6.
func NewUpstream(service, address string) *Upstream {
	return &Upstream{service: service, address: address}
}

// Service is the catalogue service that the instance belongs to.
func (u *Upstream) Service() string { return u.service }

// Address is host:port as dialled.
func (u *Upstream) Address() string { return u.address }

// In notes the id of the container that the instance is, for people. It is called before anybody else knows the Upstream.
func (u *Upstream) In(container string) *Upstream {
	u.container = container
	return u
}

// Container is that id; "" where it is not known.
func (u *Upstream) Container() string { return u.container }

// Way is the instance's way of a key, made when it is first asked for. Of a retired Upstream it is a retired one.
func (u *Upstream) Way(key WayKey) *Way {
	key = key.normal()
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, w := range u.ways {
		if w.key == key {
			return w
		}
	}
	w := newWay(u, key)
	w.draining.Store(u.Draining())
	if u.Retired() {
		w.retired.Store(true)
		return w
	}
	u.ways = append(u.ways, w)
	return w
}

// forget takes a way out of those in use.
func (u *Upstream) forget(w *Way) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i, o := range u.ways {
		if o == w {
			u.ways = append(u.ways[:i:i], u.ways[i+1:]...)
			return
		}
	}
}

// list is the ways in use. It must not be changed.
func (u *Upstream) list() []*Way {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.ways[:len(u.ways):len(u.ways)]
}

// Usable says, for people, whether requests may be sent over at least one way.
func (u *Upstream) Usable() bool {
	for _, w := range u.list() {
		if w.Usable() {
			return true
		}
	}
	return false
}

// Ejected tells, for people, whether every way is ejected, until when at least, and after how many failures in a row; what is told is
// that of the way which comes back first.
func (u *Upstream) Ejected() (until time.Time, failures int, is bool) {
	for _, w := range u.list() {
		at, n, ejected := w.Ejected()
		if !ejected {
			return time.Time{}, 0, false
		}
		if !is || at.Before(until) {
			until, failures, is = at, n, true
		}
	}
	return until, failures, is
}

// Out tells, for people, whether a way is ejected by what its instance did, for what, until when at least, and for the how manieth time in
// a row.
func (u *Upstream) Out() (r Reason, until time.Time, times int, is bool) {
	for _, w := range u.list() {
		if until = w.TrialAt(); !until.IsZero() {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.reason, until, w.times, true
		}
	}
	return 0, time.Time{}, 0, false
}

// The reasons of EjectedFor beside those of ejections.
const (
	EjectedRefused = "refused" // no connection, or no usable one, comes about
	EjectedCheck   = "check"   // its health check fails
)

// EjectedReasons are all that EjectedFor may say.
func EjectedReasons() []string {
	list := []string{EjectedRefused, EjectedCheck}
	for r := range reasons {
		list = append(list, r.String())
	}
	return list
}

// EjectedFor says why requests keep away from the instance by the proxy's own judgement; "" where they don't.
func (u *Upstream) EjectedFor() string {
	if r, _, _, is := u.Out(); is {
		return r.String()
	}
	if _, _, is := u.Ejected(); is {
		return EjectedRefused
	}
	for _, w := range u.list() {
		if is, failing, _ := w.Checked(); is && failing {
			return EjectedCheck
		}
	}
	return ""
}

// Connect counts a connection in, unless limit are open already; 0 is no limit. It counts for the instance, over all its ways, as the
// limit is there to spare it. Every Connect that is true is followed by exactly one Disconnect, when the connection has ended or
// did not come about.
func (u *Upstream) Connect(limit int) bool {
	if n := u.conns.Add(1); limit > 0 && int(n) > limit {
		u.conns.Add(-1)
		return false
	}
	return true
}

// Disconnect counts a connection out.
func (u *Upstream) Disconnect() { u.conns.Add(-1) }
