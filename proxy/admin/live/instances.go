package live

import (
	"bytes"
	"math"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/proxy/routing"
)

// The states of an instance.
const (
	StateRegistered  = "registered"  // in the catalogue, and not healthy yet
	StateCritical    = "critical"    // not healthy any more
	StateMaintenance = "maintenance" // set aside by an operator
	StateDrained     = "drained"     // it gets no new requests, as somebody asked for that
	StateUnusable    = "unusable"    // no HTTP server, or at an address that is not dialled
	StateEjected     = "ejected"     // left alone by the proxy's own judgement
	StateReady       = "ready"       // healthy; it has not answered a request yet
	StateServing     = "serving"     // it has
)

// instanceView is an instance. Its figures are absent until it has been looked at for a second.
type instanceView struct {
	State        string     `json:"state"`
	EjectedFor   string     `json:"ejected_for,omitempty"`
	EjectedUntil string     `json:"ejected_until,omitempty"`
	Rate         float64    `json:"rate"`
	Errors       float64    `json:"errors"`
	Latency      float64    `json:"latency_ms"` // a moving average; 0 until the first answer
	InFlight     int64      `json:"in_flight"`
	Share        *float64   `json:"share,omitempty"` // of the service's requests over the last seconds; absent where there were none
	Steps        *stepsView `json:"steps,omitempty"`
}

// stepsView is how an instance came: milliseconds from the start of its container or, where that is not known, from when it was first seen. What has
// not happened, or is not known, is absent.
type stepsView struct {
	Began      string   `json:"began"`
	Before     bool     `json:"before,omitempty"` // it was there before this process: the steps after registered say nothing
	Registered *float64 `json:"registered_ms,omitempty"`
	Seen       *float64 `json:"seen_ms,omitempty"`
	Routable   *float64 `json:"routable_ms,omitempty"`
	Answered   *float64 `json:"answered_ms,omitempty"`
}

// shareTime is how far back a share looks, about: an average over fewer requests would jump.
const shareTime = 5 * time.Second

// shares is who got how much of a service's requests lately.
type shares struct {
	of    map[*balancer.Upstream]*track
	total float64
}

// track is what one instance was asked.
type track struct {
	good, bad    int64   // since ever
	rate, errors float64 // in the last second
	recent       float64 // fades with shareTime
	seen         bool
}

// follow brings the shares up to date: instances that have gone go.
func (s *shares) follow(t *routing.Table, name string, span float64, first bool) {
	fade := math.Exp(-span / shareTime.Seconds())
	for _, k := range s.of {
		k.seen = false
	}
	s.total = 0
	list, _ := t.Standings(name)
	for x := range list {
		u := x.Upstream
		if u == nil || s.of[u] != nil && s.of[u].seen {
			continue
		}
		a := u.Attempts()
		good, bad := a.Good, a.Bad+a.Failed
		k := s.of[u]
		if k == nil {
			k = &track{good: good, bad: bad}
			s.of[u] = k
		}
		k.seen = true
		if !first {
			now := float64(good - k.good + bad - k.bad)
			k.rate, k.errors, k.recent = now/span, float64(bad-k.bad)/span, k.recent*fade+now
		}
		k.good, k.bad = good, bad
		s.total += k.recent
	}
	for u, k := range s.of {
		if !k.seen {
			delete(s.of, u)
		}
	}
}

// instances reads the services of which instances are shown, and encodes these.
func (r *reading) instances(t *routing.Table, all wishes, now time.Time, span float64, first bool) map[detail][]byte {
	out := map[detail][]byte{}
	kept := map[string]*shares{}
	for name, offsets := range all.details {
		if _, ok := t.Standings(name); !ok {
			continue
		}
		s := r.shares[name]
		begun := s != nil
		if !begun {
			s = &shares{of: map[*balancer.Upstream]*track{}}
		}
		kept[name] = s
		s.follow(t, name, span, first || !begun)
		for offset := range offsets {
			out[detail{name, offset}] = s.page(t, name, offset, now)
		}
	}
	r.shares = kept
	return out
}

// page encodes some of a service's instances.
func (s *shares) page(t *routing.Table, name string, offset int, now time.Time) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	at, ids := 0, map[string]bool{}
	list, _ := t.Standings(name)
	for x := range list {
		if at++; at <= offset {
			continue
		}
		if at > offset+MostInstances {
			break
		}
		id := Key(x.Instance, ids)
		if len(ids) > 1 {
			b.WriteByte(',')
		}
		b.Write(encoded(id))
		b.WriteByte(':')
		b.Write(encoded(s.view(x)))
	}
	b.WriteByte('}')
	return b.Bytes()
}

// mostKey bounds what an instance is called, in bytes, as in the lists of the API.
const mostKey = 256

// Key is what an instance is called: its id, with the node's name where there is another one of the id among taken, which it joins.
func Key(in *discovery.Instance, taken map[string]bool) string {
	id := in.ID
	if taken[id] {
		id += "@" + in.Node
	}
	taken[id] = true
	return outside.Clip(id, mostKey)
}

func (s *shares) view(x routing.Standing) instanceView {
	u := x.Upstream
	v := instanceView{State: stateOf(x), Steps: stepsOf(x)}
	if u == nil {
		return v
	}
	if v.State == StateEjected {
		v.EjectedFor = u.EjectedFor()
		if until := ejectedUntil(u); !until.IsZero() {
			v.EjectedUntil = until.UTC().Format(milliseconds)
		}
	}
	v.InFlight, v.Latency = u.InFlight(), inMilliseconds(u.Latency())
	if k := s.of[u]; k != nil {
		v.Rate, v.Errors = rounded(k.rate), rounded(k.errors)
		if s.total >= 1 {
			share := rounded(k.recent / s.total)
			v.Share = &share
		}
	}
	return v
}

func ejectedUntil(u *balancer.Upstream) time.Time {
	if _, until, _, is := u.Out(); is {
		return until
	}
	until, _, _ := u.Ejected()
	return until
}

func stateOf(x routing.Standing) string {
	u := x.Upstream
	switch {
	case !x.Draining.IsZero():
		return StateDrained
	case x.Status == discovery.Maintenance:
		return StateMaintenance
	case !x.Usable() && u == nil && x.SinceStart:
		return StateRegistered
	case !x.Usable():
		return StateCritical
	case u == nil:
		return StateUnusable
	case u.EjectedFor() != "":
		return StateEjected
	case u.Answered():
		return StateServing
	}
	return StateReady
}

// stepsOf is how an instance came; nil where nothing is known.
func stepsOf(x routing.Standing) *stepsView {
	began := x.Started
	if began.IsZero() {
		began = x.Seen
	}
	if began.IsZero() {
		return nil
	}
	v := &stepsView{Began: began.UTC().Format(milliseconds), Before: !x.SinceStart}
	since := func(at time.Time) *float64 {
		if at.IsZero() || at.Before(began) {
			return nil
		}
		ms := inMilliseconds(at.Sub(began))
		return &ms
	}
	v.Registered = since(x.Sent)
	if v.Before {
		return v
	}
	v.Seen = since(x.Seen)
	if x.Upstream != nil {
		v.Routable, v.Answered = since(x.Upstream.Routable()), since(x.Upstream.FirstAnswer())
	}
	return v
}
