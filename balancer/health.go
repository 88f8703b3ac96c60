package balancer

import (
	"sync"
	"sync/atomic"
	"time"
)

// health is what was learnt over one way: whether it is ejected, for how long, and how far it can be trusted.
type health struct {
	// Each request reads these; few change them.
	answered     atomic.Bool
	settled      atomic.Bool
	ejected      atomic.Bool
	keeps        atomic.Bool  // it has answered without ending the connection
	broken       atomic.Int32 // fresh connections in a row that closed on a request
	leavingUntil atomic.Int64 // unix nanoseconds until which it counts as leaving; 0 = it does not
	ramp

	mu       sync.Mutex // guards what follows, and every change of ejected
	failures int        // in a row
	since    time.Time  // of the first of them
	until    time.Time
	last     fault
}

// fault is how a way failed: it decides how soon it is tried again, and what brings it back.
type fault uint8

const (
	faultRefused    fault = iota // no connection came about
	faultClosed                  // a connection was accepted, and closed without an answer
	faultHandshake               // a connection came about, and TLS did not
	faultUnprompted              // a connection was accepted, and brought bytes that nobody asked for
)

// Answered says whether the instance has ever sent a byte of an answer over this way.
func (h *health) Answered() bool { return h.answered.Load() }

// Settled says whether the instance has answered, or a bare connection to it stayed open. What cannot be replayed prefers
// settled instances: a connect through a published port succeeds before the application listens.
func (h *health) Settled() bool { return h.answered.Load() || h.settled.Load() }

// leavingTime is how long an instance counts as leaving after its last Connection: close. By then the catalogue has been told, or the
// field meant something else (a server that ends each connection after so many requests).
const leavingTime = time.Second

// ObserveKeep notes whether an answer let its connection live on. An instance that did so before and now sends
// Connection: close (RFC 9112 section 9.6) is most likely stopping: applications send it for as long as they still serve.
func (h *health) ObserveKeep(kept bool, now time.Time) {
	switch {
	case !kept && h.keeps.Load():
		h.leavingUntil.Store(now.Add(leavingTime).UnixNano())
	case kept && !h.keeps.Load():
		h.keeps.Store(true)
	case kept && h.leavingUntil.Load() != 0:
		h.leavingUntil.Store(0)
	}
}

// Leaving says whether the instance has sent Connection: close a moment ago. What cannot be replayed then goes to others while there
// are any: the news of a stop may take longer through the catalogue than the application goes on serving.
func (h *health) Leaving() bool {
	until := h.leavingUntil.Load()
	return until != 0 && time.Now().UnixNano() < until
}

// ObserveAnswer notes that an answer's head came d after the request was sent; loop is as for Acquire. It ends an ejection and its
// back-off. First is true exactly once in the life of an Upstream, over all its ways.
func (w *Way) ObserveAnswer(loop uint, d time.Duration) (first bool) {
	w.upstream.cells[loop%cells].observe(d)
	if w.answered.Load() && !w.ejected.Load() {
		return false
	}
	w.mu.Lock()
	w.answered.Store(true)
	w.failures, w.since, w.until = 0, time.Time{}, time.Time{}
	w.back()
	w.mu.Unlock()
	return w.upstream.answered.CompareAndSwap(false, true)
}

// ObserveRefused notes that no connection came about: the connect was refused or timed out. The way is ejected for its back-off, and
// the Reviver, if there is one, brings it back. While it is ejected already, further refusals (of requests that were on their
// way) change nothing.
func (w *Way) ObserveRefused(now time.Time) { w.observeFailure(now, faultRefused) }

// ObserveHandshake notes that a connection came about, and the TLS handshake over it failed, otherwise than by its end (HandshakeCut). The
// instance is there and does not do what is asked of it: the way is ejected for the back-off of what is broken, and a handshake
// brings it back.
func (w *Way) ObserveHandshake(now time.Time) { w.observeFailure(now, faultHandshake) }

// ObserveClosed notes that a connection was accepted and then closed without an answer, as a published port does before the
// application listens. It is ObserveRefused, but from now on accepting alone does not bring the way back.
func (w *Way) ObserveClosed(now time.Time) { w.observeFailure(now, faultClosed) }

// ObserveUnprompted notes that a fresh connection brought bytes before a request was sent, from an instance that has never answered: whatever it
// is, it is no HTTP server. The way is ejected, and a bare connection that stays silent brings it back.
func (w *Way) ObserveUnprompted(now time.Time) { w.observeFailure(now, faultUnprompted) }

func (w *Way) observeFailure(now time.Time, f fault) {
	w.mu.Lock()
	if w.ejected.Load() {
		w.mu.Unlock()
		return
	}
	w.eject(now, f)
	w.mu.Unlock()
	w.ask()
}

// brokenLimit is how many fresh connections in a row may close on a request before the way is ejected: fewer could be requests that
// break the instance, and these must not empty a route.
const brokenLimit = 3

// ObserveBroken notes that a fresh connection closed on a request, without a byte of an answer. An instance that has never answered is
// most likely not there yet, and its way is ejected at once.
func (w *Way) ObserveBroken(now time.Time) {
	if w.broken.Add(1) >= brokenLimit || !w.answered.Load() {
		w.ObserveClosed(now)
	}
}

// ObserveWhole notes that a fresh connection brought an answer.
func (h *health) ObserveWhole() {
	if h.broken.Load() != 0 {
		h.broken.Store(0)
	}
}

// accepted brings back at once what refused before and now accepts: its application listens, and every millisecond counts for
// who waits for a start. One that accepted too early, or spoke, must prove itself first. What cannot be replayed waits for the proof in
// any case, until the instance is settled.
func (h *health) accepted() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last != faultClosed && h.last != faultUnprompted {
		h.back()
	}
}

// unprompted says whether it was ejected since it spoke first.
func (h *health) unprompted() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last == faultUnprompted
}

// proved brings it back. The count of failures stays until an answer clears it: who accepts and then fails again waits longer.
func (h *health) proved() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.back()
}

// back ends an ejection, if there is one. It needs mu.
func (h *health) back() {
	if h.ejected.Swap(false) {
		h.Return(time.Now(), 0)
	}
}

// failed ejects it for another while.
func (h *health) failed(now time.Time, f fault) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.eject(now, f)
}
