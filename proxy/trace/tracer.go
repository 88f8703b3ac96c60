package trace

import (
	"context"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/time/rate"
)

// Options say what is told of requests.
type Options struct {
	// Slow is from how long on a request is logged; 0 logs none.
	Slow time.Duration
	// Spans says that somebody takes them, see Tracer.Take. Without it no request is sampled, and trace context goes through untouched.
	Spans bool
	// Sample is the share of the requests that is sampled, of those that begin a trace: from 0 to 1.
	Sample float64
	Log    zerolog.Logger
}

const (
	// mostWaiting bounds the requests that wait for who takes their spans: about 4 MiB.
	mostWaiting = 2048
	// mostSlow bounds those that wait for the log.
	mostSlow = 64
	// slowRate and slowBurst bound the lines of slow requests: where all are slow, some tell enough, and the rest is counted.
	slowRate, slowBurst = 10, 50
	// askedRate bounds how many requests a second are sampled because a client asked for it: who is not trusted must not choose what
	// tracing costs.
	askedRate = 500
)

// Tracer decides what is told of which request, and keeps it for a moment. Make it with New; nil tells nothing. All methods may be called
// from several goroutines.
type Tracer struct {
	slow   time.Duration
	spans  bool
	below  uint64 // a random number below it samples
	log    zerolog.Logger
	asked  *rate.Limiter
	pace   *rate.Limiter
	lines  chan *Request
	queue  chan *Request
	hurry  chan struct{}
	counts counts
}

// counts are what became of requests.
type counts struct{ slow, omitted, unheard, crowded, refused, failed, sent atomic.Uint64 }

// New makes a Tracer, or nil where nothing is to be told.
func New(o Options) *Tracer {
	if o.Slow <= 0 && !o.Spans {
		return nil
	}
	t := &Tracer{slow: o.Slow, spans: o.Spans, log: o.Log, asked: rate.NewLimiter(askedRate, askedRate), pace: rate.NewLimiter(slowRate, slowBurst),
		lines: make(chan *Request, mostSlow), queue: make(chan *Request, mostWaiting), hurry: make(chan struct{}, 1)}
	if o.Sample >= 1 {
		t.below = math.MaxUint64
	} else if o.Sample > 0 {
		t.below = uint64(o.Sample * math.MaxUint64)
	}
	return t
}

// Times says whether the times of every request are wanted, as each may turn out to be slow.
func (t *Tracer) Times() bool { return t.slow > 0 }

// Traces says whether requests have a trace context of ours.
func (t *Tracer) Traces() bool { return t.spans }

// Begin is the context of a request, and whether it is sampled: what its parent says decides, and where it has none the share. trusted says
// that the parent is one whose word counts however often it is given.
func (t *Tracer) Begin(parent Context, hasParent, trusted bool) (c Context, sampled bool) {
	if !hasParent {
		sampled = t.below > 0 && rand.Uint64() <= t.below
		return newTrace(sampled), sampled
	}
	if !parent.Asks() {
		return parent, false
	}
	if !trusted && !t.asked.Allow() {
		t.counts.unheard.Add(1)
		return parent, false
	}
	parent.Span = NewSpanID()
	return parent, true
}

// Slow says whether a request that took so long is to be logged now, and counts it.
func (t *Tracer) Slow(took time.Duration) bool {
	if t.slow <= 0 || took < t.slow {
		return false
	}
	t.counts.slow.Add(1)
	if !t.pace.Allow() {
		t.counts.omitted.Add(1)
		return false
	}
	return true
}

// Finish takes a request that is sampled, or that Slow said is to be logged. It never waits.
func (t *Tracer) Finish(r *Request, slow bool) {
	if slow {
		select {
		case t.lines <- r:
		default:
			t.counts.omitted.Add(1)
		}
	}
	if !r.Sampled {
		return
	}
	select {
	case t.queue <- r: // nobody waits at the other end, so that nobody is woken
	default:
		t.counts.crowded.Add(1)
	}
	if len(t.queue) > mostWaiting/2 {
		select {
		case t.hurry <- struct{}{}:
		default:
		}
	}
}

// Run logs slow requests until ctx ends. It always returns nil.
func (t *Tracer) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case r := <-t.lines:
			t.line(r)
		}
	}
}

// Hurry is ready where so much waits that it should be taken at once.
func (t *Tracer) Hurry() <-chan struct{} { return t.hurry }

// Take appends what waits to a list, up to most in all.
func (t *Tracer) Take(list []*Request, most int) []*Request {
	for len(list) < most {
		select {
		case r := <-t.queue:
			list = append(list, r)
		default:
			return list
		}
	}
	return list
}

// Sent counts spans that the collector has taken, Refused those that it did not want, and Failed those that it could not be given.
func (t *Tracer) Sent(spans int)    { t.counts.sent.Add(uint64(spans)) }
func (t *Tracer) Refused(spans int) { t.counts.refused.Add(uint64(spans)) }
func (t *Tracer) Failed(spans int)  { t.counts.failed.Add(uint64(spans)) }

// Register registers the Tracer's metrics. It panics, as the registry does, when they are registered already.
func (t *Tracer) Register(r prometheus.Registerer) {
	counter := func(name, help string, of *atomic.Uint64, labels prometheus.Labels) {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "pointsman_" + name, Help: help, ConstLabels: labels},
			func() float64 { return float64(of.Load()) }))
	}
	if t.slow > 0 {
		counter("slow_requests_total", "Requests that took longer than -slow.", &t.counts.slow, nil)
		counter("slow_requests_unlogged_total", "Slow requests without a line in the log, as there were too many.", &t.counts.omitted, nil)
	}
	if !t.spans {
		return
	}
	counter("trace_spans_sent_total", "Spans that the OpenTelemetry collector has taken.", &t.counts.sent, nil)
	const spans = "Spans that were lost, by why: refused by the collector, or failed, as it could not be reached."
	counter("trace_spans_dropped_total", spans, &t.counts.refused, prometheus.Labels{"reason": "refused"})
	counter("trace_spans_dropped_total", spans, &t.counts.failed, prometheus.Labels{"reason": "failed"})
	const requests = "Requests that were to be traced and are not, by why: queue, as the collector is too slow, or rate, as clients asked too often."
	counter("trace_requests_dropped_total", requests, &t.counts.crowded, prometheus.Labels{"reason": "queue"})
	counter("trace_requests_dropped_total", requests, &t.counts.unheard, prometheus.Labels{"reason": "rate"})
}
