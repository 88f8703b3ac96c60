package proxy

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
)

// latencyBuckets reach from a proxied answer on the same host (0.1 ms) to the default limit for an answer's head (60 s).
var latencyBuckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

// startBuckets are finer around the milliseconds that a start takes, and reach to an application that needs minutes to listen.
var startBuckets = []float64{.001, .002, .003, .004, .005, .0075, .01, .0125, .015, .02, .03, .05, .075, .1, .15, .25, .5, 1, 2.5, 5, 15, 60, 300}

// maxStartAge bounds what counts as a start: past it, clocks or stamps are wrong.
const maxStartAge = time.Hour

// maxServices bounds the label "service": past it, new names are counted together as "other".
const maxServices = 10000

// Metrics is what every listener counts. Make it with NewMetrics. All methods may be called from several goroutines.
type Metrics struct {
	requests                 *prometheus.CounterVec
	duration, latency, start *prometheus.HistogramVec
	retries, connects        *prometheus.CounterVec
	inFlight, tunnels        prometheus.Gauge
	tunnelsTotal, panics     prometheus.Counter
	services                 sync.Map // name -> *ServiceMetrics
	known                    atomic.Int64
}

// ServiceMetrics are one service's series, looked up once per request.
type ServiceMetrics struct {
	name              string
	vec               *prometheus.CounterVec
	codes             [600]atomic.Pointer[codeCounter]
	duration, latency prometheus.Observer
}

type codeCounter struct{ prometheus.Counter }

// NewMetrics makes the metrics and registers them. It panics, as the registry does, when they are registered already.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pointsman_requests_total",
			Help: "Requests answered, by service and status code; the service is empty where no route took the request."}, []string{"service", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pointsman_request_duration_seconds",
			Help: "From a request's head to the end of its answer.", Buckets: latencyBuckets}, []string{"service"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pointsman_upstream_latency_seconds",
			Help: "From a request sent to the head of the instance's answer.", Buckets: latencyBuckets}, []string{"service"}),
		start: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pointsman_start_to_first_answer_seconds",
			Help: "From a container's start to its first proxied answer: part=\"total\", and what it is made of (registered, seen, routable, answered), " +
				"for instances on the same host that were first seen after the first complete view.", Buckets: startBuckets}, []string{"part"}),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pointsman_retries_total",
			Help: "Attempts that followed a failed one, by how that failed."}, []string{"reason"}),
		connects: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pointsman_upstream_connects_total",
			Help: "Connects to instances for requests, by result."}, []string{"result"}),
		inFlight:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "pointsman_requests_in_flight", Help: "Requests being served."}),
		tunnels:      prometheus.NewGauge(prometheus.GaugeOpts{Name: "pointsman_tunnels", Help: "WebSocket connections open."}),
		tunnelsTotal: prometheus.NewCounter(prometheus.CounterOpts{Name: "pointsman_tunnels_total", Help: "WebSocket connections opened."}),
		panics:       prometheus.NewCounter(prometheus.CounterOpts{Name: "pointsman_panics_total", Help: "Requests that ended in a panic of ours."}),
	}
	r.MustRegister(m.requests, m.duration, m.latency, m.start, m.retries, m.connects, m.inFlight, m.tunnels, m.tunnelsTotal, m.panics)
	return m
}

// Service is the series of a service; "" for what no route took.
func (m *Metrics) Service(name string) *ServiceMetrics {
	if s, ok := m.services.Load(name); ok {
		return s.(*ServiceMetrics)
	}
	if m.known.Add(1) > maxServices && name != "other" {
		m.known.Add(-1)
		return m.Service("other")
	}
	s, loaded := m.services.LoadOrStore(name, &ServiceMetrics{name: name, vec: m.requests,
		duration: m.duration.WithLabelValues(name), latency: m.latency.WithLabelValues(name)})
	if loaded {
		m.known.Add(-1)
	}
	return s.(*ServiceMetrics)
}

// Request counts an answered request. A code outside 100 to 599 counts as 0: the client went away before an answer.
func (s *ServiceMetrics) Request(code int, d time.Duration) {
	if code < 100 || code >= len(s.codes) {
		code = 0
	}
	c := s.codes[code].Load()
	if c == nil {
		c = &codeCounter{s.vec.WithLabelValues(s.name, strconv.Itoa(code))}
		s.codes[code].Store(c)
	}
	c.Inc()
	if code == 101 { // the life of a tunnel is no duration of a request
		return
	}
	s.duration.Observe(d.Seconds())
}

// Answer notes the time from a request sent to the head of its answer.
func (s *ServiceMetrics) Answer(d time.Duration) { s.latency.Observe(d.Seconds()) }

// Begin counts a request in, End out.
func (m *Metrics) Begin() { m.inFlight.Inc() }

// End counts a request out.
func (m *Metrics) End() { m.inFlight.Dec() }

// Retry counts an attempt that followed a failed one.
func (m *Metrics) Retry(f Failure) { m.retries.WithLabelValues(f.String()).Inc() }

// Connect counts a connect by its result: ok, refused, timeout, error or closed (accepted, then closed before use).
func (m *Metrics) Connect(result string) { m.connects.WithLabelValues(result).Inc() }

// TunnelOpened and TunnelClosed count websockets.
func (m *Metrics) TunnelOpened() { m.tunnels.Inc(); m.tunnelsTotal.Inc() }

// TunnelClosed is called once for each TunnelOpened.
func (m *Metrics) TunnelClosed() { m.tunnels.Dec() }

// Panic counts a request that ended in a panic.
func (m *Metrics) Panic() { m.panics.Inc() }

// FirstAnswer notes an instance's first answer ever, once per Upstream, as ObserveAnswer says. Only instances that came after the
// first complete view on this host count: other clocks, and starts that nobody watched, say nothing.
func (m *Metrics) FirstAnswer(i *discovery.Instance, u *balancer.Upstream, now time.Time) {
	total := now.Sub(i.Started)
	if !i.Marked || !i.SinceStart || !i.Local || i.Started.IsZero() || total < 0 || total > maxStartAge {
		return
	}
	m.start.WithLabelValues("total").Observe(total.Seconds())
	from := i.Started
	for _, part := range [...]struct {
		name string
		at   time.Time
	}{{"registered", i.Sent}, {"seen", i.Seen}, {"routable", u.Routable()}, {"answered", now}} {
		if part.at.IsZero() {
			continue
		}
		m.start.WithLabelValues(part.name).Observe(max(0, part.at.Sub(from).Seconds()))
		from = part.at
	}
}
