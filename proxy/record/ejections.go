package record

import (
	"slices"
	"sync"
	"time"

	"github.com/pointsman/pointsman/balancer"
)

// Ejection is one that took place, or would have, with its evidence; or the end of one.
type Ejection struct {
	At                time.Time
	Service, Instance string
	balancer.Ejection
	Ended bool // the instance is back; there is no evidence
}

// keptEjections is how many are kept for those who ask afterwards.
const keptEjections = 256

// ejections are the last ones, and how many there were. The zero value is ready, and safe for concurrent use.
type ejections struct {
	mu      sync.Mutex
	last    []Ejection // a ring
	next    int
	tell    func(Ejection)
	carried map[string]uint64 // by reason
	shadows map[string]uint64
}

func (e *ejections) add(one Ejection) {
	if e.tell != nil {
		e.tell(one)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.last) < keptEjections {
		e.last = append(e.last, one)
	} else {
		e.last[e.next] = one
	}
	e.next = (e.next + 1) % keptEjections
	if one.Ended {
		return
	}
	if e.carried == nil {
		e.carried, e.shadows = make(map[string]uint64), make(map[string]uint64)
	}
	if one.Shadow {
		e.shadows[one.Reason.String()]++
	} else {
		e.carried[one.Reason.String()]++
	}
}

// TellEjections has f told of each ejection and each end of one, by whoever counts it: f must not block. Call it before anything is counted.
func (m *Metrics) TellEjections(f func(Ejection)) { m.ejections.tell = f }

// counts calls f for each reason and its number.
func (e *ejections) counts(f func(reason string, shadow bool, n uint64)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for reason, n := range e.carried {
		f(reason, false, n)
	}
	for reason, n := range e.shadows {
		f(reason, true, n)
	}
}

// Ejections are the last ones, the latest first.
func (m *Metrics) Ejections() []Ejection {
	e := &m.ejections
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]Ejection, 0, len(e.last))
	for i := range e.last {
		out = append(out, e.last[(e.next-1-i+2*keptEjections)%keptEjections])
	}
	return slices.Clip(out)
}

// Ejected counts, keeps and logs an ejection.
func (r *Recorder) Ejected(u *balancer.Upstream, e balancer.Ejection, now time.Time) {
	r.metrics.ejections.add(Ejection{At: now, Service: u.Service(), Instance: u.Address(), Ejection: e})
	why := "it does worse than the others"
	if e.Reason == balancer.ReasonMaxFails {
		why = "it has failed as often as max-fails says"
	}
	line, text := r.log.Warn(), "an instance is ejected: "+why
	if e.Shadow {
		line, text = r.log.Info(), "an instance would be ejected: "+why
	}
	about(line, u).Stringer("reason", e.Reason).Int("failed", e.Failed).Int64("answered", e.Good).
		Int("clients", e.Clients).Int("others", e.Others).Float64("others_failed", e.OthersShare).Dur("for_ms", e.For).Int("times", e.Times).
		Bool("trial", e.Trial).Msg(text)
}

// Returned keeps the end of an ejection.
func (m *Metrics) Returned(u *balancer.Upstream, now time.Time) {
	m.ejections.add(Ejection{At: now, Service: u.Service(), Instance: u.Address(), Ended: true})
}

// Returned keeps and logs the end of an ejection.
func (r *Recorder) Returned(u *balancer.Upstream, now time.Time) {
	r.metrics.Returned(u, now)
	about(r.log.Info(), u).Msg("an ejected instance is back")
}
