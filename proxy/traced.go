package proxy

import (
	"strings"
	"time"

	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/routing"
	"github.com/pointsman/pointsman/proxy/trace"
)

// Where slow requests are logged, or requests traced, an Exchange notes when what happened to its attempts. Times are asked of the system: an
// event loop's stands still for a turn. Where neither is asked for, nothing here is reached.

// maxTimed is how many attempts of a request are told apart; the rules allow three by default, and a dead service costs a few more.
const maxTimed = 8

// timeline is when what happened to a request. It is made for the first request of an Exchange that needs one, and used again.
type timeline struct {
	trace.Context
	sampled  bool
	timed    bool // the times of attempts are wanted
	replaces bool // traceparent goes to instances as ours says, and not as it came
	restarts bool // it came in a form that can't be read: what belongs to it does not go on either
	attempts [maxTimed]timedAttempt
	n, more  int
}

// timedAttempt is one attempt.
type timedAttempt struct {
	member                   *routing.Member
	span                     trace.SpanID
	begun, sent, head, ended time.Time
	status                   int16
	kept, failed             bool
	failure                  Failure
}

// beginTimeline decides, after the request's own address is known, what is told of it.
func (x *Exchange) beginTimeline() {
	t := x.scope.common.Tracer
	var parent trace.Context
	has, restarts, sampled := false, false, false
	if t.Traces() {
		parent, has, restarts = x.parent()
	}
	c := parent
	if t.Traces() {
		c, sampled = t.Begin(parent, has, x.Client.trusted)
	}
	if !sampled && !t.Times() && has { // it goes through as it came
		return
	}
	if x.spare == nil {
		x.spare = new(timeline)
	}
	l := x.spare
	l.Context, l.sampled, l.restarts, l.n, l.more = c, sampled, restarts, 0, 0
	l.timed, l.replaces = sampled || t.Times(), t.Traces() && (sampled || !has)
	x.timeline = l
}

// parent is the trace context that the request came with. restarts says that there is one that can't be read, or several: the trace begins here
// then (Trace Context section 3.2.2.3).
func (x *Exchange) parent() (c trace.Context, has, restarts bool) {
	for i := range x.Request.Fields {
		f := &x.Request.Fields[i]
		if !isTraceparent(f.Name) {
			continue
		}
		if has || restarts {
			return trace.Context{}, false, true
		}
		c, has = trace.ParseTraceparent(f.Value)
		restarts = !has
	}
	return c, has, restarts
}

func isTraceparent(name string) bool {
	return len(name) == len("traceparent") && strings.EqualFold(name, "traceparent")
}

// withholds says whether a field of the request that says where it stands in a trace does not go on as it came.
func (l *timeline) withholds(name string) bool {
	return l.replaces && isTraceparent(name) || l.restarts && len(name) == len("tracestate") && strings.EqualFold(name, "tracestate")
}

// appendTraceparent appends where the attempt stands in the trace, unless the route's line drops the field.
func (x *Exchange) appendTraceparent(dst []byte) []byte {
	l := x.timeline
	if !l.replaces || x.RequestChanges().Drops("traceparent") {
		return dst
	}
	span := l.Span
	if a := l.open(); a != nil && l.sampled {
		span = a.span
	}
	return append(l.AppendTraceparent(append(dst, "traceparent: "...), span), "\r\n"...)
}

// open is the attempt that is under way, nil without one.
func (l *timeline) open() *timedAttempt {
	if l.n == 0 || l.more > 0 || !l.attempts[l.n-1].ended.IsZero() {
		return nil
	}
	return &l.attempts[l.n-1]
}

// beginAttempt notes that an instance was chosen.
func (l *timeline) beginAttempt(m *routing.Member) {
	switch {
	case !l.timed:
		return
	case l.n == maxTimed:
		l.more++
		return
	}
	a := &l.attempts[l.n]
	l.n++
	*a = timedAttempt{member: m, begun: time.Now()}
	if l.sampled {
		a.span = trace.NewSpanID()
	}
}

// sent notes that the request's head goes out.
func (l *timeline) sent() {
	if a := l.open(); a != nil && a.sent.IsZero() { // it is made again where a cut answer is judged
		a.sent = time.Now()
	}
}

// answered notes the head of an answer, whether or not the client gets it.
func (l *timeline) answered(status int, kept bool) {
	if a := l.open(); a != nil {
		a.head, a.status, a.kept = time.Now(), int16(status), kept
	}
}

// attemptFailed notes that the attempt has failed.
func (l *timeline) attemptFailed(f Failure, kept bool) {
	if a := l.open(); a != nil {
		a.ended, a.kept, a.failed, a.failure = time.Now(), kept, true, f
	}
}

// endTimeline tells of the request, where it was slow or is sampled. A tunnel is not slow, however long it lasts.
func (x *Exchange) endTimeline(now time.Time) {
	l, t := x.timeline, x.scope.common.Tracer
	x.timeline = nil
	slow := x.Status != switching && t.Slow(now.Sub(x.begun))
	if !slow && !l.sampled {
		return
	}
	out := &trace.Request{Context: l.Context, Sampled: l.sampled, Begun: x.begun, Ended: now,
		Method: trace.Clip(x.Request.Method), Scheme: x.Origin.proto, Host: trace.Clip(x.Request.Host), Path: trace.Clip(x.Target.Path), Proto: x.proto(),
		UserAgent: trace.Clip(x.field(http1.UserAgent)), Client: x.Origin.Client, From: x.Client.addr, Service: x.service(), RequestID: strings.Clone(x.Origin.ID),
		Status: x.Status, More: l.more, Attempts: make([]trace.Attempt, l.n)}
	if l.sampled && !l.restarts {
		out.State = trace.Clip(x.requestField("Tracestate"))
	}
	if x.Route != nil {
		out.Route = trace.Clip(x.Route.Host + x.Route.Path)
	}
	if x.Outcome != OutcomeForwarded {
		out.Outcome = x.Outcome.String()
	}
	for i := range l.attempts[:l.n] {
		a := &l.attempts[i]
		if a.ended.IsZero() {
			a.ended = now
		}
		a.tell(&out.Attempts[i], x.Target.Path)
		out.Ended = later(out.Ended, out.Attempts[i].Ended)
	}
	t.Finish(out, slow)
}

// field is the first field of the request that is known so; "" without one.
func (x *Exchange) field(k http1.Known) string {
	for i := range x.Request.Fields {
		if f := &x.Request.Fields[i]; f.Known() == k {
			return f.Value
		}
	}
	return ""
}

// later is the later one of two times: a loop's own may be some milliseconds old.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// tell makes the attempt, at a path that the client asked for, one of plain values.
func (a *timedAttempt) tell(to *trace.Attempt, path string) {
	u := a.member.Upstream
	*to = trace.Attempt{Span: a.span, Begun: a.begun, Sent: a.sent, Head: a.head, Ended: later(a.ended, later(a.head, a.sent)),
		Service: u.Service(), Upstream: u.Address(), Kept: a.kept, Status: int(a.status)}
	if i := a.member.Instance; i != nil {
		to.Instance, to.Container = trace.Clip(i.ID), trace.Clip(i.Container)
	}
	scheme, host := "http://", to.Upstream
	if a.member.Way.TLS() != nil {
		scheme = "https://"
	}
	if _, socket := outside.Socket(host); socket {
		host = "localhost"
	}
	to.URL = scheme + host + trace.Clip(string(a.member.Rule.Options.AppendPath(nil, path)))
	if a.failed {
		to.Failure = a.failure.String()
	}
}
