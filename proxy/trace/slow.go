package trace

import (
	"time"

	"github.com/rs/zerolog"
)

// line logs a slow request: where its time went, attempt by attempt.
func (t *Tracer) line(r *Request) {
	l := t.log.Warn().Str("service", r.Service).Str("method", r.Method).Str("host", r.Host).Str("path", r.Path).Str("request_id", r.RequestID).
		Int("status", r.Status).Float64("seconds", r.Took().Seconds())
	if r.Outcome != "" {
		l.Str("outcome", r.Outcome)
	}
	if r.Sampled {
		l.Hex("trace_id", r.Trace[:])
	}
	if n := t.counts.omitted.Load(); n > 0 {
		l.Uint64("unlogged", n) // since the start, as the metric
	}
	list := zerolog.Arr()
	for i := range r.Attempts {
		list.Object(&r.Attempts[i])
	}
	if r.More > 0 {
		l.Int("more_attempts", r.More)
	}
	l.Array("attempts", list).Msg("a request was slow")
}

// MarshalZerologObject is zerolog.LogObjectMarshaler's.
func (a *Attempt) MarshalZerologObject(e *zerolog.Event) {
	e.Str("service", a.Service).Str("instance", a.Upstream)
	if a.Instance != "" {
		e.Str("id", a.Instance)
	}
	if a.Container != "" {
		e.Str("container", a.Container[:min(len(a.Container), 12)]) // as "docker ps" shows it
	}
	part := func(name string, from, to time.Time) {
		if !from.IsZero() && !to.IsZero() {
			e.Float64(name, max(0, to.Sub(from).Seconds()))
		}
	}
	if a.Kept {
		e.Str("connection", "kept")
	} else {
		part("connect_seconds", a.Begun, a.Sent)
	}
	part("header_seconds", a.Sent, a.Head)
	part("seconds", a.Begun, a.Ended)
	if a.Status > 0 {
		e.Int("status", a.Status)
	}
	if a.Failure != "" {
		e.Str("failed", a.Failure)
	}
}
